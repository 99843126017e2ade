"""Reading POST /jobs and POST /jobs/{job_id}/retry into one object."""

import gzip
import json
from base64 import b64encode
from typing import Any

import pytest
from ringback.domain.errors import InvalidRequest, PayloadTooLarge, Unauthorized
from ringback.domain.job_posts import JobPost
from ringback.http_api.requests import job_post
from ringback.json_bodies import MAX_REQUEST_BYTES

from tests.support.jobs import a_job_id

BODY = {"model": "a", "input": {"prompt": "kite"}}


def a_post(
    body: str = json.dumps(BODY),
    *,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    job_id: str | None = None,
) -> dict[str, Any]:
    event = {
        "routeKey": "POST /jobs/{job_id}/retry" if job_id else "POST /jobs",
        "body": body,
        "headers": headers or {},
        "requestContext": {"authorizer": {"lambda": {"client": "studio"}}},
    }
    if query is not None:
        event["queryStringParameters"] = query
    if job_id:
        event["pathParameters"] = {"job_id": job_id}
    return event


def errors_of(event: dict[str, Any], *, needs_key: bool = False) -> list[tuple[str, str]]:
    """Return what is wrong, of a body that can be read as well."""
    try:
        errors = job_post(event, needs_key=needs_key).faults
    except InvalidRequest as refused:
        errors = refused.errors
    assert errors
    return [(error.field, error.message) for error in errors]


def test_a_post_is_read_into_one_object() -> None:
    assert job_post(a_post()) == JobPost(client="studio", idempotency_key=None, body=BODY)


def test_a_retry_has_no_body_and_names_its_job() -> None:
    post = job_post(a_post("not JSON", job_id=a_job_id()))
    assert post == JobPost(client="studio", idempotency_key=None, body={}, retry_of=a_job_id())


def test_a_request_without_an_authorizer_is_an_error() -> None:
    event = a_post()
    del event["requestContext"]["authorizer"]
    with pytest.raises(KeyError):
        job_post(event)


@pytest.mark.parametrize(
    "key",
    ["a", "~" * 255, "my job #7", "550e8400-e29b-41d4-a716-4466554400", '"abc"', f'"{"~" * 255}"'],
)
@pytest.mark.parametrize("job_id", [None, a_job_id()], ids=["post", "retry"])
def test_an_idempotency_key_is_kept_as_it_is(key: str, job_id: str | None) -> None:
    post = job_post(a_post(headers={"Idempotency-Key": key, "other": "x"}, job_id=job_id))
    assert post.idempotency_key == key


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "a\tb"])
def test_an_idempotency_key_that_is_not_plain_ascii_is_refused(key: str) -> None:
    [(field, message)] = errors_of(a_post(headers={"idempotency-key": key}))
    assert field == "Idempotency-Key"
    assert "255" in message


@pytest.mark.parametrize(
    "key", ['""', '"', '"a', '"a"b"', '"a";p=1', '"a", "b"', '"a\\b"', f'"{"x" * 256}"', '"a"#0']
)
def test_a_malformed_structured_string_is_refused(key: str) -> None:
    [(field, _)] = errors_of(a_post(headers={"idempotency-key": key}))
    assert field == "Idempotency-Key"


@pytest.mark.parametrize("job_id", [None, a_job_id()], ids=["post", "retry"])
def test_a_deployment_may_require_the_key(job_id: str | None) -> None:
    [(field, message)] = errors_of(a_post(job_id=job_id), needs_key=True)
    assert (field, message.split(":")[0]) == ("Idempotency-Key", "required")
    with_key = a_post(headers={"idempotency-key": "k"}, job_id=job_id)
    assert job_post(with_key, needs_key=True).idempotency_key == "k"


def test_a_dry_run_needs_no_key() -> None:
    assert job_post(a_post(query={"dry_run": "true"}), needs_key=True).dry_run


@pytest.mark.parametrize(
    ("query", "expected"),
    [(None, False), ({}, False), ({"dry_run": "false"}, False), ({"dry_run": "true"}, True)],
)
def test_dry_run_is_true_or_false(query: dict[str, str] | None, expected: object) -> None:
    assert job_post(a_post(query=query)).dry_run is expected


