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
from ringback.aws import table_items
from ringback.aws.drop_progress import DropProgressTable
from ringback.aws.idempotency_items import key_items
from ringback.aws.job_items import from_item, to_item
from ringback.aws.job_table import JobTable
from ringback.aws.queues import read_answered
from ringback.aws.table_items import drop_key, plain, typed
from ringback.domain.checks import Check, from_message, to_message
from ringback.domain.drops import Drop, Progress
from ringback.domain.errors import UnknownJob
from ringback.domain.idempotency_keys import bare, forms_of
from ringback.domain.images import StoredImage
from ringback.domain.jobs import ErrorKind, Job, JobError, JobRequest
from ringback.domain.verdicts import Answered, OutcomeUnknown, TaskRefused
from ringback.domain.versions import of_any_version
from ringback.drop_notifications import dropped_objects

from tests.support.aws import Cloud, a_cloud
from tests.support.checks import FULL_CHECK
from tests.support.jobs import MODEL, NOON, PROMPT, TASK, a_job, a_job_id, a_stored_image

# DynamoDB keeps 38 digits.
WHOLE: Final = st.integers(-(10**37), 10**37)
NEWER: Final = st.dictionaries(
    st.from_regex(r"newer_[a-z]{1,8}", fullmatch=True),
    st.one_of(st.none(), WHOLE, st.text(), st.lists(WHOLE), st.just({"x": 1})),
    max_size=3,
)
FEW: Final = settings(max_examples=25)
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


# A value of JSON, and a name of a field.
VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from([0.0, 1.0, 0.5]) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
NAMES: Final = st.sampled_from(["prompt", "seed", "model", "input", "callBackUrl", "defaults"])
FIELDS: Final = st.dictionaries(NAMES, VALUES, max_size=4)


@settings(max_examples=150)
@given(
    FIELDS, FIELDS, FIELDS | st.none(), st.booleans(), st.sampled_from([None, "https://h.example"])
)
def test_a_request_is_read_as_it_was_sent(
    checked: dict[str, Any],
    body: dict[str, Any],
    given: dict[str, Any] | None,
    same_model: bool,  # noqa: FBT001
    url: str | None,
) -> None:
    sent = body | ({"model": MODEL} if same_model else {})
    sent |= {"callBackUrl": url} if url and same_model else {}
    if given is not None:
        sent["input"] = given
    request = JobRequest(
        model=MODEL, provider="kie", input=checked, sent=sent, checked=same_model, call_back_url=url
    )
    read = from_item(to_item(a_job(request=request))).request
    # Exactly: 1, 1.0 and True are equal in Python.
    as_text = [json.dumps(asdict(each), sort_keys=True) for each in (request, read)]
    assert as_text[0] == as_text[1]


def test_a_request_stands_in_its_item_once() -> None:
    sent = {"model": MODEL, "input": {"prompt": PROMPT}, "tags": [1], "callBackUrl": "https://h.e"}
    request = replace(JOB.request, sent=sent, call_back_url="https://h.e")
    item = to_item(replace(JOB, request=request))
    text = json.dumps(item, ensure_ascii=False)
    assert (text.count(PROMPT), text.count("https://h.e")) == (1, 1)
    assert from_item(item).request == request


def test_what_is_usual_is_not_stored() -> None:
    request = replace(JOB.request, sent={"model": MODEL, "input": JOB.request.input})
    item = plain(to_item(replace(JOB, request=request)))
    assert item["request_details"] == {"defaults": []}
    assert json.loads(item["request"]).keys() == {"model", "provider", "input", "sent"}
    assert not {"trailing_bytes", "damage", "marks"} & item["images"]["1"].keys()
    assert not {"attempts", "account_refusals", "result_urls", "quarantined"} & item.keys()
    whole = plain(to_item(replace(JOB, request=replace(request, sent={"another": "shape"}))))
    assert "request_details" not in whole
    unchecked = replace(JOB, request=replace(request, checked=False))
    assert from_item(to_item(unchecked)) == unchecked


def test_the_first_version_reads_requests() -> None:
    """47e65a7 passes each field of the text to its own JobRequest, of which the last two may lack.

    What it is not told is what the client sent, which it shows in ``job.json`` only.
    """
    request = replace(JOB.request, call_back_url="https://h.example", form="kie")
    written = json.loads(plain(to_item(replace(JOB, request=request)))["request"])
    known = {"model", "provider", "input", "sent", "checked", "input_images"}
    assert {"model", "provider", "input", "sent"} <= written.keys() <= known
    assert written["input"] == request.input


def test_requests_of_older_versions_are_read() -> None:
    request = replace(JOB.request, call_back_url="https://h.example", form="kie")
    item = to_item(JOB) | {"request": typed(json.dumps(asdict(request)))}
    del item["request_details"]
    assert from_item(item).request == request
    # As the version before this one writes it, and reads what this one does.
    details = {"call_back_url": request.call_back_url, "form": request.form}
    known = {name: each for name, each in asdict(request).items() if name not in details}
    item |= {"request": typed(json.dumps(known)), "request_details": typed(details)}
    assert from_item(item).request == request
    written = plain(to_item(replace(JOB, request=request)))["request_details"]
    assert {name: written[name] for name in details} == details


@FEW
@given(without=st.sets(st.sampled_from([each for each in optional(Job) if each != "images"])))
def test_jobs_without_their_optional_fields(without: set[str]) -> None:
    item = {name: value for name, value in to_item(JOB).items() if name not in without}
    assert from_item(item).job_id == JOB.job_id


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


def kept_only_as(sent: str, cloud: Cloud) -> Job:
    """Record a job as versions did that took the quotes of an idempotency key for a part of it."""
    job = JobTable.connect(cloud.table).create(a_job(number=1, idempotency_key=sent)).job
    for form in set(forms_of(sent)) - {sent}:
        key = table_items.idempotency_key(job.client, form)
        boto3.client("dynamodb").delete_item(TableName=cloud.table, Key=key)
    return job


@pytest.mark.parametrize(
    ("sent", "again"), [('"k"', '"k"'), ('"k"', "k"), ('"k"#0', '"k"#0'), ('"k"#0', "k#0")]
)
def test_a_key_that_was_kept_with_its_quotes_is_found(cloud: Cloud, sent: str, again: str) -> None:
    job = kept_only_as(sent, cloud)
    jobs = JobTable.connect(cloud.table)
    assert jobs.with_key(job.client, again) == job
    assert jobs.create(a_job(number=2, idempotency_key=again)).job == job
    with pytest.raises(UnknownJob):
        jobs.get(a_job_id(2))


@pytest.mark.parametrize("sent", ["k", '"k"', '"k"#0'])
def test_an_older_version_finds_a_key_in_either_form(cloud: Cloud, sent: str) -> None:
    job = JobTable.connect(cloud.table).create(a_job(idempotency_key=sent)).job
    for form in (sent, bare(sent)):
        key = table_items.idempotency_key(job.client, form)
        found = boto3.client("dynamodb").get_item(TableName=cloud.table, Key=key)["Item"]
        assert found["refers_to"] == {"S": job.job_id}


def test_each_of_two_keys_that_were_one_text_apart_keeps_its_job(cloud: Cloud) -> None:
    """Older versions made a job of each."""
    quoted = kept_only_as('"k"', cloud)
    other = a_job(number=2, idempotency_key="k")
    jobs = JobTable.connect(cloud.table)
    jobs._create_with(other, key_items(other))
    assert jobs.create(a_job(number=3, idempotency_key="k")).job == other
    assert jobs.create(a_job(number=3, idempotency_key='"k"')).job == quoted
