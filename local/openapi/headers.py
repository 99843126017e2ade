"""The headers of answers, as OpenAPI describes them."""

from typing import Any, Final

_TEXT: Final = {"type": "string"}
LOCATION: Final = {"Location": {"description": "The path of the job.", "schema": _TEXT}}
ETAG: Final = {
    "ETag": {
        "description": "Changes with whatever the answer shows, and with each write of a job."
        " Send it as `If-None-Match`.",
        "schema": {"type": "string", "pattern": '^"([0-9]+-)?[0-9a-f]{32}"$'},
    }
}
# Only where the deployment has a limit.
LIMIT: Final = {
    "RateLimit-Policy": {
        "description": "How many jobs (`q`) the client may post in how many seconds (`w`), if that"
        " is limited. By draft-ietf-httpapi-ratelimit-headers-11.",
        "schema": {"type": "string", "pattern": '^"jobs";q=[0-9]+;w=[0-9]+$'},
    },
    "RateLimit": {
        "description": "How many are left (`r`), and in how many seconds there are more (`t`).",
        "schema": {"type": "string", "pattern": '^"jobs";r=[0-9]+;t=[0-9]+$'},
    },
}
RETRY_AFTER: Final = {
    "Retry-After": {
        "description": "In seconds, unless API Gateway has answered itself.",
        "schema": {"type": "integer", "minimum": 1},
    }
}


def headers_of(
    status: int, *, locates: bool = False, is_tagged: bool = False, is_limited: bool = False
) -> dict[str, Any]:
    """Return the headers of an answer, beside those that all answers have."""
    found: dict[str, Any] = {}
    if locates and status == 202:
        found |= LOCATION
    if is_tagged and status in (200, 304):
        found |= ETAG
    if is_limited and status in (200, 202, 429):
        found |= LIMIT
    if is_limited and status == 429:
        found |= RETRY_AFTER
    return found
