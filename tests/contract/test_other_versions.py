"""Messages and items of an older or a newer version are read.

Each reader gets what its writer writes, with unknown fields added, and with those that have a
default left out.
"""

import json
from collections.abc import Mapping, Set
from dataclasses import MISSING, asdict, fields, replace
from typing import Any, Final

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ringback.aws.drop_progress import DropProgressTable
from ringback.aws.job_items import from_item, to_item
from ringback.aws.queues import read_answered
from ringback.aws.table_items import drop_key, plain, typed
from ringback.domain.checks import Check, from_message, to_message
from ringback.domain.drops import Drop, Progress
from ringback.domain.images import StoredImage
from ringback.domain.jobs import ErrorKind, Job, JobError, JobRequest
from ringback.domain.verdicts import Answered, OutcomeUnknown, TaskRefused
from ringback.domain.versions import of_any_version
from ringback.lambda_events import dropped_objects

from tests.support.aws import Cloud, a_cloud
from tests.support.checks import FULL_CHECK
from tests.support.jobs import MODEL, NOON, TASK, a_job, a_job_id, a_request, a_stored_image

NEWER: Final = st.dictionaries(
    st.from_regex(r"newer_[a-z]{1,8}", fullmatch=True),
    st.one_of(st.none(), st.integers(), st.text(), st.lists(st.integers()), st.just({"x": 1})),
    max_size=3,
)
FEW: Final = settings(max_examples=25)
# It fails on any other, as it does on any other of a check (docs/decisions/0027).
FIRST_VERSIONS_REQUEST: Final = {"model", "provider", "input", "sent", "checked", "input_images"}
DROP: Final = Drop(bucket="b", key="requests/a.csv", version="v1")
REFUSED: Final = Answered(
    job_id=a_job_id(),
    attempt_id="0123456789abcdef",
    answer=TaskRefused(code="429", message="later", retry_after=10, too_fast=True),
)
UNKNOWN: Final = replace(
    REFUSED, answer=OutcomeUnknown(reason="HTTP 500", task_id=TASK, account="no_credits")
)


def optional(kind: type) -> list[str]:
    """Return the fields that an older version may not have written."""
    return [
        each.name
        for each in fields(kind)
        if each.default is not MISSING or each.default_factory is not MISSING
    ]


def answer_message(answered: Answered) -> dict[str, Any]:
    kind = "refused" if isinstance(answered.answer, TaskRefused) else "unknown"
    return {**asdict(answered), "kind": kind}


@FEW
@given(newer=NEWER, without=st.sets(st.sampled_from(optional(Check))))
def test_checks(newer: Mapping[str, Any], without: set[str]) -> None:
    body, details = to_message(FULL_CHECK)
    message = {name: value for name, value in (body | details).items() if name not in without}
    read = from_message(json.loads(json.dumps({**message, **newer})))
    defaults = {name: getattr(Check(job_id=FULL_CHECK.job_id), name) for name in without}
    assert read == replace(FULL_CHECK, **defaults)


@FEW
@given(newer=NEWER, inner=NEWER)
def test_drops(newer: Mapping[str, Any], inner: Mapping[str, Any]) -> None:
    assert dropped_objects({"drop": {**asdict(DROP), **inner}, **newer}) == [DROP]


@pytest.mark.parametrize("answered", [REFUSED, UNKNOWN])
@FEW
@given(newer=NEWER, inner=NEWER)
def test_answers(answered: Answered, newer: Mapping[str, Any], inner: Mapping[str, Any]) -> None:
    message = answer_message(answered)
    answer = {**message["answer"], **inner}
    assert read_answered({**message, **newer, "answer": answer}) == answered


@pytest.mark.parametrize("answered", [REFUSED, UNKNOWN])
def test_answers_without_their_optional_fields(answered: Answered) -> None:
    message, names = answer_message(answered), optional(type(answered.answer))
    answer = {name: value for name, value in message["answer"].items() if name not in names}
    read = read_answered({**message, "answer": answer})
    assert read is not None
    assert not any(getattr(read.answer, name) for name in names)


JOB: Final = a_job(
    images=(a_stored_image(),),
    error=JobError(
        kind=ErrorKind.IMAGES_LOST,
        message="HTTP 404",
        code="404",
        may_be_charged=True,
        missing=(2,),
        kept_until=NOON,
    ),
)


def as_item(job: Job, *, newer: Mapping[str, Any], without: Set[str] = frozenset()) -> Any:
    """Return the item with newer fields on every level, without those that are named."""
    item = plain(to_item(job))
    request = json.loads(item["request"])
    image = item["images"]["1"]
    changed = {
        **item,
        **newer,
        "request": json.dumps({**left_out(request, without), **newer}),
        "error": {**left_out(item["error"], without), **newer},
        "images": {"1": {**left_out(image, without), **newer}},
    }
    return {name: typed(value) for name, value in changed.items()}


def left_out(fields_: Mapping[str, Any], without: Set[str]) -> dict[str, Any]:
    return {name: value for name, value in fields_.items() if name not in without}


@FEW
@given(newer=NEWER)
def test_items_with_newer_fields(newer: Mapping[str, Any]) -> None:
    assert from_item(as_item(JOB, newer=newer)) == JOB


NESTED: Final = [*optional(JobError), *optional(JobRequest), *optional(StoredImage)]


@FEW
@given(without=st.sets(st.sampled_from(NESTED)))
def test_items_without_their_optional_fields(without: set[str]) -> None:
    read = from_item(as_item(JOB, newer={}, without=without))
    assert JOB.error is not None
    assert read.error is not None
    for name in optional(JobError):
        default = getattr(JobError(kind=JOB.error.kind, message=""), name)
        wanted = default if name in without else getattr(JOB.error, name)
        assert getattr(read.error, name) == wanted
    assert (read.request.model, read.images[0].facts) == (MODEL, JOB.images[0].facts)


@FEW
@given(without=st.sets(st.sampled_from([each for each in optional(Job) if each != "images"])))
def test_jobs_without_their_optional_fields(without: set[str]) -> None:
    item = {name: value for name, value in to_item(JOB).items() if name not in without}
    assert from_item(item).job_id == JOB.job_id


def test_the_first_version_knows_every_field_of_the_request() -> None:
    request = replace(a_request(), call_back_url="https://client.example/done", form="kie")
    item = to_item(a_job(request=request))
    assert set(json.loads(item["request"]["S"])) == FIRST_VERSIONS_REQUEST
    assert from_item(item).request == request


def test_progress_of_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    with a_cloud(monkeypatch) as cloud:
        assert_progress_is_read(cloud)


def assert_progress_is_read(cloud: Cloud) -> None:
    table, reached = DropProgressTable.connect(cloud.table), Progress(made_at=NOON, row=7)
    table.advance(DROP, seen=None, to=reached, at=NOON)
    boto3.client("dynamodb").update_item(
        TableName=cloud.table,
        Key=drop_key(DROP),
        UpdateExpression="SET newer = :x REMOVE bad_rows, credits_low, fault, done",
        ExpressionAttributeValues={":x": {"S": "x"}},
    )
    assert table.read(DROP) == reached


def test_a_missing_field_without_a_default_is_an_error() -> None:
    with pytest.raises(TypeError, match="version"):
        of_any_version(Drop, {"bucket": "b", "key": "k"})
