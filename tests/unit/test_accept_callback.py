from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from ringback.domain.errors import SignatureRejected, UnknownJob
from ringback.domain.jobs import ErrorKind, Job, JobStatus, ProviderTaskId
from ringback.domain.verdicts import TaskReport, TaskState
from ringback.use_cases.accept_callback import AcceptCallback, CallbackRequest
from ringback.use_cases.ports import CallbackReport
from ringback.use_cases.record_verdict import RecordVerdict

from tests.support.in_memory import (
    InMemoryArchiveQueue,
    InMemoryCheckQueue,
    InMemoryJobs,
    InMemoryQueues,
)
from tests.support.jobs import NOON, TASK, a_job, a_job_id, a_report

SUCCESS, FAILURE = a_report(), a_report(TaskState.FAILED, code="500", message="no luck")
STILL_RUNNING = a_report(TaskState.RUNNING)


@dataclass
class Ear:
    """A callback endpoint in memory; the token ``good`` is the right one for every job."""

    jobs: InMemoryJobs = field(default_factory=InMemoryJobs)
    queues: InMemoryQueues = field(default_factory=InMemoryQueues)
    heard: CallbackReport = CallbackReport(report=SUCCESS, proven=True)  # noqa: RUF009 frozen

    def read(self, headers: dict[str, str], body: bytes, *, now: datetime) -> CallbackReport:
        if body == b"forged":
            raise SignatureRejected("no signature matches")
        return self.heard

    def __call__(
        self,
        report: TaskReport = SUCCESS,
        *,
        proven: bool = True,
        provider: str = "kie",
        token: str = "good",  # noqa: S107
        body: bytes = b"",
    ) -> Job | None:
        self.heard = CallbackReport(report=report, proven=proven)
        checks = InMemoryCheckQueue(self.queues)
        record = RecordVerdict(
            jobs=self.jobs,
            checks=checks,
            archive=InMemoryArchiveQueue(self.queues),
            now=lambda: NOON,
        )
        accept = AcceptCallback(
            is_genuine=lambda provider, job_id, token: token == "good",
            readers={"kie": self},
            checks=checks,
            record=record,
            now=lambda: NOON,
        )
        return accept(
            CallbackRequest(
                provider=provider, job_id=a_job_id(), token=token, headers={}, body=body
            )
        )


def an_ear(status: JobStatus = JobStatus.RUNNING, **changes: Any) -> Ear:
    ear = Ear()
    ear.jobs.create(a_job(status, **({"task_id": TASK} | changes)))
    return ear


def test_a_success_has_its_images_copied() -> None:
    ear = an_ear()
    job = ear()
    assert job is not None
    assert (job.status, job.result_urls) == (JobStatus.ARCHIVING, SUCCESS.image_urls)
    assert ear.queues.archive == [(job.job_id, 1, 0)]


def test_a_failure_is_recorded_in_the_providers_words() -> None:
    ear = an_ear()
    job = ear(FAILURE)
    assert job is not None
    assert job.error is not None
    assert (job.status, job.finished_at) == (JobStatus.FAILED, NOON)
    assert (job.error.kind, job.error.code, job.error.message) == (
        ErrorKind.GENERATION_FAILED,
        "500",
        "no luck",
    )


def test_a_repeated_success_is_acknowledged_and_heals_a_lost_archive_message() -> None:
    ear = an_ear()
    first, second = ear(), ear()
    assert first == second
    assert len(ear.queues.archive) == 2


@pytest.mark.parametrize(
    "status", [JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.ARCHIVE_FAILED]
)
@pytest.mark.parametrize("report", [SUCCESS, FAILURE, STILL_RUNNING], ids=lambda one: one.state)
def test_a_call_that_comes_after_the_end_changes_nothing(
    status: JobStatus, report: TaskReport
) -> None:
    ear = an_ear(status)
    before = ear.jobs.get(a_job_id())
    assert ear(report) == before
    contradicts = status is JobStatus.FAILED and report is SUCCESS
    assert ear.queues == InMemoryQueues(woken=[(a_job_id(), TASK, 0)] if contradicts else [])


def test_a_late_failure_does_not_undo_a_success() -> None:
    ear = an_ear()
    ear()
    job = ear(FAILURE)
    assert job is not None
    assert job.status is JobStatus.ARCHIVING


def test_a_success_after_the_deadline_still_saves_the_images() -> None:
    ear = an_ear(JobStatus.EXPIRED, finished_at=NOON)
    job = ear()
    assert job is not None
    assert (job.status, job.finished_at) == (JobStatus.ARCHIVING, None)
    # Its own check is past: another one looks after what is begun here.
    assert ear.queues.due == [(a_job_id(), 900)]


def test_a_failure_after_the_deadline_tells_that_nothing_was_charged() -> None:
    job = an_ear(JobStatus.EXPIRED)(FAILURE)
    assert job is not None
    assert job.error is not None
    assert (job.status, job.error.may_be_charged) == (JobStatus.FAILED, False)


def test_a_call_that_replaces_the_lost_answer_brings_the_task_id() -> None:
    job = an_ear(JobStatus.SUBMITTING, task_id=None)()
    assert job is not None
    assert (job.status, job.task_id) == (JobStatus.ARCHIVING, TASK)


@pytest.mark.parametrize("report", [SUCCESS, FAILURE, STILL_RUNNING], ids=lambda one: one.state)
def test_a_signed_call_about_another_task_is_not_for_this_job(report: TaskReport) -> None:
    ear = an_ear(task_id=ProviderTaskId("another"))
    before = ear.jobs.get(a_job_id())
    with pytest.raises(UnknownJob):
        ear(report)
    assert ear.jobs.get(a_job_id()) == before
    assert ear.queues == InMemoryQueues()


@pytest.mark.parametrize("report", [SUCCESS, FAILURE], ids=lambda one: one.state)
def test_an_unsigned_call_is_only_a_wake_up(report: TaskReport) -> None:
    ear = an_ear()
    before = ear.jobs.get(a_job_id())
    assert ear(report, proven=False) is None
    assert ear.jobs.get(a_job_id()) == before
    assert ear.queues.woken == [(a_job_id(), TASK, 0)]


def test_a_success_without_an_image_is_asked_about_first() -> None:
    ear = an_ear()
    assert ear(a_report(image_urls=())) is None
    assert ear.queues.woken == [(a_job_id(), TASK, 0)]


def test_a_running_task_changes_nothing() -> None:
    ear = an_ear()
    assert ear(STILL_RUNNING) == ear.jobs.get(a_job_id())
    assert ear.queues == InMemoryQueues()


@pytest.mark.parametrize(("provider", "token"), [("kie", "bad"), ("nobody", "good")])
def test_a_wrong_token_and_an_unknown_provider_look_like_an_unknown_job(
    provider: str, token: str
) -> None:
    ear = an_ear()
    with pytest.raises(UnknownJob):
        ear(provider=provider, token=token, body=b"forged")


def test_a_job_that_was_never_recorded_is_unknown() -> None:
    with pytest.raises(UnknownJob):
        Ear()()


def test_a_forged_call_is_refused() -> None:
    ear = an_ear()
    with pytest.raises(SignatureRejected):
        ear(body=b"forged")
