"""A deployment with ``Events=false``: nobody is promised what nobody will tell."""

import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Final

import pytest
from ringback.aws.job_table import JobTable
from ringback.domain.clock import utc_now
from ringback.domain.jobs import JobStatus
from ringback.use_cases.webhook_rules import DISABLED

from tests.integration.test_drops import put, receipts
from tests.support.aws import Cloud
from tests.support.jobs import a_job, a_job_id, a_request
from tests.support.lambdas import Lambdas, a_batch, an_event, with_body
from tests.support.loopback_provider import LoopbackProvider
from tests.support.posts import DONE, REQUEST, a_post, accept, body_of
from tests.support.seeds import SEEDS, read_seed

KEY: Final = "rb-key-of-the-studio"
URL: Final = "https://studio.example/hooks"
LONG_AGO: Final = timedelta(days=1)


@pytest.fixture(autouse=True)
def switched_off(cloud: Cloud, lambdas: Lambdas) -> None:
    lambdas.settings |= {"TELLS_EVENTS": "false", "NOTIFY_QUEUE_URL": ""}
    cloud.put_secret(cloud.client_keys_secret, {"studio": sha256(KEY.encode()).hexdigest()})


def test_only_a_request_with_a_call_back_url_is_refused(cloud: Cloud, lambdas: Lambdas) -> None:
    reply = lambdas("accept_job", a_post({**REQUEST, "callBackUrl": URL}))
    assert reply["statusCode"] == 400
    assert body_of(reply)["errors"] == [{"field": "callBackUrl", "message": DISABLED}]
    assert lambdas.sent(cloud.submit_queue) == []
    assert accept(lambdas)["status"] == "accepted"


def test_a_row_with_a_call_back_url_is_refused(cloud: Cloud, lambdas: Lambdas) -> None:
    rows = [{**REQUEST, "callBackUrl": URL}, REQUEST]
    event = put(cloud, "requests/kites.jsonl", "\n".join(map(json.dumps, rows)).encode())
    assert lambdas("take_drops", event) == DONE
    refused, made = receipts(cloud, "requests/kites.jsonl")
    assert refused["errors"] == [{"field": "callBackUrl", "message": DISABLED}]
    assert made["job_id"]


@pytest.mark.usefixtures("provider")
def test_a_provider_s_own_request_with_a_call_back_url_is_refused(lambdas: Lambdas) -> None:
    seeds = [read_seed(file, key=KEY) for file in SEEDS]
    seed = next(each for each in seeds if each.path == "/api/v1/jobs/createTask")
    event = with_body(an_event("serve_provider_apis", "kie_create_task"), seed.body)
    answer = body_of(lambdas("serve_provider_apis", event | {"headers": seed.headers}))
    assert answer["code"] == 422
    assert DISABLED in answer["msg"]


def test_no_webhook_is_sent_again(cloud: Cloud, lambdas: Lambdas) -> None:
    request = replace(a_request(), call_back_url=URL)
    JobTable.connect(cloud.table).create(a_job(JobStatus.SUCCEEDED, request=request))
    event = an_event("change_job", "notify") | {"pathParameters": {"job_id": a_job_id()}}
    reply = lambdas("change_job", event)
    assert reply["statusCode"] == 400
    assert body_of(reply)["errors"] == [{"field": "", "message": DISABLED}]


def test_a_check_sees_to_no_telling(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    job = a_job(JobStatus.EXPIRED, changes=3, updated_at=utc_now() - LONG_AGO)
    JobTable.connect(cloud.table).create(job)
    batch = a_batch("check_jobs", "due", {"job_id": a_job_id()})
    assert lambdas("check_jobs", batch) == DONE
    assert (lambdas.written(), provider.requests) == ([], [])


def test_a_client_that_would_follow_is_told_why_not(cloud: Cloud, lambdas: Lambdas) -> None:
    event = an_event("follow_jobs", "follow") | {"body": json.dumps({"key": KEY})}
    assert lambdas("follow_jobs", event) == {"statusCode": 200}
    calls = {each.operation: each.parameters for each in lambdas.aws_calls}
    assert DISABLED in calls["PostToConnection"]["Data"].decode()
    assert "DeleteConnection" in calls
