"""What describes the API: the OpenAPI document and its page, which ``make openapi`` writes."""

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from ringback.http_api.etags import digest_of, tagged
from ringback.http_api.replies import Reply

_DOCUMENTS: Final = Path(__file__).parents[1] / "documents"
DOCUMENT: Final = _DOCUMENTS / "openapi.json"
PAGE: Final = _DOCUMENTS / "docs.html"


def description(event: Mapping[str, Any]) -> Reply:
    """Answer ``GET /openapi.json``."""
    return _document(DOCUMENT, {"content-type": "application/json"}, event)


def docs_page(event: Mapping[str, Any]) -> Reply:
    """Answer ``GET /docs``."""
    return _document(PAGE, _page_headers(), event)


def preflight(_event: Mapping[str, Any]) -> Reply:
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


@cache
def _digest(path: Path) -> str:
    return digest_of(_text(path))


def _document(path: Path, headers: Mapping[str, str], event: Mapping[str, Any]) -> Reply:
    # The documents change with a deployment only.
    cached = {**headers, "cache-control": "public, max-age=300"}
    answer = {"statusCode": int(HTTPStatus.OK), "headers": cached, "body": _text(path)}
    return tagged(answer, _digest(path), event)
