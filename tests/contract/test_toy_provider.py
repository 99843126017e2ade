"""A third provider through the public seams only, from a request to an archived image.

No file of the project but this one knows it: docs/adding-a-provider.md says where its lines go.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import pytest
from pydantic import Field
from ringback.catalogue.model_input import ModelInput
from ringback.catalogue.models import MODELS, Models
from ringback.catalogue.requests import read_request
from ringback.domain.checks import Check
from ringback.domain.errors import InvalidRequest, LinkDead
from ringback.domain.jobs import Job, JobStatus, ProviderTaskId
from ringback.domain.verdicts import Submission, TaskCreated, TaskReport, TaskState
from ringback.use_cases.accept_callback import AcceptCallback, CallbackRequest
from ringback.use_cases.archive_images import ArchiveImages
from ringback.use_cases.check_jobs import CheckJobs
from ringback.use_cases.ports import CallbackReport
from ringback.use_cases.record_verdict import RecordVerdict
from ringback.use_cases.submit_job import AcceptJob, SendJob

from tests.support.desk import link_to
from tests.support.in_memory import (
    InMemoryArchiveQueue,
    InMemoryBucket,
    InMemoryCheckQueue,
    InMemoryJobs,
    InMemoryQueues,
    InMemorySubmitQueue,
    InMemoryThumbnailQueue,
    InMemoryWeb,
    InMemoryWindow,
)
from tests.support.jobs import NOON, a_job_id, facts_of
from tests.support.looks import look

pytestmark = pytest.mark.usefixtures("copies_in_memory")

PICTURE = b"a toy picture"
LINK, FRESH = "https://toys.example/dead.png", "https://toys.example/fresh.png"
TASK = ProviderTaskId("toy-1")
RUNNING = TaskReport(task_id=TASK, state=TaskState.RUNNING)


class ToyInput(ModelInput):
    model_id = "toy/crayon"
    provider = "toy"
    description = "Crayons: an image from a word."
    documentation = "https://toys.example/docs"
    checked_on = date(2026, 11, 21)

    word: Annotated[str, Field(min_length=1, max_length=10, description="What to draw.")]


MODELS_AND_TOY: Models = {**MODELS, ToyInput.model_id: ToyInput}


@dataclass
class ToyClient:
    """Does not call back, and tells of three tasks at a time."""

    calls_back: bool = False
    max_batch_size: int = 3
    keeps_results: timedelta | None = None
    report: TaskReport = RUNNING
    sent: list[Mapping[str, Any]] = field(default_factory=list)

    def prepare(self) -> None: ...

    def create_task(self, job: Job, callback_url: str) -> Submission:
        self.sent.append(job.request.input)
        return TaskCreated(task_id=TASK)

    def read_tasks(self, task_ids: Sequence[ProviderTaskId]) -> Mapping[ProviderTaskId, TaskReport]:
        return {task_id: self.report for task_id in task_ids if task_id == TASK}

    def recognizes(self, job: Job, report: TaskReport, callback_url: str) -> bool:
        return False

    def fresh_links(self, job: Job, number: int) -> list[str]:
        return [FRESH]


class ToyReader:
    """Its calls are signed with the word of the day, so that they are facts."""

    def read(self, headers: dict[str, str], body: bytes, *, now: datetime) -> CallbackReport:
        report = TaskReport(task_id=TASK, state=TaskState.SUCCEEDED, image_urls=(LINK,))
        return CallbackReport(report=report, proven=headers.get("word") == "crayon")


class Playroom:
    def __init__(self) -> None:
        self.now, self.client = NOON, ToyClient()
        self.jobs, self.queues, self.bucket = InMemoryJobs(), InMemoryQueues(), InMemoryBucket()
        web = InMemoryWeb({LINK: LinkDead("404"), FRESH: (PICTURE, facts_of(PICTURE))})
        checks, archive = InMemoryCheckQueue(self.queues), InMemoryArchiveQueue(self.queues)
        providers: dict[str, Any] = {"providers": {"toy": self.client}, "now": lambda: self.now}
        send = SendJob(
            jobs=self.jobs,
            queue=InMemorySubmitQueue(self.queues),
            window=InMemoryWindow(),
            callback_url=lambda provider, job_id: f"https://hooks.example/{provider}/{job_id}",
            deadlines={"toy": timedelta(minutes=10)},
            link_to=link_to,
            **providers,
        )
        self.accept = AcceptJob(
            jobs=self.jobs,
            checks=checks,
            send=send,
            retention=timedelta(days=1),
            new_job_id=lambda now: a_job_id(),
        )
        record = RecordVerdict(jobs=self.jobs, checks=checks, archive=archive, now=providers["now"])
        self.hear = AcceptCallback(
            is_genuine=lambda provider, job_id, token: True,
            readers={"toy": ToyReader()},
            checks=checks,
            record=record,
            now=providers["now"],
        )
        self.check = CheckJobs(
            jobs=self.jobs,
            checks=checks,
            archive=archive,
            record=record,
            callback_url=send.callback_url,
            **providers,
        )
        self.archive = ArchiveImages(
            jobs=self.jobs,
            images=self.bucket,
            queue=archive,
            thumbnails=InMemoryThumbnailQueue(self.queues),
            download=web,
            retry_delays=(),
            **providers,
        )

    def submit(self) -> Job:
        body = json.dumps({"model": "toy/crayon", "input": {"word": "kite"}}).encode()
        request = read_request(body, models=MODELS_AND_TOY)
        return self.accept(request, client="studio", idempotency_key=None)


def test_its_input_checked_like_any_other() -> None:
    body = json.dumps({"model": "toy/crayon", "input": {"word": "x" * 11, "n": 1}}).encode()
    with pytest.raises(InvalidRequest) as refused:
        read_request(body, models=MODELS_AND_TOY)
    assert [error.field for error in refused.value.errors] == ["input.word", "input.n"]


def test_its_job_is_looked_at_until_its_image_lies_in_the_bucket() -> None:
    room = Playroom()
    job = room.submit()
    assert (job.status, room.client.sent) == (JobStatus.RUNNING, [{"word": "kite"}])
    [(_, delay)] = room.queues.due
    room.now += timedelta(seconds=delay)
    look(room.check, Check(job_id=job.job_id))
    [_, (_, delay)] = room.queues.due
    room.now += timedelta(seconds=delay)
    room.client.report = TaskReport(task_id=TASK, state=TaskState.SUCCEEDED, image_urls=(LINK,))
    look(room.check, Check(job_id=job.job_id))
    assert room.queues.archive == [(job.job_id, 1, 0)]
    assert room.archive(job.job_id, attempt=1).status is JobStatus.SUCCEEDED
    assert [*room.bucket.objects.values()] == [PICTURE]


def test_its_calls_are_facts_if_it_says_so() -> None:
    room = Playroom()
    job = room.submit()
    call = CallbackRequest(provider="toy", job_id=job.job_id, token="t", headers={}, body=b"")
    assert room.hear(call) is None
    assert room.queues.woken == [(job.job_id, TASK, 0)]
    signed = CallbackRequest(
        provider="toy", job_id=job.job_id, token="t", headers={"word": "crayon"}, body=b""
    )
    heard = room.hear(signed)
    assert heard is not None
    assert heard.status is JobStatus.ARCHIVING
