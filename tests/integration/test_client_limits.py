"""A limit of jobs per client and minute, with whole events."""

import json
from datetime import UTC, datetime

import pytest
from ringback.domain.jobs import JobStatus
from ringback.http_api.replies import Reply

from tests.integration.test_query_jobs import stored
from tests.support.aws import Cloud
from tests.support.jobs import a_job, a_job_id
from tests.support.lambdas import Lambdas, an_event, with_body, with_headers
from tests.support.posts import REQUEST, a_post, body_of
from tests.support.provider_apis import HASHES, STUDIO_KEY

NOW = datetime(2026, 9, 21, 12, 0, 18, tzinfo=UTC)


@pytest.fixture
def limited(lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch) -> Lambdas:
    """Two jobs a minute, and a clock that stands."""
    lambdas.settings["CLIENT_JOBS_PER_MINUTE"] = "2"
    for function in ("accept_job", "serve_provider_apis"):
        monkeypatch.setattr(f"functions.{function}.app.utc_now", lambda: NOW)
    return lambdas


def headers_of(reply: Reply) -> tuple[str, str]:
    return reply["headers"]["ratelimit-policy"], reply["headers"]["ratelimit"]


def test_each_answer_to_a_post_tells_the_limit(limited: Lambdas) -> None:
    policy = '"jobs";q=2;w=60'
    assert headers_of(limited("accept_job", a_post(key="1"))) == (policy, '"jobs";r=1;t=42')
    assert headers_of(limited("accept_job", a_post())) == (policy, '"jobs";r=0;t=42')
    written = limited.written()
    reply = limited("accept_job", a_post())
    assert (reply["statusCode"], reply["headers"]["retry-after"]) == (429, "42")
    assert headers_of(reply) == (policy, '"jobs";r=0;t=42')
    assert body_of(reply)["type"] == "/docs#quota-exceeded"
    # The count alone, which was not written either.
    assert limited.written()[len(written) :] == ["UpdateItem"]
    again = limited("accept_job", a_post(key="1"))
    assert (again["statusCode"], headers_of(again)) == (202, (policy, '"jobs";r=0;t=42'))


def test_what_makes_no_job_is_not_counted(limited: Lambdas) -> None:
    dry_run = an_event("accept_job", "post_dry_run")
    invalid = a_post({"model": "unknown", "input": {}})
    for event in (dry_run, invalid, dry_run):
        limited("accept_job", event)
    assert headers_of(limited("accept_job", dry_run))[1] == '"jobs";r=2;t=42'


def test_a_retry_counts(cloud: Cloud, limited: Lambdas) -> None:
    stored(cloud, a_job(JobStatus.FAILED, client="studio"))
    retry = an_event("accept_job", "retry") | {"pathParameters": {"job_id": a_job_id()}}
    del retry["headers"]["idempotency-key"]
    assert [limited("accept_job", retry)["statusCode"] for _ in range(3)] == [202, 202, 429]


def test_a_batch_counts_as_its_jobs_and_goes_on_in_the_next_minute(
    limited: Lambdas, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = with_body(an_event("accept_job", "batch"), json.dumps({"jobs": [REQUEST] * 4}).encode())
    reply = limited("accept_job", batch)
    assert statuses(reply) == [202, 202, 429, 429]
    assert headers_of(reply)[1] == '"jobs";r=0;t=42'
    assert statuses(limited("accept_job", batch)) == [202, 202, 429, 429]
    later = NOW.replace(minute=1)
    monkeypatch.setattr("functions.accept_job.app.utc_now", lambda: later)
    limited.restart("accept_job")
    assert statuses(limited("accept_job", batch)) == [202] * 4


def statuses(reply: Reply) -> list[int]:
    return [each["status"] for each in body_of(reply)["outcomes"]]


def test_the_providers_own_apis_count_for_the_same_limit(cloud: Cloud, limited: Lambdas) -> None:
    cloud.put_secret(cloud.client_keys_secret, HASHES)
    api = "serve_provider_apis"
    task = with_headers(an_event(api, "kie_create_task"), authorization=f"Bearer {STUDIO_KEY}")
    limited("accept_job", a_post())
    replies = [limited(api, task) for _ in range(2)]
    assert [body_of(reply)["code"] for reply in replies] == [200, 429]
    assert "2 jobs a minute" in body_of(replies[1])["msg"]


def test_without_a_limit_nothing_is_counted_or_told(lambdas: Lambdas) -> None:
    reply = lambdas("accept_job", a_post(key="1"))
    assert "ratelimit" not in reply["headers"]
    keys = [key for call in lambdas.aws_calls for key in call.keys]
    assert not [key for key in keys if key.startswith("count#")]
