"""The canary's provider, its own requests, and its adapters for AWS."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import boto3
import httpx
import pytest
from ringback.aws.canary import KEY, CanaryEventQueue, CanaryPictureStore
from ringback.aws.image_bucket import KIND_TAG, ImageBucket
from ringback.aws.queues import SqsCanaryTasks
from ringback.domain import canary
from ringback.domain.errors import ProviderUnavailable, TryAgain
from ringback.domain.jobs import ProviderTaskId
from ringback.domain.verdicts import TaskCreated, TaskRefused, TaskState
from ringback.providers.canary.client import CanaryClient
from ringback.providers.canary.http import CanaryHttp
from ringback.use_cases.canary_ports import CanaryTask, SignedCall

from tests.support.aws import Cloud
from tests.support.jobs import a_job, a_job_id

URL: Final = "https://callbacks.example/callbacks/canary/j/t"
TASK: Final = ProviderTaskId(f"canary-{a_job_id()}")


@dataclass
class Tasks:
    error: Exception | None = None
    sent: list[CanaryTask] = field(default_factory=list)

    def add(self, task: CanaryTask) -> None:
        if self.error:
            raise self.error
        self.sent.append(task)


def test_a_task_is_a_message() -> None:
    tasks = Tasks()
    assert CanaryClient(tasks).create_task(a_job(), URL) == TaskCreated(task_id=TASK)
    assert tasks.sent == [CanaryTask(job_id=a_job_id(), task_id=TASK, callback_url=URL)]


def test_a_message_that_was_not_confirmed_is_sent_again() -> None:
    answer = CanaryClient(Tasks(TryAgain("no"))).create_task(a_job(), URL)
    assert isinstance(answer, TaskRefused)
    assert answer.retry_after == 30


def test_a_job_of_a_canary_that_is_off_is_refused_for_good() -> None:
    answer = CanaryClient(None).create_task(a_job(), URL)
    assert isinstance(answer, TaskRefused)
    assert (answer.retry_after, answer.account) == (None, None)


def test_a_task_that_is_read_has_had_no_callback() -> None:
    client = CanaryClient(None)
    client.prepare()
    reports = client.read_tasks([TASK])
    assert (reports[TASK].state, reports[TASK].code) == (TaskState.FAILED, "no_callback")
    assert client.probe().is_good
    assert [*client.fresh_links(a_job(), 1)] == []


def http(
    status: int = 200, body: Any = None, seen: list[httpx.Request] | None = None
) -> CanaryHttp:
    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        return httpx.Response(status, content=body if isinstance(body, bytes) else json.dumps(body))

    client = httpx.Client(base_url="https://jobs.example", transport=httpx.MockTransport(answer))
    return CanaryHttp(http=client, key=lambda: "canary_key")


def test_a_job_is_posted_as_a_client_does() -> None:
    seen: list[httpx.Request] = []
    assert http(202, {"job_id": a_job_id()}, seen).post() == a_job_id()
    (request,) = seen
    assert (request.method, request.url.path) == ("POST", "/jobs")
    assert request.headers["authorization"] == "Bearer canary_key"
    assert json.loads(request.content) == {"model": canary.MODEL, "input": {}}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"job_id": a_job_id()}),
        (202, {"job_id": "x"}),
        (202, b"no JSON"),
        (403, {}),
        (500, {}),
    ],
)
def test_any_other_answer_accepts_nothing(status: int, body: Any) -> None:
    with pytest.raises(ProviderUnavailable):
        http(status, body).post()


def test_a_job_is_read_as_a_client_does() -> None:
    seen: list[httpx.Request] = []
    assert http(200, {"status": "running"}, seen).get(a_job_id()) == {"status": "running"}
    assert seen[0].url.path == f"/jobs/{a_job_id()}"
    assert seen[0].headers["authorization"] == "Bearer canary_key"
    with pytest.raises(ProviderUnavailable, match="HTTP 404"):
        http(404, {}).get(a_job_id())


def test_a_link_is_followed_without_the_key() -> None:
    seen: list[httpx.Request] = []
    assert http(200, b"picture", seen).download("https://s3.example/1.png") == b"picture"
    assert "authorization" not in seen[0].headers
    with pytest.raises(ProviderUnavailable, match="HTTP 403"):
        http(403, b"").download("https://s3.example/1.png")


def test_a_callback_is_sent_as_it_was_signed() -> None:
    seen: list[httpx.Request] = []
    call = SignedCall(headers={"x-canary-signature": "abc"}, body=b"{}")
    assert http(401, {}, seen)(URL, call) == 401
    assert (str(seen[0].url), seen[0].content) == (URL, b"{}")
    assert seen[0].headers["x-canary-signature"] == "abc"
    assert "authorization" not in seen[0].headers


def test_an_address_without_an_answer_is_unavailable() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no", request=request)

    client = httpx.Client(base_url="https://x.example", transport=httpx.MockTransport(fail))
    for call in (CanaryHttp(http=client).post, lambda: CanaryHttp(http=client).download("//")):
        with pytest.raises(ProviderUnavailable):
            call()


def test_the_picture_is_stored_once(cloud: Cloud) -> None:
    store = CanaryPictureStore.connect(cloud.bucket)
    assert all(f"/{KEY}?" in store.link() for _ in range(2))
    s3 = boto3.client("s3")
    (version,) = s3.list_object_versions(Bucket=cloud.bucket, Prefix=KEY)["Versions"]
    stored = s3.get_object(Bucket=cloud.bucket, Key=version["Key"])
    assert (stored["Body"].read(), stored["ContentType"]) == (canary.PICTURE, "image/png")


def test_a_task_arrives_as_it_was_sent(cloud: Cloud) -> None:
    task = CanaryTask(job_id=a_job_id(), task_id=TASK, callback_url=URL)
    SqsCanaryTasks.connect(cloud.canary_queue).add(task)
    assert cloud.messages(cloud.canary_queue) == [asdict(task)]


def test_only_the_event_of_the_own_job_counts(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringback.aws.canary.WAIT_SECONDS", 0)
    boto3.client("sqs").set_queue_attributes(
        QueueUrl=cloud.canary_events, Attributes={"VisibilityTimeout": "0"}
    )
    events = CanaryEventQueue.connect(cloud.canary_events)
    assert events.end_of(a_job_id()) == ""
    for body in ("no JSON", "[]", "{}", json.dumps(an_event(a_job_id(2)))):
        boto3.client("sqs").send_message(QueueUrl=cloud.canary_events, MessageBody=body)
    assert events.end_of(a_job_id()) == ""
    boto3.client("sqs").send_message(
        QueueUrl=cloud.canary_events, MessageBody=json.dumps(an_event(a_job_id()))
    )
    assert events.end_of(a_job_id()) == "succeeded"
    assert events.end_of(a_job_id(2)) == "succeeded"


def an_event(job_id: str) -> dict[str, Any]:
    return {"detail": {"subject": job_id, "data": {"status": "succeeded"}}}


def test_an_unreadable_queue_is_unavailable(cloud: Cloud) -> None:
    with pytest.raises(ProviderUnavailable):
        CanaryEventQueue.connect(cloud.canary_events + "-gone").end_of(a_job_id())


def test_what_its_job_made_has_the_tag_of_the_lifecycle_rule(cloud: Cloud) -> None:
    bucket = ImageBucket.connect(cloud.bucket)
    record = bucket.put_record(a_job_id(), {})
    thumbnail = bucket.put_thumbnail(a_job_id(), 1, b"small")
    bucket.let_expire([thumbnail, record])
    for key in (thumbnail, f"images/{a_job_id()}/job.json"):
        tags = boto3.client("s3").get_object_tagging(Bucket=cloud.bucket, Key=key)["TagSet"]
        assert tags == [{"Key": KIND_TAG, "Value": "canary"}]
