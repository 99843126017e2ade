"""The submit queue, with whole events; only the provider is a stub."""

import hmac
from base64 import urlsafe_b64encode
from datetime import timedelta

import boto3
import pytest
from ringback.aws.accounts import AccountTable
from ringback.domain.accounts import Hold
from ringback.domain.jobs import ErrorKind, JobStatus
from ringback.use_cases.submit_job import TIME_TO_PAY

from tests.support.aws import CALLBACK_BASE_URL, CALLBACK_KEY, Cloud
from tests.support.jobs import MODEL, NOON
from tests.support.lambdas import AwsCall, FakeContext, Lambdas, a_batch
from tests.support.loopback_provider import CREATE, CUT, LoopbackProvider
from tests.support.posts import (
    ANSWERED,
    DONE,
    TASK,
    a_post,
    a_submit_message,
    accept,
    submit,
    the_job,
    waiting,
)


def test_the_callback_url_names_the_job_and_has_its_token(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.will_answer(CREATE, ANSWERED)
    job_id = submit(lambdas)["job_id"]
    signed = hmac.digest(CALLBACK_KEY.encode(), f"kie:{job_id}".encode(), "sha256")
    token = urlsafe_b64encode(signed).decode().rstrip("=")
    url = provider.requests[0].body["callBackUrl"]
    assert url == f"{CALLBACK_BASE_URL}/callbacks/kie/{job_id}/{token}"
    assert the_job(cloud, job_id).callback_base_url == CALLBACK_BASE_URL


@pytest.mark.parametrize(("code", "status"), [(400, 200), (422, 200), (404, 404), (505, 200)])
def test_a_final_refusal_keeps_the_provider_s_message(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, code: int, status: int
) -> None:
    provider.will_answer(CREATE, {"code": code, "msg": "No, because."}, status=status)
    shown = submit(lambdas)
    assert shown["status"] == "failed"
    assert shown["error"] == {
        "kind": ErrorKind.REFUSED,
        "code": str(code),
        "message": "No, because.",
        "may_be_charged": False,
    }
    assert waiting(lambdas) == []


@pytest.mark.parametrize(("code", "delay"), [(429, 10), (455, 300)])
def test_a_temporary_refusal_is_queued_again(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, code: int, delay: int
) -> None:
    provider.will_answer(CREATE, {"code": code, "msg": "Slow down."})
    shown = submit(lambdas)
    assert shown["status"] == "accepted"
    assert waiting(lambdas) == [(shown["job_id"], delay)]
    assert the_job(cloud, shown["job_id"]).queued_at is not None
    item = boto3.client("dynamodb").get_item(
        TableName=cloud.table, Key={"job_id": {"S": shown["job_id"]}}
    )["Item"]
    # Any version may have to send it.
    assert ("packed" in item, "prompt" in item["request"]["S"]) == (False, True)


def test_an_unreachable_provider_has_created_nothing(cloud: Cloud, lambdas: Lambdas) -> None:
    lambdas.settings["KIE_BASE_URL"] = "http://127.0.0.1:9"
    shown = submit(lambdas)
    assert shown["status"] == "accepted"
    assert waiting(lambdas) == [(shown["job_id"], 30)]


AMBIGUOUS = {
    "cut": CUT,
    "a server error of its own": (500, b'{"code": 500, "msg": "Server error"}'),
    "its own error under 200": (200, b'{"code": 500, "msg": "Server error"}'),
    "a gateway's error": (502, b"<html>Bad Gateway</html>"),
    "no task id": (200, b'{"code": 200, "msg": "success", "data": {}}'),
    "unreadable": (200, b"{"),
}


@pytest.mark.parametrize("answer", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_an_unknown_outcome_is_never_sent_again(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, answer: tuple[int, bytes]
) -> None:
    provider.answers[CREATE] = answer
    shown = submit(lambdas, a_post(key="k"))
    assert shown["status"] == "submitting"
    provider.will_answer(CREATE, ANSWERED)
    assert lambdas("submit_job", a_submit_message(shown["job_id"])) == DONE
    again = accept(lambdas, a_post(key="k"))
    assert (again["job_id"], again["status"]) == (shown["job_id"], "submitting")
    assert len(provider.requests) == 1
    assert the_job(cloud, shown["job_id"]).status is JobStatus.SUBMITTING
    assert waiting(lambdas) == []


def test_jobs_over_the_rate_limit_wait_for_a_slot(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.will_answer(CREATE, ANSWERED)
    lambdas.settings |= {"KIE_CREATES_PER_WINDOW": "2", "KIE_WINDOW_SECONDS": "900"}
    shown = [submit(lambdas) for _ in range(5)]
    late = [job["job_id"] for job in shown if job["status"] == "accepted"]
    assert shown[0]["status"] == "running"
    # At least the jobs over the limit of two windows: one may end while the test runs.
    assert late
    assert len(provider.at(CREATE)) == 5 - len(late)
    queued = waiting(lambdas)
    assert [job_id for job_id, _ in queued] == late
    assert all(0 < delay <= 900 for _, delay in queued)
    assert all(the_job(cloud, job_id).queued_at for job_id in late)


def test_an_early_message_waits_again(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.will_answer(CREATE, ANSWERED)
    lambdas.settings |= {"KIE_CREATES_PER_WINDOW": "1", "KIE_WINDOW_SECONDS": "900"}
    early = [submit(lambdas) for _ in range(3)][-1]
    message, _ = lambdas.sent(cloud.submit_queue)[-1]
    assert message["job_id"] == early["job_id"]
    message_batch = a_batch("submit_job", "queue_turn", message)
    before = len(provider.requests)
    assert lambdas("submit_job", message_batch) == DONE
    assert the_job(cloud, early["job_id"]).status is JobStatus.ACCEPTED
    assert len(provider.requests) == before
    assert lambdas.sent(cloud.submit_queue)[-1][0] == message


def test_duplicate_messages_send_a_job_once(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.will_answer(CREATE, {"code": 455, "msg": "Maintenance."})
    job_id = submit(lambdas)["job_id"]
    provider.will_answer(CREATE, ANSWERED)
    message, _ = lambdas.sent(cloud.submit_queue)[-1]
    over = Hold(reason="maintenance", since=NOON, until=NOON, model=MODEL)
    AccountTable.connect(cloud.table).hold("kie", over)
    for _ in range(2):
        message_batch = a_batch("submit_job", "queue_turn", message)
        assert lambdas("submit_job", message_batch) == DONE
    job = the_job(cloud, job_id)
    assert (job.status, job.attempts, job.task_id) == (JobStatus.RUNNING, 1, TASK)
    assert len(provider.at(CREATE)) == 2


def test_an_answer_that_was_sent_to_the_queue_is_recorded(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.answers[CREATE] = CUT
    job_id = submit(lambdas)["job_id"]
    attempt_id = the_job(cloud, job_id).attempt_id
    assert attempt_id
    assert len(attempt_id) == 16
    created = {"kind": "created", "answer": {"task_id": TASK}}
    message = {"job_id": job_id, "attempt_id": attempt_id, **created}
    for _ in range(2):
        assert lambdas("submit_job", a_batch("submit_job", "queue_turn", message)) == DONE
    job = the_job(cloud, job_id)
    assert (job.status, job.task_id) == (JobStatus.RUNNING, TASK)
    assert len(provider.requests) == 1


def test_without_time_left_nothing_is_bought(
    lambdas: Lambdas, provider: LoopbackProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.will_answer(CREATE, ANSWERED)
    left = int(TIME_TO_PAY * 1000) - 1
    monkeypatch.setattr(FakeContext, "get_remaining_time_in_millis", lambda _: left)
    shown = submit(lambdas)
    assert (shown["status"], provider.requests) == ("accepted", [])
    assert waiting(lambdas) == [(shown["job_id"], 1)]


def test_failed_messages_of_a_batch_are_reported(
    lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    batch = a_batch("submit_job", "queue_turn", "not JSON", {"job_id": "job_gone"})
    assert lambdas("submit_job", batch) == {
        "batchItemFailures": [{"itemIdentifier": "message-0"}, {"itemIdentifier": "message-1"}]
    }
    assert provider.requests == []


def test_the_writes_are_slot_submitting_outcome(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine the call takes long enough to be counted again, after these writes.
    monkeypatch.setattr("ringback.use_cases.submit_job.SLOW", timedelta.max)
    provider.will_answer(CREATE, ANSWERED)
    job_id = accept(lambdas)["job_id"]
    lambdas.aws_calls.clear()
    assert lambdas("submit_job", a_submit_message(job_id)) == DONE
    done = [what_it_does(call) for call in lambdas.aws_calls]
    turns = [place for place, what in enumerate(done) if what == "take a turn"]
    assert [what for what in done if what not in ("read", "take a turn")] == [
        "UpdateItem",  # submitting
        "UpdateItem",  # running
    ]
    assert turns
    assert turns[-1] < done.index("UpdateItem")


def what_it_does(call: AwsCall) -> str:
    if call.operation in ("GetItem", "BatchGetItem", "GetSecretValue"):
        return "read"
    if call.operation == "SendMessage":
        return "send a message"
    key = call.parameters.get("Key", {}).get("job_id", {}).get("S", "")
    return "take a turn" if key.startswith("window#") else call.operation