WRONG_QUERIES = [
    *({"dry_run": value} for value in ("", "1", "yes", "True", " true", "true,true", "true,false")),
    *({name: "true"} for name in ("dryrun", "dry-run", "DRY_RUN", "dry_run ", "", "limit")),
    {"dry_run": "maybe", "b": "", "a": ""},
]


@pytest.mark.parametrize("query", WRONG_QUERIES)
def test_an_unknown_query_parameter_is_refused(query: dict[str, str]) -> None:
    assert {field for field, _ in errors_of(a_post(query=query))} == query.keys()


def test_only_the_unknown_parameter_is_an_error() -> None:
    errors = errors_of(a_post(query={"dry_run": "true", "z": "1", "a": "1"}))
    assert errors == [("a", "unknown parameter"), ("z", "unknown parameter")]


def test_a_retry_takes_no_parameter() -> None:
    assert errors_of(a_post(query={"dry_run": "true"}, job_id=a_job_id())) == [
        ("dry_run", "unknown parameter")
    ]


@pytest.mark.parametrize("body", ["not JSON", json.dumps(BODY)])
def test_query_key_and_body_errors_come_together(body: str) -> None:
    errors = errors_of(a_post(body, query={"a": "1"}, headers={"idempotency-key": ""}))
    assert [field for field, _ in errors] == ["a", "Idempotency-Key", ""][
        : 3 - body.startswith("{")
    ]


def test_a_retry_with_a_fault_is_refused_at_once() -> None:
    """It has no body that may have others."""
    with pytest.raises(InvalidRequest):
        job_post(a_post(query={"a": "1"}, job_id=a_job_id()))


def test_a_body_has_a_maximum_size() -> None:
    text = json.dumps(BODY)
    assert job_post(a_post(text.ljust(MAX_REQUEST_BYTES))).body == BODY
    with pytest.raises(PayloadTooLarge, match="131072"):
        job_post(a_post(text.ljust(MAX_REQUEST_BYTES + 1)))


FORM = "application/x-www-form-urlencoded"
SEND_JSON = "the body is not JSON; send a JSON object as application/json"


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        ("model=a&input=b", FORM, f"{SEND_JSON}, not a form"),
        ("--x\r\n", "multipart/form-data; boundary=x", f"{SEND_JSON}, not a form"),
        ("model: a", "application/yaml", SEND_JSON),
        ("{'model': 1}", FORM, "the body is not JSON: expecting property name enclosed in double"),
        ("\x1f\ufffd", "", "the body is not JSON: expecting value (line 1, column 1)"),
        ("", "", "the body is empty"),
        ("", FORM, "the body is empty"),
        ("null", "", "the body must be a JSON object"),
        (json.dumps("{}"), "", "the body must be a JSON object, not text that contains one"),
    ],
)
def test_what_is_no_json_object_is_said(body: str, content_type: str, message: str) -> None:
    event = a_post(body, headers={"Content-Type": content_type})
    [(field, found)] = errors_of(event)
    assert field == ""
    assert found.startswith(message)


def test_a_compressed_body_is_said() -> None:
    event = a_post(b64encode(gzip.compress(b"{}")).decode()) | {"isBase64Encoded": True}
    assert errors_of(event) == [("", "the body is compressed (gzip); send it uncompressed")]


@pytest.mark.parametrize("content_type", [FORM, "text/plain", "application/json; charset=utf-8"])
def test_json_is_read_whatever_it_is_called(content_type: str) -> None:
    """``curl -d`` calls everything a form."""
    assert job_post(a_post(headers={"content-type": content_type})).body == BODY


def test_a_parameter_is_probably_a_typing_error() -> None:
    [(_, message)] = errors_of(a_post(query={"dryRun": "true"}))
    assert message == "unknown parameter; did you mean dry_run?"


def test_a_malformed_authorization_header_is_answered() -> None:
    event = a_post()
    event["requestContext"]["authorizer"]["lambda"] = {"refusal": "no word Bearer"}
    with pytest.raises(Unauthorized, match="no word Bearer"):
        job_post(event)
