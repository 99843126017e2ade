"""Read the query of ``GET /jobs``."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ringback.domain.cursors import CURSOR, WRONG, Cursors, refuse
from ringback.domain.errors import FieldError
from ringback.domain.job_filters import JobFilter, tags_of, words_in
from ringback.domain.job_ids import PATTERN, first_since
from ringback.domain.jobs import JobId, JobStatus
from ringback.domain.moments import FORM, moment_in, range_errors
from ringback.domain.suggestions import close_to, did_you_mean, listed, unknown_name
from ringback.domain.tags import tags_in
from ringback.use_cases.dropped_files import key_errors, key_of

MAX_PAGE_SIZE: Final = 99
DEFAULT_PAGE_SIZE: Final = 25
# In characters, of a model and of the words of a prompt.
MAX_TEXT: Final = 200
# What does not change which jobs a list has.
_OF_A_PAGE: Final = frozenset({CURSOR, "limit", "fields"})
# Tombstones are in no list.
STATES: Final = tuple(status.value for status in JobStatus if status is not JobStatus.DELETED)
_SMALL_NUMBER: Final = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """A page of a list: jobs with ids from ``first`` on and below ``before``, newest first.

    ``source`` is the key of a dropped file, ``fields`` those that are shown, all if it is empty.
    """

    client: str
    cursors: Cursors
    limit: int = DEFAULT_PAGE_SIZE
    source: str = ""
    first: JobId | None = None
    before: JobId | None = None
    filter: JobFilter = field(default_factory=JobFilter)
    fields: frozenset[str] = frozenset()

    def cursor_after(self, job_id: JobId) -> str:
        return self.cursors.after([job_id])


def read_list_query(
    query: Mapping[str, str], *, client: str, known_fields: Collection[str]
) -> ListQuery:
    """Return what is asked for.

    Raises ``InvalidRequest``, which names all that is wrong, or ``WrongCursor``.
    """
    asked = {name: text for name, text in query.items() if name not in _OF_A_PAGE}
    reading = _Reading(Cursors(client, asked), known_fields)
    for name, text in query.items():
        reading.read(name, text)
    return reading.finished(client)


class _Reading:
    """What was read, as fields of ``ListQuery`` and of ``JobFilter``, and what is wrong."""

    def __init__(self, cursors: Cursors, known_fields: Collection[str]) -> None:
        self._cursors, self._known_fields = cursors, known_fields
        self._page, self._filter = dict[str, Any](), dict[str, Any]()
        self._moments = dict[str, datetime]()
        self._errors = list[FieldError]()

    def read(self, name: str, text: str) -> None:
        if name not in PARAMETERS:
            self._wrong(name, unknown_name("parameter", name, PARAMETERS))
        else:
            PARAMETERS[name](self, name, text)

    def finished(self, client: str) -> ListQuery:
        self._errors += range_errors(self._moments.get("from"), self._moments.get("to"))
        if self._errors:
            refuse(self._errors)
        ends = (self._page.pop("before", None), self._page.pop("end", None))
        return ListQuery(
            client=client,
            cursors=self._cursors,
            before=min(filter(None, ends), default=None),
            filter=JobFilter(**self._filter),
            **self._page,
        )

    def _wrong(self, name: str, message: str) -> None:
        self._errors.append(FieldError(name, message))

    def limit(self, name: str, text: str) -> None:
        if _SMALL_NUMBER.fullmatch(text) and 1 <= int(text) <= MAX_PAGE_SIZE:
            self._page["limit"] = int(text)
        else:
            self._wrong(name, f"must be a whole number from 1 to {MAX_PAGE_SIZE}")

    def cursor(self, _: str, text: str) -> None:
        if position := self._cursors.position_in(text, PATTERN):
            self._page["before"] = JobId(position[0])
        else:
            self._errors.append(WRONG)

    def source(self, _: str, text: str) -> None:
        self._page["source"] = key_of(text)
        self._errors += key_errors(key_of(text))

    def since(self, name: str, text: str) -> None:
        self._moment(name, text, "first")

    def until(self, name: str, text: str) -> None:
        self._moment(name, text, "end")

    def _moment(self, name: str, text: str, of_page: str) -> None:
        if moment := moment_in(text):
            self._moments[name] = moment
            self._page[of_page] = first_since(moment)
        else:
            self._wrong(name, FORM)

    def status(self, name: str, text: str) -> None:
        self._filter["statuses"] = self._names(name, text, "state", STATES)

    def fields(self, name: str, text: str) -> None:
        self._page["fields"] = self._names(name, text, "field", self._known_fields)

    def _names(self, name: str, text: str, kind: str, known: Collection[str]) -> frozenset[str]:
        names = text.split(",")
        if unknown := [each for each in names if each not in known]:
            every = f"; take some of {listed([*known], 'and')}, with commas between them"
            hint = did_you_mean(close_to(unknown[0], known)) or every
            self._wrong(name, f"unknown {kind}{hint}")
        return frozenset(names)

    def model(self, name: str, text: str) -> None:
        self._filter["model"] = text
        self._check_length(name, text)

    def words(self, name: str, text: str) -> None:
        self._filter["words"] = words_in(text)
        self._check_length(name, text.strip())

    def tag(self, name: str, text: str) -> None:
        self._filter["tags"] = tags_of(tags_in(text))
        if not self._filter["tags"]:
            self._wrong(name, "must be a tag, or several with commas between them")

    def _check_length(self, name: str, text: str) -> None:
        if not 1 <= len(text) <= MAX_TEXT:
            self._wrong(name, f"must have 1 to {MAX_TEXT} characters")


PARAMETERS: Final[Mapping[str, Callable[[_Reading, str, str], None]]] = {
    "limit": _Reading.limit,
    CURSOR: _Reading.cursor,
    "status": _Reading.status,
    "model": _Reading.model,
    "tag": _Reading.tag,
    "source": _Reading.source,
    "from": _Reading.since,
    "to": _Reading.until,
    "q": _Reading.words,
    "fields": _Reading.fields,
}
