"""The timeline of a job, from what is recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from ringback.domain.accounts import PauseReason, Probe
from ringback.domain.deliveries import Delivery
from ringback.domain.jobs import ErrorKind, Job, JobError, JobId, JobStatus
from ringback.domain.timeline import Step
from ringback.use_cases.find_jobs import FindWaits
from ringback.use_cases.find_timeline import FindTimeline

from tests.support.in_memory import InMemoryAccounts
from tests.support.jobs import NOON, TASK, a_job, a_stored_image


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@dataclass
class Recorded:
    """What is recorded of one job outside its item."""

    files: dict[str, datetime] = field(default_factory=dict)
    sidecar: Mapping[str, Any] = field(default_factory=dict)
    told: datetime | None = None
    tries: Sequence[Delivery] = ()
    accounts: InMemoryAccounts = field(default_factory=InMemoryAccounts)

    def stored_at(self, keys: Sequence[str]) -> Mapping[str, datetime]:
        return {key: self.files[key] for key in keys if key in self.files}

    def record(self, job_id: JobId) -> Mapping[str, Any]:
        return self.sidecar

    def told_at(self, job_id: JobId) -> datetime | None:
        return self.told

    def of(self, job_id: JobId) -> Sequence[Delivery]:
        return self.tries

    def add(self, job_id: JobId, delivery: Delivery) -> None:
        raise AssertionError

    def steps_of(self, job: Job) -> list[Step]:
        waits = FindWaits(accounts=self.accounts, now=lambda: after(60))
        return FindTimeline(files=self, told=self, deliveries=self, waits=waits)(job)


def names(steps: Sequence[Step]) -> list[str]:
    return [step.name for step in steps]


IMAGES = (replace(a_stored_image(1), thumbnail="images/x/1.thumbnail.webp"), a_stored_image(2))
DONE = a_job(
    JobStatus.SUCCEEDED,
    submitted_at=after(1),
    finished_at=after(9.5),
    attempts=2,
    task_id=TASK,
    images=IMAGES,
    source="requests/a.csv",
    row=3,
)
SIDECAR = {
    "queued_at": after(0.5).isoformat(),
    "running_at": after(1.5).isoformat(),
    "decided_at": after(8.5).isoformat(),
    "called_back": True,
}
TRY = Delivery(event_id="e", type="t", host="studio.example", attempt=1, at=after(11), status=503)


def test_a_job_that_has_succeeded_has_all_of_its_steps() -> None:
    recorded = Recorded(
        # S3 cuts off fractions: the first image would come before its job's verdict.
        files={
            IMAGES[0].key: after(8),
            IMAGES[1].key: after(9),
            str(IMAGES[0].thumbnail): after(9),
        },
        sidecar=SIDECAR,
        told=after(10),
        tries=[TRY, replace(TRY, attempt=2, at=after(16), status=200)],
    )
    steps = recorded.steps_of(DONE)
    assert [(step.name, (step.at - NOON).total_seconds()) for step in steps] == [
        ("accepted", 0),
        ("queued", 0.5),
        ("submitting", 1),
        ("running", 1.5),
        ("decided", 8.5),
        ("image_stored", 8.5),
        ("image_stored", 9),
        ("thumbnail_stored", 9.5),
        ("succeeded", 9.5),
        ("told", 10),
        ("webhook", 11),
        ("webhook", 16),
    ]
    by_name = {step.name: dict(step.details) for step in steps}
    assert by_name["accepted"] == {"source": "requests/a.csv", "row": 3}
    assert by_name["submitting"] == {"attempts": 2}
    assert by_name["running"] == {"task_id": TASK}
    assert by_name["decided"] == {"by": "callback"}
    assert by_name["image_stored"] == {"number": 2, "key": IMAGES[1].key}
    assert by_name["succeeded"] == {}
    assert by_name["webhook"] == {
        **{"event_id": "e", "host": "studio.example", "attempt": 2},
        **{"milliseconds": 0, "status": 200},
    }


@pytest.mark.parametrize("called_back", [False, None, "true", 1])
def test_only_what_says_so_was_a_callback(called_back: object) -> None:
    steps = Recorded(sidecar=SIDECAR | {"called_back": called_back}).steps_of(DONE)
    assert [step.details for step in steps if step.name == "decided"] == [{"by": "check"}]


def test_what_is_not_known_is_left_out() -> None:
    """A job of a version before, or whose files were deleted."""
    assert names(Recorded().steps_of(DONE)) == ["accepted", "submitting", "succeeded"]


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-27T12:00:00", 7, None, []])
def test_a_sidecar_that_somebody_has_changed_tells_nothing(text: object) -> None:
    sidecar = dict.fromkeys(("queued_at", "running_at", "decided_at", "called_back"), text)
    assert names(Recorded(sidecar=sidecar).steps_of(DONE)) == names(Recorded().steps_of(DONE))


@pytest.mark.parametrize(
    ("called_back", "by"), [(True, "callback"), (False, "check"), (None, "check")]
)
def test_a_failed_job_says_what_brought_the_verdict(called_back: bool | None, by: str) -> None:  # noqa: FBT001
    error = JobError(kind=ErrorKind.GENERATION_FAILED, code="501", message="no")
    job = a_job(
        JobStatus.FAILED,
        submitted_at=after(1),
        running_at=after(2),
        decided_at=after(7),
        finished_at=after(7),
        called_back=called_back,
        error=error,
    )
    steps = Recorded(sidecar={"decided_at": NOON.isoformat()}).steps_of(job)
    assert names(steps) == ["accepted", "submitting", "running", "decided", "failed"]
    assert steps[-2].details == {"by": by}
    assert steps[-1].details == {"kind": "generation_failed", "code": "501"}


def test_a_job_that_waits_says_since_when_and_for_what() -> None:
    recorded = Recorded()
    recorded.accounts.pause(
        Probe(provider="kie", probe_id="p"),
        reason=PauseReason.NO_CREDITS,
        at=after(-60),
        began_at=after(-60),
        probe_at=after(60),
        refused_job=None,
    )
    job = a_job(queued_at=after(5), not_queued_at=after(3), due_at=after(2))
    steps = recorded.steps_of(job)
    assert names(steps) == ["accepted", "waiting", "due", "not_queued", "queued"]
    assert steps[1] == Step("waiting", NOON, {"reason": "no_credits", "provider": "kie"})
