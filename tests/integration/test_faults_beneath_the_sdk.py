"""The real handlers, with a fault at each request that they send to AWS, one at a time.

The fault is beneath botocore, so that botocore's own repeats and the handlers' own ``except`` paths
run. A message that a handler does not acknowledge is redelivered; a callback or a client's request
without a good response is repeated.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from time import monotonic
from typing import Any, ClassVar, Final

import boto3
import pytest
from ringback.aws.deletions import DeletionTable
from ringback.aws.deliveries import DeliveryTable
from ringback.aws.job_table import JobTable
from ringback.domain.clock import utc_now
from ringback.domain.deliveries import Delivery
from ringback.domain.errors import UnknownJob
from ringback.domain.jobs import Job, JobId, JobStatus

from tests.support.aws import Cloud
from tests.support.callbacks import RECORDED_TASK, recorded, signed_event
from tests.support.image_files import image
from tests.support.jobs import MODEL, a_job, a_job_id, a_request
from tests.support.lambdas import Lambdas, a_batch, an_event
from tests.support.loopback_provider import CREATE, RECORD, LoopbackProvider
from tests.support.posts import ANSWERED, DONE, TASK, a_post, a_submit_message
from tests.support.sdk_faults import SdkFault, Wire, tap

SLOW: Final = 8.0
LATER: Final = timedelta(seconds=20)
MOST_TRIES: Final = 3
OTHER: Final = a_request(seed=99)


@dataclass
class Setup:
    """Everything that a path needs; ``number`` tells one run's job from another's.

    ``ran`` are the seconds that the function has used up, ``late`` how far our clock is ahead.
    """

    cloud: Cloud
    lambdas: Lambdas
    provider: LoopbackProvider
    wire: Wire
    number: int = 0
    late: timedelta = timedelta(0)
    ran: float = 0.0

    @property
    def job_id(self) -> JobId:
        return a_job_id(self.number)

    @property
    def table(self) -> JobTable:
        return JobTable.connect(self.cloud.table)

    def spend(self, seconds: float) -> None:
        """Let so many seconds of the running function's time pass."""
        self.late += timedelta(seconds=seconds)
        self.ran += seconds

    def now(self) -> datetime:
        return utc_now() + self.late

    def put(self, status: JobStatus, **changes: Any) -> Job:
        at = self.now()
        times = {"created_at": at, "updated_at": at, "deadline_at": at + timedelta(minutes=15)}
        job = a_job(status, number=self.number, **(times | changes))
        self.table.create(job)
        return job

    def job(self, job_id: str | None = None) -> Job | None:
        try:
            return self.table.get(JobId(job_id or self.job_id))
        except UnknownJob:
            return None

    def has_message(self, queue: str, job_id: str | None = None) -> bool:
        sent = self.lambdas.sent(queue)
        return any(message.get("job_id") == (job_id or self.job_id) for message, _ in sent)


class Path:
    """One call of one handler, and the state after it and its repeats."""

    function: ClassVar[str]

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.prepare()

    def prepare(self) -> None: ...

    def call(self) -> bool:
        """Call the handler; return whether the call need not be repeated."""
        raise NotImplementedError

    def outcome(self) -> object:
        raise NotImplementedError


class Accept(Path):
    """A client with a key, who repeats the request until the response is 202."""

    function = "accept_job"
    key: str | None = None

    def prepare(self) -> None:
        self.key = f"key {self.setup.number}"

    def call(self) -> bool:
        self.reply = self.setup.lambdas("accept_job", a_post(key=self.key))
        return bool(self.reply["statusCode"] == 202)

    def outcome(self) -> object:
        job_id = json.loads(self.reply["body"])["job_id"]
        job, cloud = self.setup.job(job_id), self.setup.cloud
        return (
            job and job.status,
            self.setup.has_message(cloud.submit_queue, job_id),
            self.setup.has_message(cloud.check_queue, job_id),
        )


class AcceptOnce(Path):
    """A client without a key and its only request: 202 if the job will be sent, and only then."""

    function = "accept_job"
    code = 500

    def prepare(self) -> None:
        self.before = {job.job_id for job in self.jobs()}

    def jobs(self) -> list[Job]:
        return list(self.setup.table.newest("studio", limit=99, before=None))

    def call(self) -> bool:
        try:
            self.code = self.setup.lambdas("accept_job", a_post())["statusCode"]
        except Exception:  # noqa: BLE001 as API Gateway does
            self.code = 500
        return True

    def outcome(self) -> object:
        made = [job for job in self.jobs() if job.job_id not in self.before]
        queue = self.setup.cloud.submit_queue
        will_be_sent = [
            job
            for job in made
            if job.status is JobStatus.ACCEPTED and self.setup.has_message(queue, job.job_id)
        ]
        return (self.code == 202) == bool(will_be_sent)


