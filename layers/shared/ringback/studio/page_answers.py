"""Answers with files: compressed, cached by browsers, and without any for what is not there."""

from base64 import b64encode
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from ringback.studio.page_files import PageFile

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_EACH_TIME: Final = "no-cache"


def answer(
    event: Mapping[str, Any], files: Mapping[str, PageFile], headers: Mapping[str, str]
) -> dict[str, Any]:
    """Answer an HTTP API's request for one of the files, by path, always with ``headers``."""
    if event["requestContext"]["http"]["method"] not in ("GET", "HEAD"):
        return _told(HTTPStatus.METHOD_NOT_ALLOWED, {**headers, "allow": "GET, HEAD"})
    if file := files.get(event["rawPath"]):
        return _file(file, event.get("headers") or {}, headers)
    return _told(HTTPStatus.NOT_FOUND, headers)


def _file(file: PageFile, asked: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
    all_headers = {
        **headers,
        "cache-control": _FOR_EVER if file.is_immutable else _EACH_TIME,
        "etag": file.etag,
        "vary": "accept-encoding",
    }
    if _has(asked.get("if-none-match", ""), file.etag):
        return {"statusCode": int(HTTPStatus.NOT_MODIFIED), "headers": all_headers}
    all_headers["content-type"] = file.kind
    content = file.content
    if _has(asked.get("accept-encoding", ""), "gzip"):
        content = file.compressed()
        all_headers["content-encoding"] = "gzip"
    return {
        "statusCode": int(HTTPStatus.OK),
        "headers": all_headers,
        "body": b64encode(content).decode(),
        "isBase64Encoded": True,
    }


def _told(status: HTTPStatus, headers: Mapping[str, str]) -> dict[str, Any]:
    kind = {"content-type": "text/plain; charset=utf-8", "cache-control": "no-store"}
    return {"statusCode": int(status), "headers": {**headers, **kind}, "body": status.phrase}


def _has(listed: str, wanted: str) -> bool:
    """Tell whether a header with a list names something, and doesn't refuse it (``;q=0``)."""
    return wanted in (each.strip() for each in listed.split(","))
