"""The guarantees that hold after every run: no double payment, no lost job, no lost image."""

from collections.abc import Sequence
from itertools import pairwise

from ringback.domain.accounts import TRIAL
from ringback.domain.errors import UnknownJob
from ringback.domain.jobs import FINAL, ErrorKind, Job, JobId, JobStatus

from tests.support.crash_world import PAGE, World, picture

FREE = (ErrorKind.NOT_SUBMITTED, ErrorKind.REFUSED)


def broken_guarantees(world: World) -> list[str]:
    """Return the broken guarantees of a world in which no event is left."""
    every: Sequence[Job] = world.jobs.newest("studio", limit=99, before=None)
    jobs = [job for job in every if job.status is not JobStatus.DELETED]
    found = [f"{job.status} is not final" for job in jobs if job.status not in FINAL]
    found += broken_guarantees_of_deleted(world, every)
    keys = [job.idempotency_key for job in jobs if job.idempotency_key]
    if len(keys) > len(set(keys)):
        found.append("one idempotency key, two jobs")
    found += [
        f"{job_id} was returned to the client, and is lost"
        for job_id in world.answered
        if is_lost(world, job_id)
    ]
    found += [f"dead letter: {name}" for name in world.dead_letters]
    found += broken_guarantees_of_events(world, every)
    for job in jobs:
        found += broken_guarantees_of(job, world)
    return found + broken_guarantees_of_account(world)


def broken_guarantees_of_deleted(world: World, jobs: Sequence[Job]) -> list[str]:
    gone = {job.job_id for job in jobs if job.status is JobStatus.DELETED}
    found = [f"{job_id} was to be deleted" for job_id in world.to_be_gone - gone]
    for job_id in gone:
        left = [*world.bucket.of(job_id), *world.bucket.records.keys() & {job_id}]
        found += [f"{each} is left of a deleted job" for each in left]
        if paid_calls(world, job_id) > 1:
            found.append("a deleted job was paid twice")
    return found


def broken_guarantees_of_events(world: World, jobs: Sequence[Job]) -> list[str]:
    told = {event.id for event in world.bus.events}
    found = [f"{each} was told, and never was" for each in told - world.states]
    ended = [job for job in jobs if job.status in (*FINAL, JobStatus.DELETED)]
    ends = [f"{job.job_id}:{job.status}:{job.changes}" for job in ended]
    return found + [f"{end} was never told" for end in ends if end not in told]


def broken_guarantees_of_account(world: World) -> list[str]:
    """Return what is wrong with an account that no job waits for any more."""
    account, found = world.accounts.read("kie"), list[str]()
    pause, last = account.pause, [answers[-1] for answers in world.provider.answered.values()]
    if pause and not pause.half_open_at and last == ["created"]:
        found.append("a good account stays paused")
    if pause and pause.trial_until and pause.trial_until > world.now + TRIAL:
        found.append("one job keeps all others from trying")
    told = [each.pause.since if each.pause else None for each in world.announced]
    if any(one == other is not None for one, other in pairwise(told)):
        found.append("the owner is told of one pause twice")
    return found


def ends_differently(world: World, usual: World) -> list[str]:
    """Return how a world ended if its jobs did not end as those of ``usual``, without a fault.

    Three things excuse it: a createTask that failed, so that its outcome is unknown; a lost
    response to it together with the loss of every callback; a client that never got 202.
    """
    ends, usual_ends = ends_of(world), ends_of(usual)
    answers = [world.provider.answered.get(job_id, [""])[-1] for job_id in world.missed_callbacks]
    is_unknown = "create_task" in world.effects.failed or any(last != "created" for last in answers)
    if ends == usual_ends or is_unknown or not world.acknowledged:
        return []
    return [f"ends {', '.join(ends)} instead of {', '.join(usual_ends)}"]


def ends_of(world: World) -> set[str]:
    return {str(job.status) for job in world.jobs.newest("studio", limit=99, before=None)}


def is_lost(world: World, job_id: JobId) -> bool:
    try:
        return world.jobs.get(job_id) is None
    except UnknownJob:
        return True


def paid_calls(world: World, job_id: JobId) -> int:
    """Count the calls that cost money, or may have: all but the refusals that are not final."""
    return sum(
        answer not in ("busy", "broke") for answer in world.provider.answered.get(job_id, [])
    )


def broken_guarantees_of(job: Job, world: World) -> list[str]:
    made = any(job_id == job.job_id for job_id, _ in world.provider.made.values())
    scenario = world.provider.known.get(job.job_id, world.scenario)
    asked = paid_calls(world, job.job_id)
    # A result may be missed only if the answer was lost and no callback came.
    is_missed = scenario.calls in ("none", "never") or job.job_id in world.missed_callbacks
    excused = not job.task_id and is_missed
    guarantees = {
        "paid at most once": asked <= 1,
        "a free error comes without a task": not (made and job.error and job.error.kind in FREE),
        "a cancelled job was never sent": job.status is not JobStatus.CANCELLED or not asked,
        "a job with images does not fail": not made
        or job.status is not JobStatus.FAILED
        or not scenario.succeeds,
        "an available result is recorded": not made
        or job.status is not JobStatus.EXPIRED
        or excused,
        "an expired job may be charged": job.status is not JobStatus.EXPIRED
        or (job.error is not None and job.error.may_be_charged),
        "what came instead of an image is kept": job.status is not JobStatus.ARCHIVE_FAILED
        or keeps_the_pages(job, world),
        "a successful job has every image": job.status is not JobStatus.SUCCEEDED
        or has_its_images(job, world, count=scenario.images),
    }
    return [guarantee for guarantee, is_kept in guarantees.items() if not is_kept]


def keeps_the_pages(job: Job, world: World) -> bool:
    """Tell whether the last try's pages are in the bucket, and ``job.json`` says where."""
    error = job.error
    last = zip(error.missing, error.reasons, strict=True) if error and error.reasons else ()
    pages = {number: picture(job.result_urls[number - 1]) for number, why in last if why == PAGE}
    kept = {each.number: world.bucket.objects.get(each.key) for each in job.quarantined}
    named = world.bucket.records[job.job_id]["missing_images"] if kept else []
    return kept == pages and [each["number"] for each in named if each["quarantined"]] == [*pages]


def has_its_images(job: Job, world: World, *, count: int) -> bool:
    objects = world.bucket.objects
    stored = [objects.get(image.key) for image in job.images]
    return (
        stored == [picture(url) for url in job.result_urls]
        and len(stored) == count
        and job.job_id in world.bucket.records
        and all(image.thumbnail in objects for image in job.images)
    )