class Submit(Path):
    """A submit message; the provider answers with a task id."""

    function = "submit_job"

    def prepare(self) -> None:
        self.setup.put(JobStatus.ACCEPTED)
        self.setup.provider.requests.clear()
        self.setup.provider.will_answer(CREATE, ANSWERED)

    def call(self) -> bool:
        return bool(self.setup.lambdas("submit_job", a_submit_message(self.setup.job_id)) == DONE)

    def outcome(self) -> object:
        self.setup.provider.will_answer(CREATE, ANSWERED)
        self.deliver_answers()
        job, queue = self.setup.job(), self.setup.cloud.submit_queue
        for _ in range(MOST_TRIES):
            if job and job.status is JobStatus.ACCEPTED and self.setup.has_message(queue):
                self.setup.late += LATER
                self.call()
                job = self.setup.job()
        assert job
        return job.status, job.task_id, len(self.setup.provider.at(CREATE))

    def deliver_answers(self) -> None:
        """Deliver the answers that could not be recorded at once."""
        for message, _ in self.setup.lambdas.sent(self.setup.cloud.submit_queue):
            if message["job_id"] == self.setup.job_id and "kind" in message:
                batch = a_batch("submit_job", "queue_turn", message)
                assert self.setup.lambdas("submit_job", batch) == DONE


class SubmitBusy(Submit):
    """A submit message; the provider is busy first."""

    def prepare(self) -> None:
        super().prepare()
        self.setup.provider.will_answer(CREATE, {"code": 429, "msg": "Slow down."})

    def outcome(self) -> object:
        self.setup.provider.requests.clear()  # all of these were free
        return super().outcome()


class Callback(Path):
    """A signed success, which the provider repeats until it is answered 200."""

    function = "receive_callback"

    def prepare(self) -> None:
        self.setup.put(JobStatus.RUNNING, task_id=RECORDED_TASK)

    def call(self) -> bool:
        now = self.setup.now()
        event = signed_event(recorded("success"), job_id=self.setup.job_id, now=now)
        return bool(self.setup.lambdas("receive_callback", event)["statusCode"] == 200)

    def outcome(self) -> object:
        job = self.setup.job()
        assert job
        return job.status, len(job.result_urls), self.setup.has_message(self.archive_queue)

    @property
    def archive_queue(self) -> str:
        return self.setup.cloud.archive_queue


class LateCallback(Callback):
    """A signed success for a job that has expired."""

    def prepare(self) -> None:
        self.setup.put(JobStatus.EXPIRED)

    def outcome(self) -> object:
        return super().outcome(), self.setup.has_message(self.setup.cloud.check_queue)


class CheckOverdue(Callback):
    """A check of an overdue job, whose record at the provider is a success."""

    function = "check_jobs"

    def prepare(self) -> None:
        record = {"taskId": TASK, "state": "success", "costTime": 2000}
        urls = json.dumps({"resultUrls": ["https://cdn.example/1.png"]})
        answer = {"code": 200, "msg": "success", "data": record | {"resultJson": urls}}
        self.setup.provider.will_answer(RECORD, answer)
        self.setup.put(JobStatus.RUNNING, task_id=TASK, deadline_at=self.setup.now())

    def call(self) -> bool:
        batch = a_batch("check_jobs", "due", {"job_id": self.setup.job_id})
        return bool(self.setup.lambdas("check_jobs", batch) == DONE)

    def outcome(self) -> object:
        checks = self.setup.lambdas.sent(self.setup.cloud.check_queue)
        later = [message for message, _ in checks if message["job_id"] == self.setup.job_id]
        if later:  # the provider could not be asked
            batch = a_batch("check_jobs", "due", later[-1])
            assert self.setup.lambdas("check_jobs", batch) == DONE
        return super().outcome()


class CheckEarly(CheckOverdue):
    """A check before the deadline, which queues a later one."""

    def prepare(self) -> None:
        self.setup.put(JobStatus.RUNNING, task_id=TASK)

    def outcome(self) -> object:
        return self.setup.has_message(self.setup.cloud.check_queue)


