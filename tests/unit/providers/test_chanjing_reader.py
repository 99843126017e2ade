"""Reading Chanjing's tasks and callbacks, whatever they contain."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.errors import MalformedCallback
from ringback.domain.jobs import ProviderTaskId
from ringback.domain.verdicts import OutcomeUnknown, TaskRefused, TaskReport, TaskState
from ringback.providers.chanjing.answers import REFUSED, read_submission
from ringback.providers.chanjing.provider import PROVIDER
from ringback.providers.chanjing.tasks import MAX_IMAGES, read_moment, read_task

from tests.support.jobs import NOON

TASK = {
    "unique_id": "a60747d7-dc05-4afc-b2ef-ee4370ed53c6",
    "type": 3,
    "progress_desc": "Success",
    "err_msg": "",
    "output_url": ["https://res.chanjing.cc/1.png", "https://res.chanjing.cc/2.png"],
    "model_code": "doubao-seedream-4.0",
    "create_time": 1790000000,
}
ENVELOPE = {"trace_id": "96afa792520b0e6a86d72e89435bc0a7", "code": 0, "msg": "success"}
REPORT = TaskReport(
    task_id=ProviderTaskId("a60747d7-dc05-4afc-b2ef-ee4370ed53c6"),
    state=TaskState.SUCCEEDED,
    image_urls=("https://res.chanjing.cc/1.png", "https://res.chanjing.cc/2.png"),
    model="doubao-seedream-4.0",
    created_at=datetime.fromtimestamp(1790000000, UTC),
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def read_report(body: bytes) -> TaskReport:
    callback = PROVIDER.listen(dict).read({}, body, now=NOON)
    assert not callback.proven
    return callback.report


@pytest.mark.parametrize("content", [TASK, ENVELOPE | {"data": TASK}], ids=["bare", "envelope"])
def test_both_callback_shapes_are_read_as_unproven(content: dict[str, Any]) -> None:
    assert read_report(json.dumps(content).encode()) == REPORT


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Success", TaskState.SUCCEEDED),
        ("SUCCESS", TaskState.SUCCEEDED),
        ("success ", TaskState.SUCCEEDED),
        ("Succeeded", TaskState.SUCCEEDED),
        ("succeed", TaskState.SUCCEEDED),
        ("Completed", TaskState.SUCCEEDED),
        ("finished", TaskState.SUCCEEDED),
        ("Failure", TaskState.FAILED),
        ("Error", TaskState.FAILED),
        ("fail", TaskState.FAILED),
        ("Failed", TaskState.FAILED),
        ("Queued", TaskState.RUNNING),
        ("ready", TaskState.RUNNING),
        ("Generating", TaskState.RUNNING),
        ("in progress", TaskState.RUNNING),
    ],
)
def test_a_state_that_is_known_is_what_its_word_says(word: object, state: TaskState) -> None:
    """Whatever its case, and with images or without."""
    assert read_task(TASK | {"progress_desc": word}).state is state
    assert read_task(TASK | {"progress_desc": word, "output_url": []}).state is state


@pytest.mark.parametrize("word", ["something new", "", None, 3])
def test_any_other_state_is_running(word: object) -> None:
    others: list[dict[str, Any]] = [{}, {"output_url": []}, {"output_url": [], "err_msg": "slow"}]
    for more in others:
        assert read_task(TASK | {"progress_desc": word} | more).state is TaskState.RUNNING


@pytest.mark.parametrize("word", ["Canceled", "Timed out", "time-out", "EXPIRED"])
def test_an_end_of_no_page_is_what_came_with_it(word: object) -> None:
    assert read_task(TASK | {"progress_desc": word}).state is TaskState.SUCCEEDED
    without = TASK | {"progress_desc": word, "output_url": []}
    assert read_task(without).state is TaskState.RUNNING
    assert read_task(without | {"err_msg": "no luck"}).state is TaskState.FAILED


@pytest.mark.parametrize(
    ("given", "urls"),
    [
        (None, ()),
        ([], ()),
        ("", ()),
        ("https://a.example/1.png", ("https://a.example/1.png",)),
        (["https://a.example/1.png", "", None, 7], ("https://a.example/1.png", "", "", "")),
        ([None, {"url": "https://a.example/2.png"}], ("", "https://a.example/2.png")),
        ('["https://a.example/1.png"]', ("https://a.example/1.png",)),
        ([None, "", {}], ()),
        ({"name": "1.png"}, ()),
    ],
)
def test_values_that_are_not_urls_are_left_out(given: object, urls: tuple[str, ...]) -> None:
    assert read_task(TASK | {"output_url": given}).image_urls == urls


def test_too_many_images_are_refused() -> None:
    read_task(TASK | {"output_url": ["https://a.example/"] * MAX_IMAGES})
    with pytest.raises(MalformedCallback):
        read_task(TASK | {"output_url": ["https://a.example/"] * (MAX_IMAGES + 1)})


@pytest.mark.parametrize("task_id", [None, "", -7, " ", "a b", "x" * 201, ["x"], "é"])
def test_a_task_without_a_readable_id_is_refused(task_id: object) -> None:
    with pytest.raises(MalformedCallback):
        read_task(TASK | {"unique_id": task_id})


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'"x"', b"{", b"{}", b'{"data": null}', b"1"]
)
def test_other_objects_are_refused(body: bytes) -> None:
    with pytest.raises(MalformedCallback):
        read_report(body)


def test_the_failure_message_is_kept_and_truncated() -> None:
    report = read_task(TASK | {"progress_desc": "Error", "err_msg": "x" * 5000})
    assert report.message == "x" * 2000


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        (1790000000, datetime.fromtimestamp(1790000000, UTC)),
        (1790000000.5, datetime.fromtimestamp(1790000000.5, UTC)),
        (1790000000000, None),
        (86400, None),
        (True, None),
        ("1790000000", None),
        ("2026-09-21 12:00:00", None),
        (None, None),
        (float("nan"), None),
    ],
)
def test_times_are_unix_seconds_or_none(given: object, moment: datetime | None) -> None:
    assert read_moment(given) == moment


@given(st.dictionaries(st.sampled_from(sorted(TASK)), ANY_JSON))
def test_any_task_is_read_or_refused(task: dict[str, Any]) -> None:
    try:
        report = read_task(TASK | task)
    except MalformedCallback:
        return
    assert all(isinstance(url, str) and url for url in report.image_urls)
    assert isinstance(report.message, str)


@given(st.binary() | ANY_JSON.map(lambda content: json.dumps(content).encode()))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    try:
        read_report(body)
    except MalformedCallback:
        return


@pytest.mark.parametrize("code", sorted(REFUSED))
def test_what_the_api_or_http_refuses_for_good_is_refused(code: int) -> None:
    assert read_submission(httpx.Response(200, json={"code": code})) == TaskRefused(
        code=str(code), message=""
    )


def test_an_account_s_refusal_that_names_a_task_pauses_nothing() -> None:
    """The task may have been made, so the account can't have been the reason."""
    response = httpx.Response(200, json={"code": 402, "data": "a60747d7"})
    assert read_submission(response) == OutcomeUnknown(
        reason="HTTP 200, code 402", task_id=ProviderTaskId("a60747d7")
    )


def test_without_a_code_data_is_no_task() -> None:
    response = httpx.Response(200, json={"data": "a60747d7"})
    assert read_submission(response) == OutcomeUnknown(reason="HTTP 200, code -1")
