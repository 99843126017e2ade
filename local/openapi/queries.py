"""The parameters in the queries of routes that list or sum up."""

from typing import Any, Final

from ringback.domain.drops import MAX_KEY_BYTES
from ringback.domain.usage import GROUPS
from ringback.http_api.replies import JOB_FIELDS
from ringback.use_cases.list_queries import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, MAX_TEXT, STATES

Schema = dict[str, Any]

_MOMENT: Final[Schema] = {
    "anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]
}


def query(name: str, description: str, **schema: Any) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _one_of(names: tuple[str, ...]) -> Schema:
    """Return the schema of some of the names, with commas between them."""
    each = f"({'|'.join(names)})"
    return {"type": "string", "pattern": f"^{each}(,{each})*$"}


SOURCE: Final = query(
    "source",
    "The key or s3:// URL of a dropped file.",
    type="string",
    minLength=1,
    maxLength=MAX_KEY_BYTES,
    examples=["requests/kites.csv"],
)
FROM: Final = query("from", "From this moment on; a date is its midnight in UTC.", **_MOMENT)
TO: Final = query("to", "Before this moment, which is not before `from`.", **_MOMENT)
CURSOR: Final = query("cursor", "The `cursor` of the previous page.", type="string", minLength=1)
LIST: Final = (
    query(
        "limit",
        "Jobs on a page. It may have fewer: it ends at 4 MB.",
        type="integer",
        minimum=1,
        maximum=MAX_PAGE_SIZE,
        default=DEFAULT_PAGE_SIZE,
    ),
    CURSOR,
    query(
        "status",
        "Jobs in one of these states, with commas between them.",
        **_one_of(STATES),
    ),
    query("model", "Jobs of this model.", type="string", minLength=1, maxLength=MAX_TEXT),
    query(
        "tag",
        "Jobs with this tag, or with all of several, with commas between them.",
        type="string",
        pattern=r"[^\s,]",
    ),
    SOURCE,
    FROM,
    TO,
    query(
        "q",
        "Jobs whose prompt has all of these words, in any case.",
        type="string",
        pattern=r"\S",
        maxLength=MAX_TEXT,
    ),
    query(
        "fields",
        "The fields of a job that are shown, with commas between them, beside its `job_id`."
        " Without it all are.",
        **_one_of(JOB_FIELDS),
    ),
)
USAGE: Final = (
    FROM | {"required": True},
    TO,
    query("by", "What to sum up by.", type="string", enum=list(GROUPS), default="day"),
    CURSOR,
)
