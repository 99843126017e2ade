"""The providers' own endpoints, with whole events, up to what is sent to the provider."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ringback.aws.accounts import AccountTable
from ringback.aws.job_table import JobTable
from ringback.domain.accounts import Balance, Probe
from ringback.domain.clock import utc_now
from ringback.domain.jobs import Job, JobStatus

from tests.support.aws import Cloud
from tests.support.jobs import PROMPT, a_job, a_job_id, a_stored_image
from tests.support.lambdas import Lambdas, a_batch, an_event, with_body, with_headers
from tests.support.loopback_provider import CREATE, LoopbackProvider
from tests.support.posts import ANSWERED, DONE, TASK, body_of, the_job
from tests.support.provider_apis import HASHES, STUDIO_KEY
from tests.support.seeds import SEEDS, read_seed

API = "serve_provider_apis"
BEARER = f"Bearer {STUDIO_KEY}"
CASES = (
    *("kie_create_task", "kie_record_info", "kie_credit"),
    *("chanjing_access_token", "chanjing_submit", "chanjing_task", "chanjing_task_page"),
)


@pytest.fixture
def keys(cloud: Cloud) -> None:
    cloud.put_secret(cloud.client_keys_secret, HASHES)


def call(
    lambdas: Lambdas, case: str, body: object = None, *, query: Any = None, **headers: str
) -> dict[str, Any]:
    """Call a route with the studio's key, and return the answer's body."""
    event = an_event(API, case)
    if body is not None:
        event = with_body(event, json.dumps(body).encode())
    if query:
        event |= {"queryStringParameters": query}
    given = headers or {"authorization": BEARER, "access_token": STUDIO_KEY}
    event = event | {"headers": event["headers"] | given}
    reply = lambdas(API, event)
    assert reply["statusCode"] == 200, reply
    assert reply["headers"]["content-type"] == "application/json"
    return body_of(reply)


def stored(cloud: Cloud, *jobs: Job) -> None:
    for job in jobs:
        JobTable.connect(cloud.table).create(job)


def submitted(lambdas: Lambdas, job_id: str) -> None:
    [(message, delay)] = lambdas.sent(lambdas.cloud.submit_queue)
    assert (message["job_id"], delay) == (job_id, 0)
    assert lambdas("submit_job", a_batch("submit_job", "queue_turn", message)) == DONE


# ------------------------------------------------------------------ the examples of the pages


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("file", SEEDS, ids=lambda file: file.stem)
def test_an_example_of_a_provider_s_page_is_a_job(
    cloud: Cloud, lambdas: Lambdas, file: Path
) -> None:
    """Nothing is changed but host and key."""
    seed = read_seed(file, key=STUDIO_KEY)
    case = {"/api/v1/jobs/createTask": "kie_create_task"}.get(seed.path, "chanjing_submit")
    event = an_event(API, case)
    assert event["routeKey"] == seed.route
    event = with_body(event | {"headers": seed.headers}, seed.body)
    answer = body_of(lambdas(API, event))
    assert answer["msg"] == "success", answer
    job_id = answer["data"]["taskId"] if case == "kie_create_task" else answer["data"]
    job, sent = the_job(cloud, job_id), json.loads(seed.body)
    assert (job.client, job.status) == ("studio", JobStatus.ACCEPTED)
    assert job.request.call_back_url == sent.get("callBackUrl")
    given = sent.get("input", sent)
    for name, value in job.request.input.items():
        assert given[name] == value, name
    assert lambdas.sent(cloud.submit_queue) == [({"job_id": job_id, "slot": None}, 0)]


def test_there_are_five_examples() -> None:
    assert len(SEEDS) == 5


# ------------------------------------------------------------------ kie.ai


@pytest.mark.usefixtures("keys")
def test_a_task_of_kie_is_sent_to_kie_and_looked_up(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.will_answer(CREATE, ANSWERED)
    task_id = call(lambdas, "kie_create_task")["data"]["taskId"]
    assert provider.requests == []
    submitted(lambdas, task_id)
    [sent] = provider.at(CREATE)
    assert sent.body["input"]["prompt"] == PROMPT
    # The provider calls us back, not our client.
    assert "/callbacks/kie/" in sent.body["callBackUrl"]
    record = call(lambdas, "kie_record_info", query={"taskId": task_id})
    assert (record["data"]["taskId"], record["data"]["state"]) == (task_id, "generating")
    assert TASK not in json.dumps(record)
    assert the_job(cloud, task_id).request.form == "kie"


@pytest.mark.usefixtures("keys")
def test_a_finished_task_of_kie_has_presigned_links(cloud: Cloud, lambdas: Lambdas) -> None:
    stored(cloud, a_job(JobStatus.SUCCEEDED, images=(a_stored_image(),), finished_at=utc_now()))
    data = call(lambdas, "kie_record_info", query={"taskId": a_job_id()})["data"]
    [link] = json.loads(data["resultJson"])["resultUrls"]
    assert f"{cloud.bucket}" in link
    assert f"/{a_stored_image().key}?" in link
    assert "X-Amz-Expires=4500" in link


@pytest.mark.usefixtures("keys")
def test_the_credits_are_read_from_the_account_s_item(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    assert call(lambdas, "kie_credit")["code"] == 505
    accounts, at = AccountTable.connect(cloud.table), utc_now()
    probe = Probe(provider="kie", probe_id="a")
    accounts.pause(probe, reason="no_credits", at=at, began_at=at, probe_at=at, refused_job=None)
    assert call(lambdas, "kie_credit")["data"] == 0
    accounts.half_open("kie", at=at, probe_id="a", balance=Balance(Decimal("12.5"), at))
    assert call(lambdas, "kie_credit") == {"code": 200, "msg": "success", "data": 12.5}
    assert provider.requests == []


# ------------------------------------------------------------------ Chanjing


@pytest.mark.usefixtures("keys")
def test_a_task_of_chanjing_is_found_with_a_token(cloud: Cloud, lambdas: Lambdas) -> None:
    app = {"app_id": "studio", "secret_key": STUDIO_KEY}
    token = call(lambdas, "chanjing_access_token", app)["data"]["access_token"]
    assert STUDIO_KEY not in token
    task_id = call(lambdas, "chanjing_submit", access_token=token)["data"]
    job = the_job(cloud, task_id)
    assert (job.request.provider, job.request.form) == ("chanjing", "chanjing")
    one = call(lambdas, "chanjing_task", query={"unique_id": task_id}, access_token=token)
    assert (one["data"]["unique_id"], one["data"]["progress_desc"]) == (task_id, "Queued")
    for ids in ([], [task_id, a_job_id(1)]):
        wanted = {"unique_ids": ids, "type": 3, "page": 1, "page_size": 50}
        page = call(lambdas, "chanjing_task_page", wanted, access_token=token)
        assert page["data"]["list"] == [one["data"]]
    assert one["trace_id"] == "8e2c1a50000040008000000000000000"


@pytest.mark.usefixtures("keys")
def test_a_token_dies_with_its_key(cloud: Cloud, lambdas: Lambdas) -> None:
    app = {"app_id": "studio", "secret_key": STUDIO_KEY}
    token = call(lambdas, "chanjing_access_token", app)["data"]["access_token"]
    cloud.put_secret(cloud.client_keys_secret, HASHES | {"studio": HASHES["shop"]})
    lambdas.restart(API)
    assert call(lambdas, "chanjing_submit", access_token=token)["code"] == 10400


# ------------------------------------------------------------------ any sender


@pytest.mark.usefixtures("keys")
def test_a_stranger_learns_and_costs_nothing(lambdas: Lambdas) -> None:
    """The recorded events have keys and tokens of nobody."""
    for case in CASES:
        answer = body_of(lambdas(API, an_event(API, case)))
        assert answer["code"] in (401, 10400, 40000), case
        assert answer["data"] is None, case
    assert {each.operation for each in lambdas.aws_calls} == {"GetSecretValue"}


@pytest.mark.usefixtures("keys")
def test_strangers_do_not_cause_a_read_each(lambdas: Lambdas) -> None:
    for _ in range(20):
        lambdas(API, an_event(API, "kie_credit"))
        lambdas(API, an_event(API, "chanjing_task"))
    assert len(lambdas.aws_calls) <= 4


def test_no_key_works_out_of_the_box(cloud: Cloud, lambdas: Lambdas) -> None:
    cloud.put_secret(cloud.client_keys_secret, {})
    for case in CASES:
        assert call(lambdas, case)["code"] in (401, 10400, 40000), case


@pytest.mark.usefixtures("keys")
def test_headers_and_bodies_come_in_any_case_and_encoding(cloud: Cloud, lambdas: Lambdas) -> None:
    event = an_event(API, "kie_create_task")
    event = with_body(event, event["body"].encode(), encoded=True)
    answer = body_of(lambdas(API, event | {"headers": {"AUTHORIZATION": f"bearer {STUDIO_KEY}"}}))
    assert the_job(cloud, answer["data"]["taskId"]).client == "studio"
    event = an_event(API, "chanjing_submit") | {"headers": {"Access_Token": STUDIO_KEY}}
    assert the_job(cloud, body_of(lambdas(API, event))["data"]).client == "studio"
    bare = {name: each for name, each in event.items() if name not in ("headers", "body")}
    assert body_of(lambdas(API, bare))["code"] == 10400


@pytest.mark.usefixtures("keys")
def test_a_repeat_with_an_idempotency_key_is_the_same_task(lambdas: Lambdas) -> None:
    event = with_headers(an_event(API, "kie_create_task"), authorization=BEARER)
    first, again = (
        body_of(lambdas(API, with_headers(event, idempotency_key="order-66"))) for _ in range(2)
    )
    assert first["data"]["taskId"] == again["data"]["taskId"]
    assert body_of(lambdas(API, event))["data"] != first["data"]


@pytest.mark.usefixtures("keys")
def test_another_client_s_task_is_an_unknown_one(cloud: Cloud, lambdas: Lambdas) -> None:
    others = a_job(number=8, client="shop")
    chanjing = replace(others.request, provider="chanjing", model="chanjing/kling-v2")
    stored(cloud, others, replace(others, job_id=a_job_id(9), request=chanjing))
    for case, field in (("kie_record_info", "taskId"), ("chanjing_task", "unique_id")):
        unknown = call(lambdas, case, query={field: a_job_id(77)})
        for job_id in (a_job_id(8), a_job_id(9), "x" * 5000, "\N{SNOWMAN}" * 30):
            assert call(lambdas, case, query={field: job_id}) == unknown
    ids = {"unique_ids": [a_job_id(9)], "type": 3, "page": 1, "page_size": 50}
    assert call(lambdas, "chanjing_task_page", ids)["data"]["list"] == []


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("case", ["kie_create_task", "chanjing_submit"])
def test_a_failed_queue_is_answered_so_that_a_repeat_is_safe(
    cloud: Cloud, lambdas: Lambdas, case: str
) -> None:
    lambdas.settings["SUBMIT_QUEUE_URL"] = f"{cloud.submit_queue}-that-is-gone"
    answer = call(lambdas, case)
    assert answer["code"] in (455, 40001)
    [job] = JobTable.connect(cloud.table).newest("studio", limit=9, before=None)
    assert job.status is JobStatus.FAILED
