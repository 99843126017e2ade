"""GET /jobs and GET /jobs/{job_id}, with whole events."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from ringback.aws.accounts import AccountTable
from ringback.aws.job_table import JobTable
from ringback.aws.table_items import job_key
from ringback.domain.accounts import PauseReason, Probe
from ringback.domain.jobs import Job, JobStatus

from tests.support.aws import Cloud
from tests.support.jobs import (
    NOON,
    PROMPT,
    TASK,
    a_job,
    a_job_id,
    a_stored_image,
    a_tagged_request,
)
from tests.support.lambdas import Lambdas, an_event, with_headers


def ask_for(job_id: object) -> dict[str, Any]:
    return an_event("query_jobs", "one") | {"pathParameters": {"job_id": job_id}}


def ask_page(**query: str) -> dict[str, Any]:
    return an_event("query_jobs", "page") | ({"queryStringParameters": query} if query else {})


def body_of(reply: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(reply["body"])
    return body


def stored(cloud: Cloud, *jobs: Job) -> None:
    table = JobTable.connect(cloud.table)
    for job in jobs:
        table.create(job)


def test_a_job_is_shown_with_links_to_its_images(cloud: Cloud, lambdas: Lambdas) -> None:
    images = (a_stored_image(1), a_stored_image(2))
    stored(cloud, a_job(JobStatus.SUCCEEDED, images=images))
    reply = lambdas("query_jobs", ask_for(a_job_id()))
    shown = body_of(reply)
    assert reply["statusCode"] == 200
    assert reply["headers"]["cache-control"] == "no-store"
    assert (shown["job_id"], shown["status"]) == (a_job_id(), "succeeded")
    assert shown["input"]["prompt"] == PROMPT
    for image, place in zip(shown["images"], images, strict=True):
        link = urlsplit(image["url"])
        query = parse_qs(link.query)
        assert link.scheme == "https"
        assert link.hostname is not None
        assert link.hostname.startswith(cloud.bucket)
        assert link.path == f"/{place.key}"
        assert query["X-Amz-Expires"] == ["4500"]
        assert "X-Amz-Signature" in query


def test_links_have_the_configured_lifetime(cloud: Cloud, lambdas: Lambdas) -> None:
    lambdas.settings["LINK_LIFETIME_SECONDS"] = "60"
    stored(cloud, a_job(JobStatus.SUCCEEDED, images=(a_stored_image(),)))
    (image,) = body_of(lambdas("query_jobs", ask_for(a_job_id())))["images"]
    assert "X-Amz-Expires=120&" in image["url"]


def test_the_provider_s_links_and_the_idempotency_key_are_not_shown(
    cloud: Cloud, lambdas: Lambdas
) -> None:
    url = "https://cdn.example/1.png?secret"
    job = a_job(JobStatus.ARCHIVING, result_urls=(url,), images=(a_stored_image(),))
    stored(cloud, replace(job, idempotency_key="order-66"))
    text = lambdas("query_jobs", ask_for(a_job_id()))["body"]
    assert "cdn.example" not in text
    assert "order-66" not in text


NOT_OURS = [
    a_job_id(8),
    a_job_id(9),
    "",
    "job_",
    "job_x",
    a_job_id(8).upper(),
    a_job_id(8) + "0",
    f" {a_job_id(8)}",
    "idempotency#studio#" + "0" * 64,
    "window#kie#179000000",
    "../jobs",
    "\N{SNOWMAN}" * 30,
    "x" * 5000,
]


def test_another_client_s_job_is_an_unknown_job(cloud: Cloud, lambdas: Lambdas) -> None:
    stored(cloud, a_job(number=8, client="shop"))
    unknown = lambdas("query_jobs", ask_for(a_job_id(77)))
    assert unknown["statusCode"] == 404
    for job_id in NOT_OURS:
        assert lambdas("query_jobs", ask_for(job_id)) == unknown, job_id


def test_pages_are_newest_first_and_end(cloud: Cloud, lambdas: Lambdas) -> None:
    stored(cloud, *(a_job(number=n) for n in (3, 1, 5, 2, 4)), a_job(number=9, client="shop"))
    seen, query = [], {"limit": "2"}
    for _ in range(3):
        reply = lambdas("query_jobs", ask_page(**query))
        assert reply["statusCode"] == 200
        page = body_of(reply)
        seen.append([job["job_id"] for job in page["jobs"]])
        query["cursor"] = page["cursor"]
    assert seen == [[a_job_id(5), a_job_id(4)], [a_job_id(3), a_job_id(2)], [a_job_id(1)]]
    assert page["cursor"] is None


def test_a_page_has_25_jobs_by_default(cloud: Cloud, lambdas: Lambdas) -> None:
    stored(cloud, *(a_job(number=n) for n in range(26)))
    page = body_of(lambdas("query_jobs", ask_page()))
    assert [len(page["jobs"]), page["jobs"][-1]["job_id"]] == [25, a_job_id(1)]
    assert page["cursor"]
    page = body_of(lambdas("query_jobs", ask_page(limit="99")))
    assert [len(page["jobs"]), page["cursor"]] == [26, None]


def test_a_page_has_links_too(cloud: Cloud, lambdas: Lambdas) -> None:
    stored(cloud, a_job(JobStatus.SUCCEEDED, images=(a_stored_image(),)))
    (job,) = body_of(lambdas("query_jobs", ask_page()))["jobs"]
    assert a_stored_image().key in job["images"][0]["url"]


def test_a_page_has_only_the_fields_that_are_asked_for(cloud: Cloud, lambdas: Lambdas) -> None:
    stored(cloud, a_job(JobStatus.SUCCEEDED, images=(a_stored_image(),)))
    reply = lambdas("query_jobs", ask_page(fields="status,model"))
    assert body_of(reply)["jobs"] == [
        {"job_id": a_job_id(), "status": "succeeded", "model": a_job().request.model}
    ]
    # Neither links are made for it, nor is the account read.
    assert {call.operation for call in lambdas.aws_calls} == {"Query", "BatchGetItem"}
    (job,) = body_of(lambdas("query_jobs", ask_page(fields="images,waiting_for")))["jobs"]
    assert job.keys() == {"job_id", "images", "waiting_for"}


def test_jobs_are_filtered_and_a_page_reads_so_many_of_them(
    cloud: Cloud, lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringback.use_cases.list_jobs.MAX_READ", 4)
    found = a_job(number=0, request=a_tagged_request("spring"))
    stored(cloud, found, *(a_job(number=n) for n in range(1, 6)))
    query = {"tag": "spring", "q": "kite", "from": "2026-09-21", "to": "2030-01-01", "limit": "2"}
    first = body_of(lambdas("query_jobs", ask_page(**query)))
    assert first["jobs"] == []
    second = body_of(lambdas("query_jobs", ask_page(**query, cursor=first["cursor"])))
    assert ([job["tags"] for job in second["jobs"]], second["cursor"]) == ([["spring"]], None)


def test_a_client_without_jobs_has_an_empty_page(cloud: Cloud, lambdas: Lambdas) -> None:
    stored(cloud, a_job(client="shop"))
    assert body_of(lambdas("query_jobs", ask_page())) == {"jobs": [], "cursor": None}


def test_the_recorded_page_events_are_served(lambdas: Lambdas) -> None:
    for case in ("page", "page_with_cursor"):
        assert lambdas("query_jobs", an_event("query_jobs", case))["statusCode"] == 200


WRONG_QUERIES: list[tuple[dict[str, str], list[str]]] = [
    ({"limit": "0"}, ["limit"]),
    ({"limit": "100"}, ["limit"]),
    ({"limit": "-1"}, ["limit"]),
    ({"limit": "1,2"}, ["limit"]),
    ({"limit": "\N{ARABIC-INDIC DIGIT TWO}"}, ["limit"]),
    ({"status": "done", "from": "1", "to": "1", "fields": "x"}, ["fields", "from", "status", "to"]),
    ({"model": "", "tag": "", "q": "", "source": ""}, ["model", "q", "source", "tag"]),
    ({"source": "receipts/#shop"}, ["source"]),
    ({"limit": "ten", "cursor": "x", "page": "2"}, ["cursor", "limit", "page"]),
]


def test_every_invalid_parameter_is_named(lambdas: Lambdas) -> None:
    for query, named in WRONG_QUERIES:
        reply = lambdas("query_jobs", ask_page(**query))
        assert reply["statusCode"] == 400, query
        assert reply["headers"]["content-type"] == "application/problem+json"
        assert sorted(error["field"] for error in body_of(reply)["errors"]) == named


def test_a_cursor_of_another_list_is_refused(cloud: Cloud, lambdas: Lambdas) -> None:
    stored(cloud, *(a_job(number=n, client="shop") for n in range(2)))
    theirs = ask_page(limit="1")
    theirs["requestContext"]["authorizer"]["lambda"]["client"] = "shop"
    cursor = body_of(lambdas("query_jobs", theirs))["cursor"]
    replies = [lambdas("query_jobs", ask_page(cursor=each)) for each in (cursor, "x", a_job_id())]
    assert {reply["statusCode"] for reply in replies} == {422}
    assert len({reply["body"] for reply in replies}) == 1


@pytest.mark.parametrize("event", [ask_page(), ask_for(a_job_id())])
def test_a_request_without_an_authorizer_is_an_error(
    lambdas: Lambdas, event: dict[str, Any]
) -> None:
    context = {**event["requestContext"]}
    del context["authorizer"]
    with pytest.raises(KeyError):
        lambdas("query_jobs", event | {"requestContext": context})
    assert lambdas.aws_calls == []


LATER = NOON + timedelta(minutes=1)
WRITES: list[Callable[[JobTable], object]] = [
    # Two that change nothing that is shown: this one and the last.
    lambda jobs: jobs.mark_queued(a_job_id(), at=LATER),
    lambda jobs: jobs.move(
        a_job_id(), expect=[JobStatus.ACCEPTED], to=JobStatus.SUBMITTING, at=LATER
    ),
    lambda jobs: jobs.keep_task(a_job_id(), TASK),
    lambda jobs: jobs.move(
        a_job_id(), expect=[JobStatus.SUBMITTING], to=JobStatus.ARCHIVING, at=LATER
    ),
    lambda jobs: jobs.add_images(a_job_id(), a_stored_image(), at=LATER),
    lambda jobs: jobs.add_thumbnails(a_job_id(), {1: "images/1.thumbnail.webp"}),
    lambda jobs: jobs.tell_again(a_job_id(), changes=2, at=LATER),
]


def test_a_job_is_sent_again_after_every_write(cloud: Cloud, lambdas: Lambdas) -> None:
    """``changes`` counts changes of state only."""
    jobs = JobTable.connect(cloud.table)
    jobs.create(a_job())
    for write in WRITES:
        tag = lambdas("query_jobs", ask_for(a_job_id()))["headers"]["etag"]
        write(jobs)
        reply = lambdas("query_jobs", with_headers(ask_for(a_job_id()), if_none_match=tag))
        assert (reply["statusCode"], reply["headers"]["etag"] == tag) == (200, False)


def test_a_job_is_sent_again_after_a_write_of_an_older_version(
    cloud: Cloud, lambdas: Lambdas
) -> None:
    """Which counts no writes: what it changed shows."""
    JobTable.connect(cloud.table).create(a_job())
    tag = lambdas("query_jobs", ask_for(a_job_id()))["headers"]["etag"]
    boto3.client("dynamodb").update_item(
        TableName=cloud.table,
        Key=job_key(a_job_id()),
        UpdateExpression="SET attempts = :n",
        ExpressionAttributeValues={":n": {"N": "3"}},
    )
    reply = lambdas("query_jobs", with_headers(ask_for(a_job_id()), if_none_match=tag))
    assert (reply["statusCode"], reply["headers"]["etag"][:3]) == (200, '"0-')


def test_a_pause_changes_a_job_that_is_not_written(cloud: Cloud, lambdas: Lambdas) -> None:
    JobTable.connect(cloud.table).create(a_job(queued_at=NOON))
    tag = lambdas("query_jobs", ask_for(a_job_id()))["headers"]["etag"]
    again = with_headers(ask_for(a_job_id()), if_none_match=tag)
    known = lambdas("query_jobs", again)
    assert (known["statusCode"], known["headers"]["etag"], "body" in known) == (304, tag, False)
    accounts = AccountTable.connect(cloud.table)
    probe = Probe(provider="kie", probe_id="1")
    times = {"at": NOON, "began_at": NOON, "probe_at": LATER}
    accounts.pause(probe, reason=PauseReason.NO_CREDITS, refused_job=None, **times)
    assert lambdas("query_jobs", again)["statusCode"] == 200
