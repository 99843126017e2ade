from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
from ringback.domain.errors import SignatureRejected, UnknownJob
from ringback.domain.jobs import FINAL, GONE, ErrorKind, Job, JobId, JobStatus, ProviderTaskId
from ringback.domain.verdicts import TaskReport, TaskState
from ringback.use_cases.accept_callback import AcceptCallback, CallbackRequest
from ringback.use_cases.ports import CallbackReport, Write
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
NAMING = {
    "generating": STILL_RUNNING,
    "without images": a_report(image_urls=()),
    "success": SUCCESS,
    "failure": FAILURE,
}


@dataclass
class Endpoint:
    """A callback endpoint in memory; the token ``good`` is valid for every job."""

    jobs: InMemoryJobs = field(default_factory=InMemoryJobs)
    queues: InMemoryQueues = field(default_factory=InMemoryQueues)
    callback: CallbackReport = CallbackReport(report=SUCCESS, proven=True)  # noqa: RUF009 frozen

    def read(self, headers: dict[str, str], body: bytes, *, now: datetime) -> CallbackReport:
        if body == b"forged":
            raise SignatureRejected("no signature matches")
        return self.callback

    def __call__(
        self,
        report: TaskReport = SUCCESS,
        *,
        proven: bool = True,
        provider: str = "kie",
        token: str = "good",  # noqa: S107
        body: bytes = b"",
    ) -> Job | None:
        self.callback = CallbackReport(report=report, proven=proven)
        checks = InMemoryCheckQueue(self.queues)
        record = RecordVerdict(
            jobs=self.jobs,
            checks=checks,
            archive=InMemoryArchiveQueue(self.queues),
            open_account=lambda job: None,
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


def an_endpoint(status: JobStatus = JobStatus.RUNNING, **changes: Any) -> Endpoint:
    endpoint = Endpoint()
    endpoint.jobs.create(a_job(status, **({"task_id": TASK} | changes)))
    return endpoint


def test_a_success_starts_archiving() -> None:
    endpoint = an_endpoint()
    job = endpoint()
    assert job is not None
    assert (job.status, job.result_urls) == (JobStatus.ARCHIVING, SUCCESS.image_urls)
    assert (job.decided_at, job.called_back) == (NOON, True)
    assert endpoint.queues.archive == [(job.job_id, 1, 0)]


def test_a_failure_keeps_the_providers_code_and_message() -> None:
    endpoint = an_endpoint()
    job = endpoint(FAILURE)
    assert job is not None
    assert job.error is not None
    assert (job.status, job.finished_at) == (JobStatus.FAILED, NOON)
    assert (job.decided_at, job.called_back) == (NOON, True)
    assert (job.error.kind, job.error.code, job.error.message) == (
        ErrorKind.GENERATION_FAILED,
        "500",
        "no luck",
    )


@pytest.mark.parametrize("report", [SUCCESS, FAILURE])
def test_the_answer_that_decided_is_kept(report: TaskReport) -> None:
    endpoint = an_endpoint()
    first, second = (replace(report, answer=answer) for answer in ("the first", "the second"))
    for answered in (first, second):
        job = endpoint(answered)
        assert job is not None
        assert job.answer == "the first"


def test_a_repeated_success_replaces_a_lost_archive_message() -> None:
    endpoint = an_endpoint()
    first, second = endpoint(), endpoint()
    assert first == second
    assert len(endpoint.queues.archive) == 2


@pytest.mark.parametrize(
    ("status", "report"),
    [
        (status, report)
        for status in sorted(FINAL - {JobStatus.EXPIRED})
        for report in (SUCCESS, FAILURE, STILL_RUNNING)
        if (status, report) != (JobStatus.CANCELLED, SUCCESS)
    ],
)
def test_a_callback_after_the_end_changes_nothing(status: JobStatus, report: TaskReport) -> None:
    endpoint = an_endpoint(status)
    before = endpoint.jobs.get(a_job_id())
    assert endpoint(report) == before
    contradicts = status is JobStatus.FAILED and report is SUCCESS
    assert endpoint.queues == InMemoryQueues(claims=[(a_job_id(), TASK, 0)] if contradicts else [])
    assert all(check.contradicts_failure for check, _ in endpoint.queues.sent_checks)


def test_a_late_failure_does_not_undo_a_success() -> None:
    endpoint = an_endpoint()
    endpoint()
    job = endpoint(FAILURE)
    assert job is not None
    assert job.status is JobStatus.ARCHIVING


def test_a_success_after_the_deadline_still_saves_the_images() -> None:
    endpoint = an_endpoint(JobStatus.EXPIRED, finished_at=NOON)
    job = endpoint()
    assert job is not None
    assert (job.status, job.finished_at) == (JobStatus.ARCHIVING, None)
    # The job's own check has passed, so another one is queued.
    assert endpoint.queues.due == [(a_job_id(), 900)]


@pytest.mark.parametrize("report", [SUCCESS, FAILURE], ids=["success", "failure"])
def test_a_late_report_that_cannot_be_recorded_leaves_a_check(report: TaskReport) -> None:
    endpoint = an_endpoint(JobStatus.EXPIRED, finished_at=NOON)
    move = endpoint.jobs.move

    def crash(job_id: JobId, **wanted: Any) -> Write:
        if JobStatus.EXPIRED in wanted["expect"]:
            raise OSError
        return move(job_id, **wanted)

    endpoint.jobs.move = crash  # type: ignore[method-assign]
    with pytest.raises(OSError):
        endpoint(report)
    assert endpoint.queues.due == [(a_job_id(), 900)]


def test_a_failure_after_the_deadline_is_not_charged() -> None:
    endpoint = an_endpoint(JobStatus.EXPIRED)
    job = endpoint(FAILURE)
    assert job is not None
    assert job.error is not None
    assert (job.status, job.error.may_be_charged) == (JobStatus.FAILED, False)
    # Its own check has passed: this one sees that the failure was told.
    assert endpoint.queues.due == [(a_job_id(), 900)]


def test_a_callback_replaces_a_lost_submit_response() -> None:
    job = an_endpoint(JobStatus.SUBMITTING, task_id=None)()
    assert job is not None
    assert (job.status, job.task_id) == (JobStatus.ARCHIVING, TASK)


@pytest.mark.parametrize("report", NAMING.values(), ids=NAMING.keys())
def test_a_signed_callback_about_another_task_is_refused(report: TaskReport) -> None:
    endpoint = an_endpoint(task_id=ProviderTaskId("another"))
    before = endpoint.jobs.get(a_job_id())
    with pytest.raises(UnknownJob):
        endpoint(report)
    assert endpoint.jobs.get(a_job_id()) == before
    assert endpoint.queues == InMemoryQueues()


@pytest.mark.parametrize("report", [SUCCESS, FAILURE], ids=lambda one: one.state)
def test_an_unsigned_callback_only_queues_a_check(report: TaskReport) -> None:
    endpoint = an_endpoint()
    before = endpoint.jobs.get(a_job_id())
    assert endpoint(report, proven=False) is None
    assert endpoint.jobs.get(a_job_id()) == before
    assert endpoint.queues.claims == [(a_job_id(), TASK, 0)]


def test_a_success_without_images_is_checked_first() -> None:
    endpoint = an_endpoint()
    before = endpoint.jobs.get(a_job_id())
    assert endpoint(a_report(image_urls=())) == before
    assert endpoint.queues == InMemoryQueues(claims=[(a_job_id(), TASK, 0)])


@pytest.mark.parametrize("report", NAMING.values(), ids=NAMING.keys())
@pytest.mark.parametrize("status", sorted(set(JobStatus) - GONE))
def test_a_task_id_that_is_proven_is_kept_whatever_is_said_of_the_task(
    status: JobStatus, report: TaskReport
) -> None:
    endpoint = an_endpoint(status, task_id=None)
    endpoint(report)
    assert endpoint.jobs.get(a_job_id()).task_id == TASK


@pytest.mark.parametrize("report", [STILL_RUNNING, NAMING["without images"]])
@pytest.mark.parametrize("status", [JobStatus.ACCEPTED, JobStatus.SUBMITTING])
def test_a_job_whose_task_is_proven_is_running_and_never_bought_again(
    status: JobStatus, report: TaskReport
) -> None:
    endpoint = an_endpoint(status, task_id=None)
    endpoint(report)
    assert endpoint.jobs.get(a_job_id()).status is JobStatus.RUNNING


@pytest.mark.parametrize("proven", [True, False])
@pytest.mark.parametrize("report", NAMING.values(), ids=NAMING.keys())
@pytest.mark.parametrize("status", sorted(GONE))
def test_nothing_is_written_to_a_job_that_was_deleted(
    status: JobStatus,
    report: TaskReport,
    proven: bool,  # noqa: FBT001
) -> None:
    endpoint = an_endpoint(status, task_id=None)
    before = endpoint.jobs.get(a_job_id())
    assert endpoint(report, proven=proven) in (before, None)
    assert endpoint.jobs.get(a_job_id()) == before
    assert endpoint.queues.archive == []


def test_a_task_id_that_is_not_proven_is_not_kept() -> None:
    endpoint = an_endpoint(JobStatus.SUBMITTING, task_id=None)
    for report in NAMING.values():
        assert endpoint(report, proven=False) is None
    assert endpoint.jobs.get(a_job_id()).task_id is None


def test_images_of_a_job_that_was_never_sent_are_believed_and_it_is_not_bought() -> None:
    endpoint = an_endpoint(JobStatus.ACCEPTED, task_id=None)
    job = endpoint()
    assert job is not None
    assert (job.status, job.task_id) == (JobStatus.ARCHIVING, TASK)
    assert endpoint.queues.archive == [(job.job_id, 1, 0)]


def test_images_of_a_cancelled_job_are_believed() -> None:
    endpoint = an_endpoint(JobStatus.CANCELLED, task_id=None, finished_at=NOON)
    job = endpoint()
    assert job is not None
    assert (job.status, job.finished_at) == (JobStatus.ARCHIVING, None)
    # A cancelled job's check has passed, so another one is queued.
    assert endpoint.queues.due == [(a_job_id(), 900)]


def test_a_proven_failure_of_a_job_that_was_never_sent_ends_it() -> None:
    job = an_endpoint(JobStatus.ACCEPTED, task_id=None)(FAILURE)
    assert job is not None
    assert job.error is not None
    assert (job.status, job.error.kind) == (JobStatus.FAILED, ErrorKind.GENERATION_FAILED)


def test_a_running_task_changes_nothing() -> None:
    endpoint = an_endpoint()
    assert endpoint(STILL_RUNNING) == endpoint.jobs.get(a_job_id())
    assert endpoint.queues == InMemoryQueues()


@pytest.mark.parametrize(("provider", "token"), [("kie", "bad"), ("unknown", "good")])
def test_a_wrong_token_or_provider_is_an_unknown_job(provider: str, token: str) -> None:
    endpoint = an_endpoint()
    with pytest.raises(UnknownJob):
        endpoint(provider=provider, token=token, body=b"forged")


def test_a_job_that_was_never_recorded_is_unknown() -> None:
    with pytest.raises(UnknownJob):
        Endpoint()()


def test_a_forged_callback_is_refused() -> None:
    endpoint = an_endpoint()
    with pytest.raises(SignatureRejected):
        endpoint(body=b"forged")