class Archive(Path):
    """The copying of two images."""

    function = "archive_images"

    def prepare(self) -> None:
        provider = self.setup.provider
        for number in (1, 2):
            provider.answers[f"/{number}.png"] = (200, image("PNG", size=(number, 9)))
        urls = tuple(f"{provider.url}/{number}.png" for number in (1, 2))
        self.setup.put(JobStatus.ARCHIVING, task_id=TASK, result_urls=urls)

    def call(self) -> bool:
        batch = a_batch("archive_images", "archive", {"job_id": self.setup.job_id, "attempt": 1})
        return bool(self.setup.lambdas("archive_images", batch) == DONE)

    def outcome(self) -> object:
        if self.setup.has_message(self.setup.cloud.archive_queue):
            self.call()
        job, s3 = self.setup.job(), boto3.client("s3")
        assert job
        there = s3.list_objects_v2(Bucket=self.setup.cloud.bucket, Prefix=f"images/{job.job_id}/")
        names = sorted(each["Key"].rpartition("/")[2] for each in there.get("Contents", []))
        thumbnails = self.setup.has_message(self.setup.cloud.thumbnail_queue)
        return job.status, names, [image.number for image in job.images], thumbnails


class Drop(Path):
    """A dropped sheet of three rows."""

    function = "take_drops"

    def prepare(self) -> None:
        rows = "\r\n".join(["model,input.prompt", *[f"{MODEL},kite {n}" for n in range(3)]])
        self.key = f"requests/{self.setup.number}.csv"
        stored = boto3.client("s3").put_object(
            Bucket=self.setup.cloud.drop_bucket, Key=self.key, Body=rows.encode()
        )
        self.event = an_event("take_drops", "drop")
        notification = json.loads(self.event["Records"][0]["body"])
        about = notification["Records"][0]["s3"]
        about["bucket"]["name"] = self.setup.cloud.drop_bucket
        about["object"] |= {"key": self.key, "versionId": stored["VersionId"]}
        self.event["Records"][0]["body"] = json.dumps(notification)

    def call(self) -> bool:
        return bool(self.setup.lambdas("take_drops", self.event) == DONE)

    def outcome(self) -> object:
        jobs = self.setup.table.newest_of(self.key, client="drop", limit=99, before=None)
        queue, drops = self.setup.cloud.submit_queue, self.setup.cloud.drop_bucket
        queued = [self.setup.has_message(queue, job.job_id) for job in jobs]
        found = boto3.client("s3").list_objects_v2(Bucket=drops, Prefix=f"receipts/{self.key}")
        lines = [
            boto3.client("s3").get_object(Bucket=drops, Key=each["Key"])["Body"].read().splitlines()
            for each in found.get("Contents", [])
        ]
        receipts = [json.loads(line)["row"] for each in lines for line in each]
        return sorted(job.row or 0 for job in jobs), queued, receipts


class RequestDeletion(Path):
    """A client that wants a job to be gone, and repeats the request until the response is 202."""

    function = "change_job"

    def prepare(self) -> None:
        self.setup.put(JobStatus.SUCCEEDED, idempotency_key=f"deleted {self.setup.number}")

    def call(self) -> bool:
        event = an_event("change_job", "delete")
        event["pathParameters"]["job_id"] = self.setup.job_id
        return bool(self.setup.lambdas("change_job", event)["statusCode"] == 202)

    def outcome(self) -> object:
        job, sent = self.setup.job(), self.setup.lambdas.sent(self.setup.cloud.delete_queue)
        delays = {delay for message, delay in sent if message["job_id"] == self.setup.job_id}
        return job and job.status, sorted(delays)


class Delete(Path):
    """The message that deletes a job: two versions of an object, a marker, a quarantined file."""

    function = "delete_jobs"

    def prepare(self) -> None:
        job = self.setup.put(JobStatus.FAILED, idempotency_key=f"deleted {self.setup.number}")
        s3, bucket = boto3.client("s3"), self.setup.cloud.bucket
        for key in ("images", "images", "quarantine"):
            s3.put_object(Bucket=bucket, Key=f"{key}/{job.job_id}/1", Body=b"x")
        s3.delete_object(Bucket=bucket, Key=f"images/{job.job_id}/1")
        at = self.setup.now()
        tried = Delivery(event_id="e", type="t", host="h.example", attempt=1, at=at)
        DeliveryTable.connect(self.setup.cloud.table).add(job.job_id, tried)
        DeletionTable.connect(self.setup.cloud.table).begin(job, at=at)

    def call(self) -> bool:
        batch = a_batch("delete_jobs", "delete", {"job_id": self.setup.job_id})
        return bool(self.setup.lambdas("delete_jobs", batch) == DONE)

    def outcome(self) -> object:
        cloud, job_id = self.setup.cloud, self.setup.job_id
        found = boto3.client("s3").list_object_versions(Bucket=cloud.bucket)
        left = [*found.get("Versions", []), *found.get("DeleteMarkers", [])]
        again = a_job(number=99, idempotency_key=f"deleted {self.setup.number}", request=OTHER)
        return (
            [each for each in left if job_id in each["Key"]],
            list(DeliveryTable.connect(cloud.table).of(job_id)),
            # The key makes no other job, whatever it comes with.
            self.setup.table.create(again).job.status,
        )


