from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.errors import InvalidRequest, MissingScope, PayloadTooLarge
from ringback.http_api.requests import (
    callback_request,
    client_name,
    json_body,
    lower_headers,
    query_parameters,
    raw_body,
    route_of,
)

from tests.support.jobs import a_job_id

PATH = {"provider": "kie", "job_id": a_job_id(), "token": "t" * 43}


@given(st.binary())
def test_a_base64_body_is_decoded(body: bytes) -> None:
    assert raw_body({"body": b64encode(body).decode(), "isBase64Encoded": True}) == body


@pytest.mark.parametrize("body", ["abc", "{}=", "caf\N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_what_is_no_base64_is_no_json_either(body: str) -> None:
    event = {"body": body, "isBase64Encoded": True}
    with pytest.raises(InvalidRequest):
        json_body(event)
    assert callback_request(event | {"pathParameters": PATH}).body == body.encode()


@given(st.text())
def test_a_text_body_is_encoded_as_utf_8(body: str) -> None:
    assert raw_body({"body": body, "isBase64Encoded": False}).decode() == body
    assert raw_body({"body": body}).decode() == body


@pytest.mark.parametrize("event", [{}, {"body": None}, {"body": ""}, {"body": None, "x": 1}])
def test_a_missing_body_is_empty(event: dict[str, Any]) -> None:
    assert raw_body(event) == b""
    assert raw_body(event | {"isBase64Encoded": True}) == b""


def test_a_lone_surrogate_is_accepted() -> None:
    assert raw_body({"body": "\ud83e"}) == b"\xed\xa0\xbe"


def test_header_names_are_lowered_and_values_kept() -> None:
    event = {"headers": {"X-Webhook-Signature": "AbC=", "content-type": "Application/JSON"}}
    assert lower_headers(event) == {
        "x-webhook-signature": "AbC=",
        "content-type": "Application/JSON",
    }


@pytest.mark.parametrize("event", [{}, {"headers": None}, {"headers": {}}])
def test_missing_headers_are_empty(event: dict[str, Any]) -> None:
    assert lower_headers(event) == {}


@pytest.mark.parametrize("event", [{}, {"queryStringParameters": None}])
def test_a_missing_query_is_empty(event: dict[str, Any]) -> None:
    assert query_parameters(event) == {}
    assert query_parameters(event | {"queryStringParameters": {"a": "b"}}) == {"a": "b"}


def test_half_a_character_in_a_query_is_none() -> None:
    """No answer could name it: Lambda's answers are UTF-8."""
    event = {"queryStringParameters": {"\ud83d": "a\udc00b", "\U0001f600": "\U0001f600"}}
    assert query_parameters(event) == {"\ufffd": "a\ufffdb", "\U0001f600": "\U0001f600"}


@pytest.mark.parametrize(
    ("sent", "route"),
    [
        ("HEAD /jobs/{job_id}", "GET /jobs/{job_id}"),
        ("GET /jobs", "GET /jobs"),
        ("POST /jobs", "POST /jobs"),
        ("$default", "$default"),
    ],
)
def test_head_is_answered_like_get(sent: str, route: str) -> None:
    assert route_of({"routeKey": sent}) == route


def test_the_client_comes_from_the_authorizer() -> None:
    context = {"authorizer": {"lambda": {"client": "studio", "scopes": "jobs:read"}}}
    event = {"routeKey": "GET /jobs", "requestContext": context}
    assert client_name(event) == "studio"
    with pytest.raises(MissingScope, match="`jobs:write`"):
        client_name(event | {"routeKey": "POST /jobs"})


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"requestContext": {}},
        {"requestContext": {"authorizer": {}}},
        {"requestContext": {"authorizer": {"lambda": {}}}},
        {"requestContext": {"authorizer": {"jwt": {"claims": {"client": "studio"}}}}},
        {"headers": {"client": "studio"}},
    ],
)
def test_a_request_without_an_authorizer_is_an_error(event: dict[str, Any]) -> None:
    with pytest.raises(KeyError):
        client_name(event)


def test_a_callback_is_read_from_path_headers_and_body() -> None:
    event = {"pathParameters": PATH, "headers": {"X-A": "1"}, "body": "e30=", "isBase64Encoded": 1}
    call = callback_request(event)
    assert (call.provider, call.job_id, call.token) == ("kie", a_job_id(), "t" * 43)
    assert (call.headers, call.body) == ({"x-a": "1"}, b"{}")


@pytest.mark.parametrize("encoded", [True, False])
def test_a_callback_has_a_maximum_size(*, encoded: bool) -> None:
    def event(size: int) -> dict[str, Any]:
        body = b"x" * size
        text = b64encode(body).decode() if encoded else body.decode()
        return {"pathParameters": PATH, "body": text, "isBase64Encoded": encoded}

    assert len(callback_request(event(256 * 1024)).body) == 256 * 1024
    with pytest.raises(PayloadTooLarge):
        callback_request(event(256 * 1024 + 1))


def test_the_size_is_counted_in_bytes() -> None:
    with pytest.raises(PayloadTooLarge):
        callback_request({"pathParameters": PATH, "body": "\N{SNOWMAN}" * (128 * 1024)})
