"""POST /jobs and POST /jobs/{job_id}/retry with whole events, up to the request to kie.ai."""

import json
from typing import Any, NoReturn

import boto3
import pytest
from ringback.aws.job_table import JobTable
from ringback.domain.clock import utc_now
from ringback.domain.jobs import JobId, JobRequest, JobStatus

from tests.support.aws import Cloud
from tests.support.image_files import image
from tests.support.jobs import MODEL, PROMPT, a_job, a_job_id
from tests.support.lambdas import Lambdas, an_event, with_body, with_headers
from tests.support.loopback_provider import CREATE, CREDIT, LoopbackProvider
from tests.support.posts import (
    ANSWERED,
    ANY_MODEL,
    DONE,
    REQUEST,
    TASK,
    a_post,
    a_submit_message,
    accept,
    body_of,
    submit,
    the_job,
    the_probe,
    waiting,
)


def items(cloud: Cloud) -> int:
    """Count the items in the table, except those of drops' progress."""
    found = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    return sum(not item["job_id"]["S"].startswith("drop#") for item in found)


def test_a_job_is_recorded_checked_and_sent_once(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.will_answer(CREATE, ANSWERED)
    shown = submit(lambdas)
    job = the_job(cloud, shown["job_id"])
    assert (shown["status"], shown["task_id"]) == ("running", TASK)
    assert (job.status, job.task_id, job.client) == (JobStatus.RUNNING, TASK, "studio")
    assert job.request.sent == REQUEST
    ((check, delay),) = lambdas.sent(cloud.check_queue)
    assert (check, 840 <= delay <= 900) == ({"job_id": job.job_id}, True)
    assert lambdas.sent(cloud.submit_queue) == [({"job_id": job.job_id, "slot": None}, 0)]
    (call,) = provider.at(CREATE)
    assert call.headers["authorization"] == "Bearer kie-key"
    assert call.headers["user-agent"].startswith("Ringback/")
    assert call.body["model"] == MODEL
    assert call.body["input"] == {
        "prompt": PROMPT,
        "image_size": "square_hd",
        "image_resolution": "1K",
        "max_images": 1,
        "seed": 7,
    }


def test_a_post_makes_no_call_to_the_provider(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    shown = accept(lambdas)
    assert (shown["status"], shown["task_id"], shown["attempts"]) == ("accepted", None, 0)
    assert [call.operation for call in lambdas.aws_calls] == [
        "SendMessage",  # the check
        "PutItem",  # accepted
        "SendMessage",  # the submit message
    ]
    assert the_job(cloud, shown["job_id"]).status is JobStatus.ACCEPTED
    assert provider.requests == []


def test_a_post_without_s3_images_makes_no_s3_client(
    lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise AssertionError("not needed")

    monkeypatch.setattr("ringback.aws.drop_bucket.s3_client", fails)
    assert accept(lambdas)["status"] == "accepted"


@pytest.mark.parametrize("key", [None, "order-66"])
def test_a_failed_queue_gives_503_and_buys_nothing(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, key: str | None
) -> None:
    provider.will_answer(CREATE, ANSWERED)
    queue = lambdas.settings.setdefault("SUBMIT_QUEUE_URL", cloud.submit_queue)
    lambdas.settings["SUBMIT_QUEUE_URL"] = f"{queue}-that-is-gone"
    reply = lambdas("accept_job", a_post(key=key))
    assert reply["statusCode"] == 503
    assert reply["headers"]["content-type"] == "application/problem+json"
    (job,) = JobTable.connect(cloud.table).newest("studio", limit=9, before=None)
    assert job.status is (JobStatus.ACCEPTED if key else JobStatus.FAILED)
    lambdas.restart("accept_job", SUBMIT_QUEUE_URL=queue)
    again = submit(lambdas, a_post(key=key))
    # With a key the repeat is the same job; without one the first job is never sent.
    assert (again["job_id"] == job.job_id) is (key is not None)
    assert lambdas("submit_job", a_submit_message(job.job_id)) == DONE
    assert len(provider.at(CREATE)) == 1


@pytest.mark.parametrize("case", ["post_4_5_edit", "post_v4_edit", "post_base64_body"])
def test_every_model_is_accepted(lambdas: Lambdas, provider: LoopbackProvider, case: str) -> None:
    provider.will_answer(CREATE, ANSWERED)
    shown = submit(lambdas, an_event("accept_job", case))
    assert shown["status"] == "running"
    assert provider.requests[0].body["model"] == shown["model"]


def test_a_body_may_come_as_base64(lambdas: Lambdas, provider: LoopbackProvider) -> None:
    provider.will_answer(CREATE, ANSWERED)
    raw = json.dumps(REQUEST | {"input": {"prompt": "\N{SNOWMAN}"}}, ensure_ascii=False).encode()
    submit(lambdas, with_body(a_post(), raw, encoded=True))
    assert provider.requests[0].body["input"]["prompt"] == "\N{SNOWMAN}"


def test_a_repeated_key_returns_the_same_job(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.will_answer(CREATE, ANSWERED)
    first = submit(lambdas, a_post(key="order-66"))
    assert accept(lambdas, a_post(key="order-66")) == first
    spaced = json.dumps(dict(reversed(REQUEST.items())), indent=4).encode()
    assert submit(lambdas, with_body(a_post(key="order-66"), spaced)) == first
    assert len(provider.at(CREATE)) == 1
    assert submit(lambdas, a_post(key="order-67"))["job_id"] != first["job_id"]


def test_a_key_with_another_request_gives_422(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.will_answer(CREATE, ANSWERED)
    submit(lambdas, a_post(key="order-66"))
    before = items(cloud)
    other = REQUEST | {"input": {"prompt": PROMPT, "seed": 8}}
    reply = lambdas("accept_job", a_post(other, key="order-66"))
    assert (reply["statusCode"], items(cloud), len(provider.at(CREATE))) == (422, before, 1)
    assert "Idempotency-Key" in body_of(reply)["detail"]


def test_a_repeat_is_told_that_the_first_request_is_being_recorded(
    cloud: Cloud, lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch
) -> None:
    def conflict(table: JobTable, *_: object) -> NoReturn:
        reasons = {"CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}]}
        answer: Any = {"Error": {"Code": "TransactionCanceledException"}, **reasons}
        kind = table._client.exceptions.TransactionCanceledException
        raise kind(answer, "TransactWriteItems")

    monkeypatch.setattr(JobTable, "_create_with", conflict)
    monkeypatch.setattr("ringback.aws.job_table.CONFLICT_PAUSES", (0,))
    reply = lambdas("accept_job", a_post(key="order-66"))
    assert (reply["statusCode"], body_of(reply)["type"]) == (409, "/docs#request-in-flight")
    assert (items(cloud), lambdas.sent(cloud.submit_queue)) == (0, [])
    batch = with_body(an_event("accept_job", "batch"), json.dumps({"jobs": [REQUEST] * 2}).encode())
    outcomes = body_of(lambdas("accept_job", batch))["outcomes"]
    assert [each["status"] for each in outcomes] == [409, 409]


def test_a_key_belongs_to_its_client(lambdas: Lambdas, provider: LoopbackProvider) -> None:
    provider.will_answer(CREATE, ANSWERED)
    of_another = a_post({"model": MODEL, "input": {"prompt": "blue"}}, key="order-66")
    of_another["requestContext"]["authorizer"]["lambda"]["client"] = "shop"
    mine, other = submit(lambdas, a_post(key="order-66")), submit(lambdas, of_another)
    assert mine["job_id"] != other["job_id"]


def test_an_invalid_key_is_refused_before_any_write(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    for key in ("", "x" * 256, "caf\N{LATIN SMALL LETTER E WITH ACUTE}"):
        reply = lambdas("accept_job", a_post(key=key))
        assert reply["statusCode"] == 400
        assert [error["field"] for error in body_of(reply)["errors"]] == ["Idempotency-Key"]
    assert (items(cloud), lambdas.written(), provider.requests) == (0, [], [])


@pytest.mark.parametrize("secret", [{"api_key": "", "webhook_hmac_keys": []}, {}])
def test_a_job_shows_that_it_waits_for_the_provider_key(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, secret: dict[str, Any]
) -> None:
    cloud.put_secret(cloud.kie_secret, secret)
    job_id = submit(lambdas, a_post(key="k"))["job_id"]
    assert provider.requests == []
    [(queued, delay)] = waiting(lambdas)
    assert queued == job_id
    assert 30 <= delay <= 60
    one = an_event("query_jobs", "one") | {"pathParameters": {"job_id": job_id}}
    shown = body_of(lambdas("query_jobs", one))
    assert (shown["status"], shown["error"], shown["attempts"]) == ("accepted", None, 0)
    assert shown["waiting_for"].keys() == {"reason", "provider", "since"}
    assert (shown["waiting_for"]["reason"], shown["waiting_for"]["provider"]) == (
        "not_configured",
        "kie",
    )
    page = body_of(lambdas("query_jobs", an_event("query_jobs", "page")))
    assert page["jobs"][0]["waiting_for"] == shown["waiting_for"]
    cloud.put_secret(cloud.kie_secret, {"api_key": "kie-key"})
    provider.will_answer(CREATE, ANSWERED)
    assert lambdas("submit_job", a_submit_message(job_id)) == DONE
    assert provider.requests == []  # the account is tried again later, and not by every job
    provider.will_answer(CREDIT, {"code": 200, "msg": "success", "data": 10})
    assert lambdas("check_jobs", the_probe(lambdas)) == DONE
    lambdas.restart("submit_job")
    assert lambdas("submit_job", a_submit_message(job_id)) == DONE
    shown = body_of(lambdas("query_jobs", one))
    assert (shown["status"], shown["waiting_for"]) == ("running", None)


def test_every_invalid_field_is_named_before_any_write(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    reply = lambdas("accept_job", an_event("accept_job", "post_wrong_fields"))
    assert reply["statusCode"] == 400
    assert reply["headers"]["content-type"] == "application/problem+json"
    assert sorted(error["field"] for error in body_of(reply)["errors"]) == [
        "colour",
        "input.aspect_ratio",
        "input.image_urls",
        "input.prompt",
        "input.seed",
    ]
    assert (items(cloud), lambdas.written(), provider.requests) == (0, [], [])


def test_a_wrong_key_and_a_wrong_body_are_named_in_one_answer(
    cloud: Cloud, lambdas: Lambdas
) -> None:
    wrong = an_event("accept_job", "post_wrong_fields") | {"queryStringParameters": {"dryrun": "1"}}
    reply = lambdas("accept_job", with_headers(wrong, idempotency_key='"a", "b"'))
    named = [error["field"] for error in body_of(reply)["errors"]]
    assert (reply["statusCode"], named[:2]) == (400, ["dryrun", "Idempotency-Key"])
    assert {"colour", "input.seed"} <= set(named[2:])
    assert (items(cloud), lambdas.written()) == (0, [])


# ------------------------------------------------------------------------------- dry runs


def a_dry_run(request: object = REQUEST, *, key: str | None = None, **query: str) -> dict[str, Any]:
    event = an_event("accept_job", "post_dry_run")
    post = with_body(event, json.dumps(request).encode())
    named = post | {"queryStringParameters": query or {"dry_run": "true"}}
    return with_headers(named, idempotency_key=key) if key is not None else named


def nothing_was_done(cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider) -> bool:
    return (items(cloud), lambdas.written(), provider.requests) == (0, [], [])


def test_a_dry_run_returns_the_request_and_its_estimate(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    reply = lambdas("accept_job", an_event("accept_job", "post_dry_run"))
    assert reply["statusCode"] == 200
    assert body_of(reply) == {
        "dry_run": True,
        "provider": "kie",
        "model": "seedream/5-pro-text-to-image",
        "input": {
            "prompt": PROMPT,
            "aspect_ratio": "1:1",
            "quality": "high",
            "output_format": "png",
        },
        "input_checked": True,
        "estimate": {
            "credits_low": 14.0,
            "credits_high": 14.0,
            "images": 1,
            "noted_on": "2026-11-26",
            "is_estimate": True,
        },
    }
    assert nothing_was_done(cloud, lambdas, provider)
    # Neither a provider's key, nor a token, nor a slot is read.
    assert lambdas.aws_calls == []


def test_a_dry_run_estimates_models_with_a_price(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    lambdas.settings["PASS_THROUGH"] = "true"
    four = {"model": MODEL, "input": {"prompt": PROMPT, "max_images": 4}}
    assert body_of(lambdas("accept_job", a_dry_run(four)))["estimate"]["credits_high"] == 20
    chanjing = {"model": "chanjing/kling-v2", "input": {"ref_prompt": PROMPT}}
    for unpriced, is_checked in ((chanjing, True), (ANY_MODEL, False)):
        shown = body_of(lambdas("accept_job", a_dry_run(unpriced)))
        assert (shown["estimate"], shown["input_checked"]) == (None, is_checked)
    assert nothing_was_done(cloud, lambdas, provider)


def test_a_dry_run_does_not_use_up_the_idempotency_key(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    dry = a_dry_run({"model": MODEL, "input": {"prompt": "another"}}, key="order-66")
    assert lambdas("accept_job", dry)["statusCode"] == 200
    provider.will_answer(CREATE, ANSWERED)
    submit(lambdas, a_post(key="order-66"))
    calls_before = len(lambdas.aws_calls)
    assert lambdas("accept_job", dry)["statusCode"] == 200
    assert len(lambdas.aws_calls) == calls_before
    assert len(provider.at(CREATE)) == 1


def test_a_dry_run_refuses_like_a_post(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    wrong = an_event("accept_job", "post_wrong_fields")
    image = drop_image(cloud, "bad.png", b"<svg/>")
    for wet, dry in (
        (wrong, wrong | {"queryStringParameters": {"dry_run": "true"}}),
        (a_post(an_edit(image)), a_dry_run(an_edit(image))),
        (a_post(ANY_MODEL), a_dry_run(ANY_MODEL)),
        (a_post(key=""), a_dry_run(key="")),
        (with_body(a_post(), b"kite"), with_body(a_dry_run(), b"kite")),
    ):
        refused = lambdas("accept_job", dry)
        assert refused["statusCode"] == 400
        assert refused == lambdas("accept_job", wet)
    assert nothing_was_done(cloud, lambdas, provider)


def test_a_dry_run_checks_images_in_the_drop_bucket(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    url = drop_image(cloud, "photos/a cat.png", PNG)
    shown = body_of(lambdas("accept_job", a_dry_run(an_edit(url))))
    assert shown["input"]["image_urls"] == [url]
    assert {call.operation for call in lambdas.aws_calls} == {"GetObject"}
    assert nothing_was_done(cloud, lambdas, provider)


def test_a_dry_run_needs_no_provider_key(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    cloud.put_secret(cloud.kie_secret, {})
    assert lambdas("accept_job", a_dry_run())["statusCode"] == 200


def test_dry_run_false_posts_a_job(lambdas: Lambdas, provider: LoopbackProvider) -> None:
    provider.will_answer(CREATE, ANSWERED)
    assert submit(lambdas, a_dry_run(dry_run="false"))["status"] == "running"


@pytest.mark.parametrize(
    "query",
    [{"dry_run": ""}, {"dry_run": "True"}, {"dry_run": "true,false"}, {"dryrun": "true"}],
)
def test_an_unknown_query_parameter_is_refused(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, query: dict[str, str]
) -> None:
    reply = lambdas("accept_job", a_dry_run(**query))
    assert reply["statusCode"] == 400
    assert [error["field"] for error in body_of(reply)["errors"]] == list(query)
    assert nothing_was_done(cloud, lambdas, provider)


def test_a_retry_with_a_query_is_refused(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    JobTable.connect(cloud.table).create(a_job(JobStatus.FAILED))
    path = {"pathParameters": {"job_id": a_job_id()}}
    query = {"queryStringParameters": {"dry_run": "true"}}
    reply = lambdas("accept_job", an_event("accept_job", "retry") | path | query)
    assert reply["statusCode"] == 400
    assert [error["field"] for error in body_of(reply)["errors"]] == ["dry_run"]
    assert (lambdas.written(), provider.requests) == ([], [])


def test_an_unknown_model_is_refused_without_pass_through(
    lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    reply = lambdas("accept_job", a_post(ANY_MODEL))
    assert reply["statusCode"] == 400
    assert [error["field"] for error in body_of(reply)["errors"]] == ["model"]
    assert provider.requests == []


def test_a_passed_through_model_is_sent_unchanged_and_marked(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    lambdas.settings["PASS_THROUGH"] = "true"
    provider.will_answer(CREATE, ANSWERED)
    job = submit(lambdas, a_post(ANY_MODEL))
    assert (job["provider"], job["model"]) == ("kie", "google/nano-banana")
    assert (job["input"], job["input_checked"]) == (ANY_MODEL["input"], False)
    (call,) = provider.at(CREATE)
    assert (call.body["model"], call.body["input"]) == (ANY_MODEL["model"], ANY_MODEL["input"])
    assert the_job(cloud, job["job_id"]).request.checked is False
    wrong = {"model": "google/nano-banana", "input": {"image": "http://a.example/"}}
    reply = lambdas("accept_job", a_post(wrong))
    assert [error["field"] for error in body_of(reply)["errors"]] == ["input.image"]


def test_a_passed_through_job_is_retried_with_pass_through_only(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    request = JobRequest(
        model="google/nano-banana", provider="kie", input={}, sent=ANY_MODEL, checked=False
    )
    JobTable.connect(cloud.table).create(a_job(JobStatus.FAILED, request=request))
    event = an_event("accept_job", "retry") | {"pathParameters": {"job_id": a_job_id()}}
    lambdas.settings["PASS_THROUGH"] = "true"
    provider.will_answer(CREATE, ANSWERED)
    assert accept(lambdas, event)["input_checked"] is False


def test_an_unreadable_body_is_refused(cloud: Cloud, lambdas: Lambdas) -> None:
    too_large = b" " * (128 * 1024 + 1)
    for raw, status in ((b"", 400), (b"kite", 400), (b"\xff", 400), (b"[]", 400), (too_large, 413)):
        reply = lambdas("accept_job", with_body(a_post(), raw, encoded=True))
        assert (reply["statusCode"], items(cloud)) == (status, 0)


def test_a_request_without_an_authorizer_is_an_error(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    event = a_post()
    del event["requestContext"]["authorizer"]
    with pytest.raises(KeyError):
        lambdas("accept_job", event)
    assert (items(cloud), lambdas.written(), provider.requests) == (0, [], [])


def test_a_job_records_its_deadline_and_retention(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.will_answer(CREATE, ANSWERED)
    lambdas.settings |= {"KIE_DEADLINE_SECONDS": "3600", "JOB_RETENTION_DAYS": "21"}
    job = the_job(cloud, submit(lambdas)["job_id"])
    assert job.submitted_at is not None
    # A long deadline is a whole minute.
    assert 3540 < (job.deadline_at - job.submitted_at).total_seconds() <= 3600
    assert 0 <= (job.forget_at - job.created_at).total_seconds() - 21 * 86_400 + 1 <= 1
    assert 0 <= (utc_now() - job.created_at).total_seconds() < 30
    # SQS delays by 900 s at most; the check then queues itself again.
    assert lambdas.sent(cloud.check_queue) == [({"job_id": job.job_id}, 900)]


# ------------------------------------------------------------------ images of the drop bucket


def an_edit(*urls: str) -> dict[str, Any]:
    return {
        "model": "bytedance/seedream-v4-edit",
        "input": {"prompt": PROMPT, "image_urls": list(urls)},
    }


def drop_image(cloud: Cloud, key: str, content: bytes) -> str:
    boto3.client("s3").put_object(Bucket=cloud.drop_bucket, Key=key, Body=content)
    return f"s3://{cloud.drop_bucket}/{key}"


PNG = image("PNG")


def test_an_s3_image_is_sent_as_a_link_to_its_version(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.will_answer(CREATE, ANSWERED)
    url = drop_image(cloud, "photos/a cat.png", PNG)
    shown = submit(lambdas, a_post(an_edit("https://pictures.example/1.png", url)))
    versions = the_job(cloud, shown["job_id"]).request.input_images
    drop_image(cloud, "photos/a cat.png", b"another")
    outer, link = provider.requests[0].body["input"]["image_urls"]
    assert outer == "https://pictures.example/1.png"
    # The link is valid until kie.ai's deadline.
    assert "X-Amz-Expires=900" in link
    assert f"versionId={versions[url]}" in link
    assert shown["input"]["image_urls"] == ["https://pictures.example/1.png", url]
    assert "X-Amz" not in lambdas.log.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<svg/>", "the image is not a JPEG, PNG or WebP file"),
        (b"", "the image is empty"),
        (PNG[:100], "the image is damaged"),
        (PNG + bytes(10 * 1024 * 1024), "the maximum is 10485760"),
    ],
    ids=["svg", "empty", "half", "too large"],
)
def test_an_unacceptable_s3_image_is_refused(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, content: bytes, reason: str
) -> None:
    good, bad = drop_image(cloud, "good.png", PNG), drop_image(cloud, "bad.png", content)
    gone = f"s3://{cloud.drop_bucket}/gone.png"
    others = "s3://another-bucket/a.png"
    reply = lambdas("accept_job", a_post(an_edit(good, bad, gone, others)))
    errors = {each["field"]: each["message"] for each in body_of(reply)["errors"]}
    assert reply["statusCode"] == 400
    assert reason in errors.pop("input.image_urls.1")
    assert errors == {
        "input.image_urls.2": "the object does not exist",
        "input.image_urls.3": f"only images in s3://{cloud.drop_bucket}/ are accepted",
    }
    assert (items(cloud), provider.requests) == (0, [])


def test_a_repeat_returns_its_job_after_its_image_is_gone(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.will_answer(CREATE, ANSWERED)
    url = drop_image(cloud, "a.png", PNG)
    shown = submit(lambdas, a_post(an_edit(url), key="k"))
    boto3.client("s3").delete_object(Bucket=cloud.drop_bucket, Key="a.png")
    assert accept(lambdas, a_post(an_edit(url), key="k"))["job_id"] == shown["job_id"]
    for other in (a_post(an_edit(url)), a_post(an_edit(url), key="other")):
        assert lambdas("accept_job", other)["statusCode"] == 400
    another = a_post(an_edit(url, "https://pictures.example/1.png"), key="k")
    assert lambdas("accept_job", another)["statusCode"] == 400
    assert len(provider.at(CREATE)) == 1


def test_a_retry_without_its_image_is_refused(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.will_answer(CREATE, ANSWERED)
    url = drop_image(cloud, "a.png", PNG)
    shown = submit(lambdas, a_post(an_edit(url)))
    version = the_job(cloud, shown["job_id"]).request.input_images[url]
    JobTable.connect(cloud.table).move(
        JobId(shown["job_id"]), expect=[JobStatus.RUNNING], to=JobStatus.FAILED, at=utc_now()
    )
    boto3.client("s3").delete_object(Bucket=cloud.drop_bucket, Key="a.png", VersionId=version)
    event = an_event("accept_job", "retry")
    event["pathParameters"]["job_id"] = shown["job_id"]
    reply = lambdas("accept_job", event)
    assert reply["statusCode"] == 400
    assert body_of(reply)["errors"] == [
        {"field": "input", "message": f"{url}: the object does not exist"}
    ]
    assert len(provider.at(CREATE)) == 1


def test_a_quoted_key_is_the_bare_key(cloud: Cloud, lambdas: Lambdas) -> None:
    first = accept(lambdas, a_post(key='"order-66"'))
    assert accept(lambdas, a_post(key="order-66"))["job_id"] == first["job_id"]
    lambdas.settings["REQUIRE_IDEMPOTENCY_KEY"] = "true"
    lambdas.restart("accept_job")
    reply = lambdas("accept_job", a_post())
    assert (reply["statusCode"], body_of(reply)["errors"][0]["field"]) == (400, "Idempotency-Key")
    assert accept(lambdas, a_post(key="order-66"))["job_id"] == first["job_id"]