PATHS: Final[dict[str, type[Path]]] = {
    "accept": Accept,
    "accept without a key": AcceptOnce,
    "submit": Submit,
    "submit, busy first": SubmitBusy,
    "callback": Callback,
    "callback, late": LateCallback,
    "check, overdue": CheckOverdue,
    "check, early": CheckEarly,
    "archive": Archive,
    "drop": Drop,
    "deletion, requested": RequestDeletion,
    "deletion": Delete,
}


@pytest.fixture
def setup(
    cloud: Cloud,
    lambdas: Lambdas,
    provider: LoopbackProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> Setup:
    setup = Setup(cloud, lambdas, provider, Wire(wait=lambda: None))
    setup.wire.wait = lambda: setup.spend(SLOW)
    monkeypatch.setattr("functions.submit_job.app.sleep", setup.spend)
    monkeypatch.setattr("tests.support.lambdas.monotonic", lambda: monotonic() + setup.ran)
    lambdas.settings["PLAIN_HTTP_HOSTS"] = provider.address
    lambdas.settings["KIE_CREATES_PER_WINDOW"] = "20"  # a long list of calls is slow in moto
    for function in {path.function for path in PATHS.values()}:
        monkeypatch.setattr(import_module(f"functions.{function}.app"), "utc_now", setup.now)
    tap(monkeypatch, setup.wire)
    return setup


def play(setup: Setup, path: type[Path], fault: SdkFault | None = None, at: int = 0) -> object:
    """Call the handler in a new container, then again without a fault until it is done."""
    setup.number, setup.late = setup.number + 1, setup.late + LATER
    this = path(setup)
    setup.lambdas.restart(path.function)
    setup.wire.start(fault, fault_at=at)
    setup.ran = 0.0
    try:
        is_done = attempt(this.call)
    finally:
        setup.wire.stop()
        setup.ran = 0.0
    for _ in range(MOST_TRIES):
        is_done = is_done or attempt(this.call)
    assert is_done
    return this.outcome()


def attempt(call: Callable[[], bool]) -> bool:
    """Return whether it is done; to Lambda an exception is a failed call."""
    try:
        return call()
    except Exception:  # noqa: BLE001
        return False


# To send a read again changes nothing.
READS: Final = ("GetItem", "BatchGetItem", "GetSecretValue", "GET object", "HEAD object")
ALIKE: Final = (SdkFault.DONE_CLOSED, SdkFault.THROTTLED)
REPEATED: Final = (SdkFault.DONE_500, SdkFault.DONE_CLOSED, SdkFault.THROTTLED)


def sizes() -> list[Any]:
    """Leave to ``make prove`` the faults that botocore treats just like a 500."""
    return [
        pytest.param(fault, id=fault.value, marks=[pytest.mark.prove] if fault in ALIKE else [])
        for fault in SdkFault
    ]


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", sizes())
@pytest.mark.parametrize("name", PATHS)
def test_a_fault_at_any_request_changes_nothing_in_the_end(
    name: str,
    fault: SdkFault,
    setup: Setup,
    record_property: Callable[[str, object], None],
    *,
    full_size: bool,
) -> None:
    """At full size every request, otherwise the first of each operation."""
    expected = play(setup, PATHS[name])
    tried, broken = 0, dict[str, object]()
    sent = list(setup.wire.sent)
    for number, operation in enumerate(sent, start=1):
        is_another = operation in sent[: number - 1]
        if (operation in READS and fault in REPEATED) or (is_another and not full_size):
            continue
        outcome = play(setup, PATHS[name], fault, number)
        if outcome != expected:
            broken[operation] = outcome
        tried += 1
    assert broken == {}, expected
    record_property("tried: faults beneath the SDK", tried)
