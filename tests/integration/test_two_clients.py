"""Every route with two clients: nothing of one is in any answer to the other."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from ringback.aws.accounts import AccountTable
from ringback.aws.drop_progress import DropProgressTable
from ringback.aws.job_table import JobTable
from ringback.aws.receivers import ReceiverTable, WebhookClientTable
from ringback.domain.accounts import PauseReason, Probe
from ringback.domain.client_keys import Scope
from ringback.domain.cursors import Cursors
from ringback.domain.drops import Drop, Progress
from ringback.domain.jobs import GONE, Job, JobStatus, ProviderTaskId
from ringback.domain.receivers import ClientWebhooks, Receiver
from ringback.use_cases.authorize_client import NO_SCHEME

from tests.support.aws import Cloud
from tests.support.jobs import MODEL, NOON, a_job, a_job_id, a_stored_image
from tests.support.lambdas import Lambdas, an_event
from tests.support.template import routes

OWN, OTHER = "studio", "shop"
SOURCES = ("requests/kites.csv", "requests/seas.csv")
OWN_SOURCE = "requests/of my own.csv"
OTHERS_SOURCE, NO_SOURCE = "requests/of the other.csv", "requests/of nobody.csv"
KEY = "order-66"


# All that ask for a client's key.
ROUTES = sorted(routes("JobsApi", with_key=True))
NAMES = ("job_id", "model_id", "name", "id", "file")
assert len(ROUTES) >= 8


def a_request(
    route: str, *, job_id: str = "", query: dict[str, str] | None = None, key: str = ""
) -> dict[str, Any]:
    method, path = route.split(" ") if " " in route else ("DELETE", "/jobs")
    event = an_event("accept_job", "post") | {"routeKey": route, "rawPath": path}
    event["requestContext"]["http"] |= {"method": method, "path": path}
    event["requestContext"]["authorizer"] = {"lambda": {"client": OWN, "scopes": " ".join(Scope)}}
    event["pathParameters"] = dict.fromkeys(NAMES, job_id) if "{" in path else {}
    event["queryStringParameters"] = query or {}
    if key:
        event["headers"]["idempotency-key"] = key
    if path == "/jobs/batch":
        event["body"] = json.dumps({"jobs": [json.loads(event["body"])]})
    if path == "/uploads":
        event["body"] = an_event("open_upload", "jpeg")["body"]
    return event


def a_world(cloud: Cloud, *, seed: int) -> list[Job]:
    """Store jobs of both clients, of the same files, and pause the account for one of them."""
    random, table, jobs = Random(seed), JobTable.connect(cloud.table), list[Job]()  # noqa: S311
    for number in range(14):
        status = random.choice([status for status in JobStatus if status not in GONE])
        client = random.choice((OWN, OTHER))
        images = (replace(a_stored_image(1), key=f"images/{a_job_id(number)}/1.png"),)
        job = a_job(
            status,
            number=number,
            client=client,
            source=random.choice((None, *SOURCES)),
            task_id=ProviderTaskId(f"task_of_{client}_{number}_"),
            images=images if status is JobStatus.SUCCEEDED else (),
            # The same key: it is each client's own.
            idempotency_key=KEY if client not in {each.client for each in jobs} else None,
        )
        jobs.append(table.create(job).job)
    for client in (OWN, OTHER):
        receiver = f"https://{client}.example/hooks"
        WebhookClientTable.connect(cloud.table).put(ClientWebhooks(client=client, url=receiver))
        failing = Receiver(client=client, host=f"jobs.{client}.example")
        ReceiverTable.connect(cloud.table).failed(failing, at=NOON, timed_out=False)
        drops = DropProgressTable.connect(cloud.table)
        for source in (*SOURCES, OTHERS_SOURCE if client == OTHER else OWN_SOURCE):
            drop = Drop(bucket=cloud.drop_bucket, key=source, version=f"version_of_{client}")
            drops.advance(drop, seen=None, to=Progress(made_at=NOON, owner=client), at=NOON)
    other = a_job(JobStatus.FAILED, number=14, client=OTHER, source=OTHERS_SOURCE)
    AccountTable.connect(cloud.table).pause(
        Probe(provider="kie", probe_id="probe"),
        reason=PauseReason.NO_CREDITS,
        at=NOON,
        began_at=NOON,
        probe_at=NOON,
        refused_job=other.job_id,
    )
    return [*jobs, table.create(other).job]


def requests(route: str, jobs: list[Job]) -> Iterator[dict[str, Any]]:
    if "{" in route:
        for job_id in [*(job.job_id for job in jobs), a_job_id(77), "job_"]:
            yield a_request(route, job_id=job_id)
            yield a_request(route, job_id=job_id, key=KEY)
        for name in ("kie", MODEL, f"{OWN}.example", f"{OTHER}.example", *SOURCES, OTHERS_SOURCE):
            yield a_request(route, job_id=name)
        return
    for file in (*SOURCES, OTHERS_SOURCE):
        yield a_request(route, query={"source": file, "status": "failed"})
    positions = (None, jobs[5].job_id, jobs[10].job_id, a_job_id(99))
    for source, limit, position in itertools.product((None, *SOURCES), (None, "1", "3"), positions):
        asked = {"source": source} if source else {}
        query = asked | ({"limit": limit} if limit else {})
        # Also positions that the client could not have been told.
        cursor = {"cursor": Cursors(OWN, asked).after([position])} if position else {}
        yield a_request(route, query=query | cursor)
    for by, position in itertools.product(("day", "model"), positions):
        asked = {"from": "2026-01-01", "by": by}
        cursor = {"cursor": Cursors(OWN, asked).after([position])} if position else {}
        yield a_request(route, query=asked | cursor)
    yield a_request(route, key=KEY)
    yield a_request(route, query={"from": f"{NOON:%Y-%m-%d}"})


def test_usage_counts_no_job_of_another_client(cloud: Cloud, lambdas: Lambdas) -> None:
    own = sum(job.client == OWN for job in a_world(cloud, seed=1))
    reply = lambdas("manage_account", a_request("GET /usage", query={"from": "2026-01-01"}))
    assert sum(each["jobs"] for each in json.loads(reply["body"])["usage"]) == own


@pytest.mark.parametrize("seed", [1])
@pytest.mark.parametrize(("function", "route"), ROUTES, ids=[route for _, route in ROUTES])
def test_nothing_of_another_client_is_in_any_answer(
    cloud: Cloud, lambdas: Lambdas, function: str, route: str, seed: int
) -> None:
    jobs = a_world(cloud, seed=seed)
    others = [job for job in jobs if job.client == OTHER]
    unknown, statuses = None, set[int]()
    for request in requests(route, jobs):
        reply = lambdas(function, request)
        statuses.add(reply["statusCode"])
        for job in others:
            for secret in (job.job_id, str(job.task_id), f"{OTHER}.example", f"of_{OTHER}"):
                assert secret not in reply["body"], (request["queryStringParameters"], secret)
        asked = request["pathParameters"].get("job_id")
        if asked == a_job_id(77):
            unknown = unknown or reply
    if unknown and "job_id" in route:
        assert unknown["statusCode"] == 404
        for job in others:
            assert lambdas(function, a_request(route, job_id=job.job_id)) == unknown
    for job in others:
        assert JobTable.connect(cloud.table).get(job.job_id) == job
    # Not by refusing everything.
    assert min(statuses) < 300 or route == "$default"


def test_another_client_s_file_is_an_unknown_file(cloud: Cloud, lambdas: Lambdas) -> None:
    a_world(cloud, seed=1)
    replies = [
        lambdas(function, a_request(route, query={"source": source, **more}))
        for function, route, more in (
            ("query_jobs", "GET /jobs", {}),
            ("change_job", "POST /jobs/retry", {"status": "failed"}),
        )
        for source in (OTHERS_SOURCE, NO_SOURCE)
    ]
    assert [reply["statusCode"] for reply in replies] == [200, 200, 404, 404]
    assert replies[0] == replies[1]
    assert lambdas.sent(cloud.drop_queue) == []


@pytest.mark.parametrize("limit", [1, 3])
def test_pages_of_a_file_have_all_own_jobs_and_no_other(
    cloud: Cloud, lambdas: Lambdas, limit: int
) -> None:
    jobs = a_world(cloud, seed=limit)
    for source in SOURCES:
        own = [job.job_id for job in jobs if (job.client, job.source) == (OWN, source)]
        seen, query = list[str](), {"source": source, "limit": str(limit)}
        while query.get("cursor", "") is not None:
            reply = lambdas("query_jobs", a_request("GET /jobs", query=query))
            page = json.loads(reply["body"])
            seen += [job["job_id"] for job in page["jobs"]]
            if page["cursor"] is None:
                break
            assert len(page["jobs"]) == limit
            query["cursor"] = page["cursor"]
        assert seen == sorted(own, reverse=True)


@pytest.mark.parametrize(("function", "route"), ROUTES, ids=[route for _, route in ROUTES])
def test_a_request_without_a_client_is_answered_401(
    lambdas: Lambdas, function: str, route: str
) -> None:
    """The authorizer lets a malformed header through to get its reason across, and no client."""
    request = a_request(route, job_id=a_job_id())
    request["requestContext"]["authorizer"] = {"lambda": {"refusal": NO_SCHEME}}
    reply = lambdas(function, request)
    assert (reply["statusCode"], json.loads(reply["body"])["detail"]) == (401, NO_SCHEME)
    assert lambdas.aws_calls == []
    request["requestContext"]["authorizer"] = {"lambda": {}}
    with pytest.raises(KeyError):
        lambdas(function, request)
