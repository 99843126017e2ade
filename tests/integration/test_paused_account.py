"""An account without credits, with whole events: paused, probed, resumed; and what jobs say."""

import json
from typing import Any

import boto3
import pytest
from ringback.aws.accounts import AccountTable
from ringback.domain.accounts import Account
from ringback.domain.jobs import JobStatus

from tests.support.aws import Cloud
from tests.support.lambdas import Lambdas, a_batch, an_event
from tests.support.loopback_provider import CREATE, CREDIT, LoopbackProvider
from tests.support.posts import (
    ANSWERED,
    DONE,
    a_post,
    a_submit_message,
    accept,
    body_of,
    submit,
    the_job,
    the_probe,
    waiting,
)

REASONS = {401: "key_refused", 402: "no_credits", 403: "key_refused", 433: "key_limit_reached"}


def account(cloud: Cloud) -> Account:
    return AccountTable.connect(cloud.table).read("kie")


def shown(lambdas: Lambdas, job_id: str) -> dict[str, Any]:
    event = an_event("query_jobs", "one") | {"pathParameters": {"job_id": job_id}}
    return body_of(lambdas("query_jobs", event))


def logged(lambdas: Lambdas, message: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in lambdas.log.getvalue().splitlines() if line[:1] == "{"]
    return [line for line in lines if line["message"] == message]


def has_credits(provider: LoopbackProvider, credits: float) -> None:
    provider.will_answer(CREDIT, {"code": 200, "msg": "success", "data": credits})


@pytest.mark.parametrize(("code", "reason"), REASONS.items())
def test_an_account_is_paused_probed_and_opened_by_one_job(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, code: int, reason: str
) -> None:
    provider.will_answer(CREATE, {"code": code, "msg": "No."})
    first = submit(lambdas, a_post(key="1"))["job_id"]
    second = submit(lambdas, a_post(key="2"))["job_id"]
    assert len(provider.at(CREATE)) == 1
    for job_id in (first, second):
        job = shown(lambdas, job_id)
        assert (job["status"], job["error"], job["attempts"]) == ("accepted", None, 0)
        assert job["waiting_for"].keys() == {"reason", "provider", "since"}
        assert (job["waiting_for"]["reason"], job["waiting_for"]["provider"]) == (reason, "kie")
    assert {job_id for job_id, _ in waiting(lambdas)} == {first, second}
    [(probe, delay)] = [each for each in lambdas.sent(cloud.check_queue) if "probe" in each[0]]
    assert (probe["probe"]["provider"], delay) == ("kie", 30)

    has_credits(provider, 0)
    assert lambdas("check_jobs", the_probe(lambdas)) == DONE
    assert not account(cloud).is_half_open
    assert lambdas("submit_job", a_submit_message(second)) == DONE
    has_credits(provider, 0.5)
    assert lambdas("check_jobs", the_probe(lambdas)) == DONE
    assert account(cloud).is_half_open
    assert shown(lambdas, first)["waiting_for"]["reason"] == reason

    provider.will_answer(CREATE, ANSWERED)
    for job_id in (first, second):
        assert lambdas("submit_job", a_submit_message(job_id)) == DONE
        assert the_job(cloud, job_id).status is JobStatus.RUNNING
    assert account(cloud).pause is None
    assert len(provider.at(CREATE)) == 3
    [paused] = logged(lambdas, "account paused")
    assert (paused["level"], paused["provider"], paused["waits_for"]) == ("WARNING", "kie", reason)
    assert len(logged(lambdas, "account open again")) == 1


def test_the_account_s_item_has_no_secret(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.will_answer(CREATE, {"code": 402, "msg": "kie-key has no credits"})
    submit(lambdas)
    item = boto3.client("dynamodb").get_item(
        TableName=cloud.table, Key={"job_id": {"S": "account#kie#state"}}
    )["Item"]
    assert "kie-key" not in json.dumps(item)
    assert item.keys() == {
        *("job_id", "reason", "since", "probe_id", "probe_at", "refused_job", "forget_at")
    }


@pytest.mark.parametrize(
    ("code", "reason", "seconds"), [(429, "rate_limited", 10), (455, "maintenance", 300)]
)
def test_a_job_says_that_its_provider_refuses_for_now(
    cloud: Cloud,
    lambdas: Lambdas,
    provider: LoopbackProvider,
    code: int,
    reason: str,
    seconds: int,
) -> None:
    provider.will_answer(CREATE, {"code": code, "msg": "Later."})
    job = shown(lambdas, submit(lambdas)["job_id"])
    waits = job["waiting_for"]
    assert (waits["reason"], waits["provider"]) == (reason, "kie")
    hold = account(cloud).hold
    assert hold is not None
    assert (hold.until - hold.since).total_seconds() == seconds
    assert (waits["since"], waits["until"]) == (hold.since.isoformat(), hold.until.isoformat())


def resume(lambdas: Lambdas, name: str = "kie") -> dict[str, Any]:
    event = an_event("change_job", "resume") | {"pathParameters": {"name": name}}
    reply = lambdas("change_job", event)
    return {"status_code": reply["statusCode"], **body_of(reply)}


def test_any_client_lets_one_job_try_a_paused_account(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    assert resume(lambdas)["state"] == "open"
    provider.will_answer(CREATE, {"code": 402, "msg": "No."})
    job_id = submit(lambdas)["job_id"]
    told = resume(lambdas)
    assert (told["status_code"], told["state"], told["reason"]) == (200, "half_open", "no_credits")
    assert job_id not in json.dumps(told)
    nudge, delay = lambdas.sent(cloud.submit_queue)[-1]
    assert (nudge, delay) == ({"job_id": job_id, "slot": None, "nudge": True}, 0)
    provider.will_answer(CREATE, ANSWERED)
    assert provider.at(CREDIT) == []
    assert lambdas("submit_job", a_batch("submit_job", "nudge", nudge)) == DONE
    assert (the_job(cloud, job_id).status, account(cloud).pause) == (JobStatus.RUNNING, None)


def test_a_provider_that_does_not_exist_cannot_be_resumed(lambdas: Lambdas) -> None:
    reply = resume(lambdas, "acme")
    assert (reply["status_code"], reply["detail"]) == (
        404,
        "Unknown provider; GET /models names each model's.",
    )
    assert lambdas.written() == []


def test_a_queued_refusal_pauses_the_account_as_well(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    """The answer waited in the submit queue while the table could not be written to."""
    job_id = accept(lambdas)["job_id"]
    provider.will_answer(CREATE, {"code": 500, "msg": "?"})
    lambdas("submit_job", a_submit_message(job_id))
    answer = {
        "job_id": job_id,
        "attempt_id": the_job(cloud, job_id).attempt_id,
        "kind": "refused",
        "answer": {
            "code": "402",
            "message": "No.",
            "retry_after": None,
            "account": "no_credits",
            "of_a_newer_version": 1,
        },
    }
    assert lambdas("submit_job", a_batch("submit_job", "queue_turn", answer)) == DONE
    pause = account(cloud).pause
    assert pause is not None
    assert (pause.reason, the_job(cloud, job_id).status) == ("no_credits", JobStatus.ACCEPTED)
