"""What describes the API: the OpenAPI document and its page, which ``make openapi`` writes."""

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

_DOCUMENTS: Final = Path(__file__).parent / "documents"
DOCUMENT: Final = _DOCUMENTS / "openapi.json"
PAGE: Final = _DOCUMENTS / "docs.html"


def description() -> dict[str, Any]:
    """Answer ``GET /openapi.json``."""
    return _reply(_text(DOCUMENT), {"content-type": "application/json"})


def docs_page() -> dict[str, Any]:
    """Answer ``GET /docs``."""
    return _reply(_text(PAGE), _page_headers())


def preflight() -> dict[str, Any]:
    """Answer ``OPTIONS``: API Gateway adds what a page may do, if its origin may do anything.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
    """
    return {"statusCode": int(HTTPStatus.NO_CONTENT), "headers": {}}


@cache
def _text(path: Path) -> str:
    return path.read_text("utf-8")


@cache
def _page_headers() -> Mapping[str, str]:
    """Return headers with which the page loads, runs, frames and sends nothing."""
    style = _text(PAGE).partition("<style>")[2].partition("</style>")[0]
    known = b64encode(sha256(style.encode()).digest()).decode()
    return {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": f"default-src 'none'; style-src 'sha256-{known}';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }


def _reply(body: str, headers: Mapping[str, str]) -> dict[str, Any]:
    # The documents change with a deployment only.
    cached = {"cache-control": "public, max-age=300"}
    return {"statusCode": int(HTTPStatus.OK), "headers": {**headers, **cached}, "body": body}
