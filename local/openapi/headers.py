"""The headers of answers, as OpenAPI describes them."""

from typing import Any, Final

_TEXT: Final = {"type": "string"}
LOCATION: Final = {"Location": {"description": "The path of the job.", "schema": _TEXT}}
ETAG: Final = {
    "ETag": {
        "description": "Changes with whatever the answer shows. Send it as `If-None-Match`.",
        "schema": {"type": "string", "pattern": '^"[0-9a-f]{32}"$'},
    }
}


def headers_of(status: int, *, locates: bool, is_tagged: bool) -> dict[str, Any]:
    """Return the headers of an answer, beside those that all answers have."""
    found = LOCATION if locates and status == 202 else {}
    return found | (ETAG if is_tagged and status in (200, 304) else {})
