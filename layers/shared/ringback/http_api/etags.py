"""``ETag`` and ``If-None-Match``: whether a client has this very answer already.

https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final

from ringback.http_api.replies import Reply, reply
from ringback.http_api.requests import lower_headers

# A weak validator serves here as well as a strong one.
_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')
# What 304 repeats of the answer.
_KEPT: Final = ("cache-control", "etag")


def unless_known(body: Mapping[str, Any], event: Mapping[str, Any], *, revision: int) -> Reply:
    """Answer 200 with the body and its ``ETag``, or 304 if the request names that.

    The tag is made of the record's revision and of the whole body, links included: who is told 304
    has nothing to gain from another answer, and no link of theirs is older than one of ours would
    be (docs/decisions/0069).
    """
    answer = reply(HTTPStatus.OK, body)
    return tagged(answer, f"{revision}-{digest_of(answer['body'])}", event)


def tagged(answer: Reply, tag: str, event: Mapping[str, Any]) -> Reply:
    """Return the answer with the tag as its ``ETag``, or 304 if the request names that."""
    headers = {**answer["headers"], "etag": f'"{tag}"'}
    if not _names(lower_headers(event).get("if-none-match", ""), headers["etag"]):
        return answer | {"headers": headers}
    kept = {name: headers[name] for name in _KEPT}
    return {"statusCode": int(HTTPStatus.NOT_MODIFIED), "headers": kept}


def digest_of(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _names(condition: str, tag: str) -> bool:
    return condition.strip() == "*" or tag in _TAG.findall(condition)
