"""The size of answers about many requests: Lambda's limit is 6 MB."""

import itertools
import json
from typing import Any

import pytest
from ringback.catalogue.requests import read_request
from ringback.domain.errors import MAX_ERRORS, FieldError, InvalidRequest
from ringback.http_api.batches import MAX_BYTES, MAX_JOBS, batch_post, batch_reply

from tests.support.lambdas import an_event, with_body

MAX_ANSWER = 6 * 1024 * 1024
MODEL = "bytedance/seedream"


def refused(body: dict[str, Any]) -> InvalidRequest:
    try:
        read_request(body)
    except InvalidRequest as error:
        return error
    raise AssertionError("taken")


def a_batch(*jobs: object) -> dict[str, Any]:
    return with_body(an_event("accept_job", "batch"), json.dumps({"jobs": jobs}).encode())


def test_what_is_wrong_with_key_query_and_body_comes_together() -> None:
    event = a_batch(None, 1) | {"queryStringParameters": {"dry_run": "true"}}
    event["headers"] = event["headers"] | {"idempotency-key": "x" * 253}
    with pytest.raises(InvalidRequest) as raised:
        batch_post(event)
    named = [error.field for error in raised.value.errors]
    assert named == ["dry_run", "Idempotency-Key", "jobs.0", "jobs.1"]
    with pytest.raises(InvalidRequest) as raised:
        batch_post(event | {"body": "[]"})
    assert [error.field for error in raised.value.errors] == ["dry_run", "Idempotency-Key", ""]
    with pytest.raises(InvalidRequest) as raised:
        batch_post(with_body(event, json.dumps({"jobs": [{}]}).encode()))
    assert [error.field for error in raised.value.errors] == ["dry_run", "Idempotency-Key"]


SHORT = [f"{number}" for number in range(1050)]
# A quote takes two bytes in JSON, and four in JSON within JSON.
LONG = [f"image_siz{number}" + 41 * '"' for number in range(MAX_ERRORS)]


@pytest.mark.parametrize("names", [SHORT, LONG], ids=["short", "long"])
def test_the_invalid_fields_of_a_batch_fit_into_an_answer(names: list[str]) -> None:
    job = {"model": MODEL, "input": dict.fromkeys(names, 0)}
    size = len(json.dumps(job))
    assert 0.9 * MAX_BYTES < MAX_JOBS * size < MAX_BYTES, size
    answer = batch_reply([refused(job)] * MAX_JOBS)
    assert len(json.dumps(answer)) < MAX_ANSWER


def test_of_very_many_invalid_fields_the_first_are_named() -> None:
    endless = (FieldError(f"input.{number}", "unknown field") for number in itertools.count())
    assert len(InvalidRequest(endless).errors) == MAX_ERRORS
    many = {f"{number}": 0 for number in range(3 * MAX_ERRORS)}
    assert len(refused({"model": MODEL, "input": many}).errors) == MAX_ERRORS
    try:
        batch_post(with_body(a_batch(), json.dumps(many).encode()))
    except InvalidRequest as error:
        assert len(error.errors) == MAX_ERRORS
