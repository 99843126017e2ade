"""Read the query of ``GET /usage``."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ringback.domain.client_keys import Scope
from ringback.domain.cursors import CURSOR, WRONG, Cursors, refuse
from ringback.domain.errors import FieldError, MissingScope
from ringback.domain.job_ids import PATTERN, first_since
from ringback.domain.jobs import JobId
from ringback.domain.moments import FORM, moment_in, range_errors
from ringback.domain.suggestions import listed, unknown_parameters
from ringback.domain.usage import CLIENT, GROUPS

PARAMETERS: Final = ("from", "to", "by", CURSOR)
# In characters, more than any has.
_ANY_CLIENT: Final = r"[^\0]{1,300}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageQuery:
    """Jobs from ``since`` to before ``until``, with ids from ``first`` to before ``end``.

    ``position`` is the one of the cursor.
    """

    client: str
    cursors: Cursors
    by: str
    since: datetime
    until: datetime | None
    first: JobId
    end: JobId | None
    position: Sequence[str] = ()

    @property
    def all_clients(self) -> bool:
        return self.by == CLIENT

    def covers(self, job_id: JobId) -> bool:
        return self.first <= job_id and (self.end is None or job_id < self.end)


def read_usage_query(
    query: Mapping[str, str], *, client: str, scopes: Collection[str]
) -> UsageQuery:
    """Return what is asked for.

    Raises ``InvalidRequest``, which names all that is wrong, ``WrongCursor``, or ``MissingScope``
    if the usage of all clients is asked for without the scope for it.
    """
    asked = {name: text for name, text in query.items() if name != CURSOR}
    cursors, by = Cursors(client, asked), query.get("by", "day")
    errors = unknown_parameters(query, PARAMETERS)
    if "from" not in query:
        errors.append(FieldError("from", f"required; {FORM}"))
    moments = {name: moment_in(query[name]) for name in ("from", "to") if name in query}
    errors += [FieldError(name, FORM) for name, moment in moments.items() if moment is None]
    errors += range_errors(moments.get("from"), moments.get("to"))
    if by not in GROUPS:
        errors.append(FieldError("by", f"must be {listed([*GROUPS], 'or')}"))
    forms = (_ANY_CLIENT, PATTERN) if by == CLIENT else (PATTERN,)
    position = cursors.position_in(query[CURSOR], *forms) if CURSOR in query else ()
    if position is None:
        errors.append(WRONG)
    since = moments.get("from")
    if errors or since is None or position is None:
        refuse(errors)
    if by == CLIENT and Scope.ADMIN not in scopes:
        raise MissingScope(f"The usage of all clients needs the scope `{Scope.ADMIN}`.")
    until = moments.get("to")
    return UsageQuery(
        client=client,
        cursors=cursors,
        by=by,
        since=since,
        until=until,
        first=first_since(since),
        end=first_since(until) if until else None,
        position=position,
    )
