"""For each function, one event that it has to work for, and what must be there before it."""

import io
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any, Final

import boto3
from ringback.aws.image_bucket import ImageBucket
from ringback.domain import canary
from ringback.domain.clock import utc_now
from ringback.domain.jobs import JobStatus, ProviderTaskId
from ringback.domain.webhooks import to_message
from ringback.use_cases.canary_ports import CanaryTask

from benchmarks.cold_world import KEY, PICTURE, SIZE, World
from local.paths import ROOT
from tests.support.callbacks import RECORDED_TASK, recorded, signed_event
from tests.support.jobs import MODEL, NOON, TASK, a_job, a_job_id, a_stored_image, facts_of
from tests.support.lambdas import a_batch, an_event, with_headers
from tests.support.loopback_provider import RECORD
from tests.support.posts import a_post, a_submit_message
from tests.support.webhooks import a_webhook

AnEvent = dict[str, Any]


def accept_job(_: World) -> AnEvent:
    return a_post()


def submit_job(world: World) -> AnEvent:
    now = utc_now()
    world.put(a_job(created_at=now, updated_at=now, deadline_at=now + timedelta(minutes=15)))
    return a_submit_message(a_job_id())


def receive_callback(world: World) -> AnEvent:
    world.put(a_job(JobStatus.RUNNING, task_id=ProviderTaskId(RECORDED_TASK)))
    return signed_event(recorded("success"), job_id=a_job_id(), now=utc_now())


def archive_images(world: World) -> AnEvent:
    url = f"{world.provider.url}/picture"
    job = a_job(JobStatus.ARCHIVING, task_id=TASK, submitted_at=utc_now(), result_urls=(url,))
    world.put(job)
    return a_batch("archive_images", "archive", {"job_id": a_job_id(), "attempt": 1})


def make_thumbnails(world: World) -> AnEvent:
    facts = replace(facts_of(PICTURE), width=SIZE[0], height=SIZE[1])
    bucket = ImageBucket.connect(world.cloud.bucket)
    bucket.put_image(a_job_id(), 1, io.BytesIO(PICTURE), facts)
    world.put(a_job(JobStatus.SUCCEEDED, images=(replace(a_stored_image(), facts=facts),)))
    return an_event("make_thumbnails", "thumbnail")


def check_jobs(world: World) -> AnEvent:
    begun = utc_now() - timedelta(minutes=20)
    world.put(a_job(JobStatus.RUNNING, task_id=TASK, submitted_at=begun))
    result = json.dumps({"resultUrls": ["https://cdn.example/1.png"]})
    data = {"taskId": TASK, "state": "success", "costTime": 2000, "resultJson": result}
    world.provider.will_answer(RECORD, {"code": 200, "msg": "success", "data": data})
    return a_batch("check_jobs", "due", {"job_id": a_job_id()})


def query_jobs(world: World) -> AnEvent:
    world.put(a_job(JobStatus.SUCCEEDED, images=(a_stored_image(),)))
    return an_event("query_jobs", "one") | {"pathParameters": {"job_id": a_job_id()}}


def change_job(world: World) -> AnEvent:
    world.put(a_job(queued_at=NOON))
    return an_event("change_job", "cancel") | {"pathParameters": {"job_id": a_job_id()}}


def authorize_client(_: World) -> AnEvent:
    return with_headers(an_event("authorize_client", "bearer_key"), authorization=f"Bearer {KEY}")


def follow_jobs(_: World) -> AnEvent:
    event = an_event("follow_jobs", "follow")
    event["requestContext"]["connectedAt"] = int(utc_now().timestamp() * 1000)
    return event | {"body": json.dumps({"key": KEY})}


def notify_client(world: World) -> AnEvent:
    message = to_message(a_webhook(f"{world.provider.url}/hook"))
    return a_batch("notify_client", "first_try", message)


def publish_events(_: World) -> AnEvent:
    return an_event("publish_events", "job_succeeded")


def serve_provider_apis(_: World) -> AnEvent:
    event = an_event("serve_provider_apis", "kie_create_task")
    return with_headers(event, authorization=f"Bearer {KEY}")


def take_drops(world: World) -> AnEvent:
    event = an_event("take_drops", "drop")
    notification = json.loads(event["Records"][0]["body"])
    drop = a_sheet(world.cloud.drop_bucket)
    about = notification["Records"][0]["s3"]
    about["bucket"]["name"] = drop["bucket"]
    about["object"] |= {"key": drop["key"], "versionId": drop["version"]}
    event["Records"][0]["body"] = json.dumps(notification)
    return event


def a_sheet(bucket: str) -> dict[str, str]:
    """Put a new version of a sheet of three jobs into the bucket."""
    key, rows = "requests/kites.csv", "".join(f"\n{MODEL},kite {number}" for number in range(3))
    body = f"model,input.prompt{rows}\n".encode()
    stored = boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    return {"bucket": bucket, "key": key, "version": stored["VersionId"]}


def summarize_drops(world: World) -> AnEvent:
    event = take_drops(world)
    world.lambdas("take_drops", event)
    message, _ = world.lambdas.sent(world.cloud.summary_queue)[-1]
    return a_batch("summarize_drops", "summary", message)


def show_progress(world: World) -> AnEvent:
    query_jobs(world)
    return an_event("show_progress", "timeline") | {"pathParameters": {"job_id": a_job_id()}}


def manage_account(_: World) -> AnEvent:
    return an_event("manage_account", "account")


def open_upload(_: World) -> AnEvent:
    return an_event("open_upload", "jpeg")


def describe_models(_: World) -> AnEvent:
    return an_event("describe_models", "one")


def delete_jobs(world: World) -> AnEvent:
    deleting = a_job(JobStatus.DELETING, updated_at=utc_now(), images=(a_stored_image(),))
    world.put(deleting)
    return an_event("delete_jobs", "delete")


def serve_studio(_: World) -> AnEvent:
    return an_event("serve_studio", "page")


def run_canary(world: World) -> AnEvent:
    job_id, link = a_job_id(), "/canary/picture.png"
    image = {"sha256": canary.PICTURE_SHA256, "url": f"{world.provider.url}{link}"}
    job = {"job_id": job_id, "task_id": TASK, "status": "succeeded", "images": [image]}
    world.provider.will_answer("/jobs", {"job_id": job_id}, status=202)
    world.provider.will_answer(f"/jobs/{job_id}", job)
    world.provider.answers[link] = (200, canary.PICTURE)
    told = json.dumps({"detail": {"subject": job_id, "data": {"status": "succeeded"}}})
    boto3.client("sqs").send_message(QueueUrl=world.cloud.canary_events, MessageBody=told)
    return an_event("run_canary", "clock")


def answer_canary(world: World) -> AnEvent:
    task = CanaryTask(job_id=a_job_id(), task_id=TASK, callback_url=f"{world.provider.url}/hook")
    return a_batch("answer_canary", "task", asdict(task))


# A function's folder without an event here is an error.
EVENTS: Final[dict[str, Callable[[World], AnEvent]]] = {
    path.name: globals()[path.name] for path in sorted((ROOT / "functions").iterdir())
}
