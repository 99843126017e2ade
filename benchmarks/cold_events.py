"""For each function, one event that it has to work for, and what must be there before it."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

import boto3
import pytest
from PIL import Image
from ringback.aws.image_bucket import ImageBucket
from ringback.aws.job_table import JobTable
from ringback.domain.clock import utc_now
from ringback.domain.jobs import Job, JobStatus, ProviderTaskId
from ringback.domain.webhooks import to_message

from tests.support.aws import Cloud, a_cloud
from tests.support.callbacks import RECORDED_TASK, recorded, signed_event
from tests.support.jobs import MODEL, NOON, TASK, a_job, a_job_id, a_stored_image, facts_of
from tests.support.lambdas import (
    Lambdas,
    a_batch,
    an_event,
    settings_given,
    use_lasting_clients,
    with_headers,
)
from tests.support.loopback_provider import (
    CREATE,
    RECORD,
    LoopbackProvider,
    a_loopback_provider,
)
from tests.support.posts import ANSWERED, a_post, a_submit_message
from tests.support.webhooks import a_webhook

KEY: Final = "rb-key-of-the-studio"
SIZE: Final = (800, 600)
AnEvent = dict[str, Any]


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", SIZE, "red").save(content, "PNG")
    return content.getvalue()


PICTURE: Final = picture()


@dataclass
class World:
    """The cloud, a provider, and the settings of functions in them."""

    lambdas: Lambdas
    provider: LoopbackProvider

    @property
    def cloud(self) -> Cloud:
        return self.lambdas.cloud

    def settings(self, function: str) -> dict[str, str]:
        own = self.lambdas.settings
        return {
            name: own[name] if name in own else self.cloud.setting(name)
            for name in settings_given(function)
        }

    def put(self, job: Job) -> None:
        key = {"job_id": {"S": job.job_id}}
        boto3.client("dynamodb").delete_item(TableName=self.cloud.table, Key=key)
        JobTable.connect(self.cloud.table).create(job)


@contextmanager
def a_world() -> Iterator[World]:
    with (
        pytest.MonkeyPatch.context() as patch,
        a_cloud(patch) as cloud,
        a_loopback_provider() as provider,
    ):
        # The clients of this process: they note what functions that run in it send.
        use_lasting_clients(patch)
        settings = {
            "KIE_BASE_URL": provider.url,
            "KIE_CREATES_PER_WINDOW": "1000",
            "PLAIN_HTTP_HOSTS": provider.address,
        }
        provider.answers["/picture"] = (200, PICTURE)
        provider.answers["/hook"] = (200, b"thanks")
        provider.will_answer(CREATE, ANSWERED)
        cloud.put_secret(cloud.client_keys_secret, {"studio": sha256(KEY.encode()).hexdigest()})
        yield World(Lambdas(cloud, patch, settings), provider)


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


EVENTS: Final[dict[str, Callable[[World], AnEvent]]] = {
    each.__name__: each
    for each in (
        *(receive_callback, authorize_client, follow_jobs, accept_job, submit_job),
        *(archive_images, query_jobs, change_job, check_jobs, describe_models, make_thumbnails),
        *(notify_client, publish_events, serve_provider_apis, summarize_drops, take_drops),
        *(show_progress, manage_account, open_upload),
    )
}
