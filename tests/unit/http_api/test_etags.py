"""Answers that a client has already."""

from http import HTTPStatus
from typing import Any

import pytest
from ringback.http_api.etags import unless_known
from ringback.http_api.replies import reply

from tests.support.lambdas import with_headers

BODY = {"job_id": "job_1", "url": "https://images.example/1?signature=a"}


def asked(condition: str | None) -> dict[str, Any]:
    event: dict[str, Any] = {"headers": {}}
    return with_headers(event, if_none_match=condition) if condition is not None else event


TAG = unless_known(BODY, asked(None), revision=7)["headers"]["etag"]
PLAIN = reply(HTTPStatus.OK, BODY)
ANSWER = PLAIN | {"headers": PLAIN["headers"] | {"etag": TAG}}


@pytest.mark.parametrize("condition", [TAG, f"W/{TAG}", f'"a", {TAG}', f'"a,b",W/{TAG}', "*"])
def test_a_known_answer_is_not_sent_again(condition: str) -> None:
    assert unless_known(BODY, asked(condition), revision=7) == {
        "statusCode": 304,
        "headers": {"cache-control": "no-store", "etag": TAG},
    }


@pytest.mark.parametrize("condition", [None, "", '""', '"a"', TAG.strip('"'), f'"*", "{TAG[1:9]}"'])
def test_any_other_answer_is_sent_with_its_tag(condition: str | None) -> None:
    assert unless_known(BODY, asked(condition), revision=7) == ANSWER


def test_another_link_is_another_answer() -> None:
    """A client that is told 304 keeps its links."""
    other = BODY["url"].replace("signature=a", "signature=b")
    answer = unless_known(BODY | {"url": other}, asked(TAG), revision=7)
    assert answer["statusCode"] == 200


def test_another_revision_is_another_answer() -> None:
    assert TAG.startswith('"7-')
    assert unless_known(BODY, asked(TAG), revision=8)["statusCode"] == 200


def test_half_a_character_has_a_tag() -> None:
    assert unless_known({"prompt": "\ud83d"}, asked(None), revision=0)["headers"]["etag"]
