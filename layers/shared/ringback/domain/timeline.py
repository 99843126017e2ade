"""What became of a job, step by step, from what its record and its files tell."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from ringback.domain.accounts import Wait
from ringback.domain.deliveries import Delivery
from ringback.domain.jobs import FINAL, Job

# S3 cuts times down to whole seconds.
_S3_CUTS: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Step:
    """``details`` depend on the step; those that are not known are left out."""

    name: str
    at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What is recorded of a job outside its own item.

    ``stored_at`` is when each of its files was written, by key. ``told_at`` is when its last end
    was told. ``wait`` is what it waits for now.
    """

    stored_at: Mapping[str, datetime] = field(default_factory=dict)
    told_at: datetime | None = None
    deliveries: Sequence[Delivery] = ()
    wait: Wait | None = None


def timeline(job: Job, traces: Traces) -> list[Step]:
    """Return the steps in order of time; those of one moment are in the usual order."""
    steps = [*_before_the_verdict(job, traces.wait), *_verdict(job)]
    steps += [*_files(job, traces.stored_at), *_end(job, traces)]
    return sorted(steps, key=lambda step: step.at)


def _before_the_verdict(job: Job, wait: Wait | None) -> Iterator[Step]:
    origin = {"retry_of": job.retry_of, "source": job.source, "row": job.row}
    yield Step("accepted", job.created_at, _known(origin))
    if job.not_queued_at:
        yield Step("not_queued", job.not_queued_at)
    if job.queued_at:
        yield Step("queued", job.queued_at)
    if job.due_at:
        yield Step("due", job.due_at)
    if job.submitted_at:
        yield Step("submitting", job.submitted_at, {"attempts": job.attempts})
    if job.running_at:
        yield Step("running", job.running_at, _known({"task_id": job.task_id}))
    if wait:
        for_what = {"reason": wait.reason, "provider": wait.provider, "until": wait.until}
        yield Step("waiting", max(wait.since, job.created_at), _known(for_what))


def _verdict(job: Job) -> Iterator[Step]:
    if job.decided_at:
        yield Step("decided", job.decided_at, {"by": "callback" if job.called_back else "check"})


def _files(job: Job, stored_at: Mapping[str, datetime]) -> Iterator[Step]:
    files = [("image_stored", image.number, image.key, job.decided_at) for image in job.images]
    files += [
        ("thumbnail_stored", image.number, image.thumbnail, job.finished_at)
        for image in job.images
        if image.thumbnail
    ]
    for name, number, key, earliest in files:
        if at := stored_at.get(key):
            is_cut = earliest is not None and earliest - _S3_CUTS < at < earliest
            yield Step(
                name, earliest if is_cut and earliest else at, {"number": number, "key": key}
            )


def _end(job: Job, traces: Traces) -> Iterator[Step]:
    if job.status in FINAL:
        error = job.error
        details = {"kind": error.kind, "code": error.code or None} if error else {}
        yield Step(job.status, job.finished_at or job.updated_at, _known(details))
    if traces.told_at:
        yield Step("told", traces.told_at)
    for each in traces.deliveries:
        tried: dict[str, Any] = {
            "event_id": each.event_id,
            "host": each.host,
            "attempt": each.attempt,
            "milliseconds": each.milliseconds,
            "status": each.status,
            "error": each.error or None,
            "next_at": each.next_at,
        }
        yield Step("webhook", each.at, _known(tried))


def _known(details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in details.items() if value is not None}
