"""A storm of jobs while everything goes wrong that can: nothing is lost or bought twice.

Every fault of the simulator strikes, every message is delivered twice, and the functions'
processes are killed until all is over. Then the provider's, the table's and the bucket's ledgers
are compared.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from ringback.domain.jobs import ErrorKind, Job

from local.simulator.faults import FAULTS, Stage
from tests.e2e.faults import INAPPLICABLE
from tests.e2e.provider import job_of
from tests.e2e.stack_logs import show_logs_of
from tests.e2e.storm import REFUSED_ONCE, planned_jobs
from tests.e2e.storm_stack import Storm, run_storm, unreliable_stack

pytestmark = pytest.mark.exhaustive

USUAL, FULL = 64, 300


@pytest.fixture(scope="module")
def storm(request: pytest.FixtureRequest, *, full_size: bool) -> Storm:
    planned = planned_jobs(FULL if full_size else USUAL)
    with unreliable_stack() as deployment:
        show_logs_of(deployment, request.config)
        return run_storm(planned, deployment)


# ------------------------------------------------------------------ the storm was one


def test_every_fault_strikes_in_the_storm() -> None:
    """A new fault of the simulator has to be added to the storm, or a reason why it cannot be."""
    planned = planned_jobs(USUAL)
    for model, reasons in INAPPLICABLE.items():
        struck = {fault for job in planned if job.model == model for fault in job.faults}
        assert struck | reasons.keys() == FAULTS.keys()
        assert not struck & reasons.keys()


def test_the_storm_was_one(storm: Storm) -> None:
    """Otherwise the tests below would prove nothing."""
    tasks = storm.ledgers.tasks
    struck = {(task["provider"], fault) for task in tasks for fault in task["faults"]}
    planned = {
        (storm.ledgers.jobs[job_id].request.provider, fault)
        for job_id, job in storm.planned.items()
        for fault in job.faults
        if FAULTS[fault].stage is Stage.TASK and job.end[1]
    }
    assert all(
        storm.ledgers.calls[job_id] > 1
        for job_id, job in storm.planned.items()
        if job.faults & {*REFUSED_ONCE} and storm.ledgers.tasks_of(job_id)
    )
    # A kill may have kept a job from the provider.
    assert len(planned - struck) <= len(storm.hit)
    assert storm.copies.keys() >= {"SubmitQueue", "CheckQueue", "ArchiveQueue", "DropQueue"}
    assert min(storm.copies[name] for name in ("SubmitQueue", "CheckQueue")) >= len(storm.planned)
    assert storm.copies["ArchiveQueue"] >= len(storm.planned) / 3
    assert len(storm.kills) >= len(storm.planned) / 8
    assert len({each["killed"] for each in storm.kills}) >= 4
    assert storm.hit


def test_the_figures(storm: Storm, record_property: Callable[[str, object], None]) -> None:
    for name, number in figures(storm):
        record_property(f"tried: storm, {name}", number)


def figures(storm: Storm) -> Iterator[tuple[str, float]]:
    """Yield what the three ledgers add up to, and what happened meanwhile."""
    ledgers, jobs = storm.ledgers, storm.ledgers.jobs.values()
    yield (
        "faults (by provider)",
        len({(job.model, fault) for job in storm.planned.values() for fault in job.faults}),
    )
    yield "faults that struck", sum(len(job.faults) for job in storm.planned.values())
    yield from ((f"duplicates in {name}", count) for name, count in sorted(storm.copies.items()))
    kills = Counter(each["killed"].split("-")[1] for each in storm.kills)
    yield from ((f"kills of {name} at work", count) for name, count in sorted(kills.items()))
    yield "the provider: paid calls", sum(ledgers.calls.values())
    yield "the provider: tasks", len(ledgers.tasks)
    yield "the provider: images made", sum(len(task["result_urls"]) for task in ledgers.tasks)
    yield "the provider: credits", ledgers.spent
    yield "the table: jobs", len(jobs)
    for status, count in sorted(Counter(job.status for job in jobs).items()):
        yield f"the table: {status}", count
    yield "the table: images", sum(len(job.images) for job in jobs)
    yield "the table: credits", float(sum(job.credits or 0 for job in jobs))
    yield "the bucket: images", len(stored_images(storm))
    yield "the bucket: records", sum(key.endswith("/job.json") for key in ledgers.objects)
    yield "the bucket: objects", len(ledgers.objects)


# ------------------------------------------------------------------ the provider and the table


def test_each_job_is_in_the_table_once(storm: Storm, *, full_size: bool) -> None:
    numbers = sorted(job.number for job in storm.planned.values())
    assert numbers == list(range(FULL if full_size else USUAL))


def test_each_task_belongs_to_one_job_and_no_job_was_bought_twice(storm: Storm) -> None:
    owners = Counter(job_of(task) for task in storm.ledgers.tasks)
    assert {job_id: count for job_id, count in owners.items() if count > 1} == {}
    assert owners.keys() <= storm.ledgers.jobs.keys()
    # Nor was it tried: a call is repeated only after an answer that nothing was created.
    assert {
        job_id: calls
        for job_id, calls in storm.ledgers.calls.items()
        if calls > 1 + len(storm.planned[job_id].faults & {*REFUSED_ONCE})
    } == {}
    recorded = {job_id: job.task_id for job_id, job in storm.ledgers.jobs.items() if job.task_id}
    made = {job_of(task): task["id"] for task in storm.ledgers.tasks}
    assert recorded.items() <= made.items()
    # What is not recorded was never connected to its job, which says so.
    lost = [storm.ledgers.jobs[job_id] for job_id in made.keys() - recorded.keys()]
    assert [job for job in lost if job.status != "expired" or not may_be_charged(job)] == []


def test_every_job_ends_as_its_faults_let_it(storm: Storm) -> None:
    ends = {
        job_id: (str(job.status), len(storm.ledgers.tasks_of(job_id)))
        for job_id, job in storm.ledgers.jobs.items()
    }
    others = {
        job_id: (end, storm.planned[job_id])
        for job_id, end in ends.items()
        if end != storm.planned[job_id].end
    }
    assert {job: why for job, why in others.items() if why[0] not in why[1].ends_if_killed} == {}
    assert others.keys() <= storm.hit, others


def test_what_may_have_been_charged_says_so_and_what_was_not_does_not(storm: Storm) -> None:
    for job_id, job in storm.ledgers.jobs.items():
        charged = [task["credits_consumed"] for task in storm.ledgers.tasks_of(job_id)]
        if job.error and any(charged):
            assert may_be_charged(job), job
        if job.status == "failed" and not any(charged):
            assert not may_be_charged(job), job
        if job.status == "expired":
            assert may_be_charged(job), job


def test_the_credits_add_up(storm: Storm) -> None:
    """What kie.ai charged is recorded, or its job says that it may have been charged."""
    tasks = [task for task in storm.ledgers.tasks if task["provider"] == "kie"]
    jobs = storm.ledgers.jobs
    consumed = {job_of(task): task["credits_consumed"] for task in tasks}
    assert storm.ledgers.spent == round(sum(consumed.values()), 4)
    recorded = {job_id: float(job.credits) for job_id, job in jobs.items() if job.credits}
    assert recorded.items() <= consumed.items()
    unknown = {job_id for job_id, amount in consumed.items() if amount and job_id not in recorded}
    assert all(jobs[job_id].status == "expired" for job_id in unknown)
    assert all(may_be_charged(jobs[job_id]) for job_id in unknown)


def may_be_charged(job: Job) -> bool:
    return job.error is not None and job.error.may_be_charged


# ------------------------------------------------------------------ the bucket


def stored_images(storm: Storm) -> dict[str, str]:
    """Return the SHA-256 of each image in the bucket by its key."""
    return {
        key: stored.sha256
        for key, stored in storm.ledgers.objects.items()
        if key.startswith("images/") and not key.endswith((".json", ".thumbnail.webp"))
    }


def test_the_bucket_has_what_the_table_says_and_nothing_else(storm: Storm) -> None:
    objects, jobs = storm.ledgers.objects, storm.ledgers.jobs
    images = [image for job in jobs.values() for image in job.images]
    assert len({image.key for image in images}) == len(images)
    for image in images:
        stored = objects[image.key]
        assert (stored.sha256, stored.size) == (image.facts.sha256, image.facts.bytes)
        assert stored.versions == 1
        assert image.thumbnail in objects or image.facts.damage
    copied = [
        job_id for job_id, job in jobs.items() if job.status in ("succeeded", "archive_failed")
    ]
    records = {f"images/{job_id}/job.json" for job_id in copied}
    assert {key for key in objects if key.endswith(".json")} == records
    # The usual key of a thumbnail is not written out.
    others = objects.keys() - records - {image.thumbnail for image in images}
    assert {key for key in others if key not in storm.ledgers.items[key.split("/")[1]]} == set()


def test_the_bucket_has_the_provider_s_images_byte_for_byte_and_once(storm: Storm) -> None:
    """Every image of the provider is another one; an empty hash is that of one never fetched."""
    tasks = {job_of(task): task for task in storm.ledgers.tasks}
    made = Counter(filter(None, storm.ledgers.pictures.values()))
    assert max(made.values()) == 1
    for job_id, job in storm.ledgers.jobs.items():
        for image in job.images:
            of_task = storm.ledgers.pictures[tasks[job_id]["id"], image.number]
            assert image.facts.sha256 == of_task or image.facts.damage
    found = Counter(stored_images(storm).values())
    assert max(found.values()) == 1


def test_every_image_that_was_made_is_in_the_bucket_or_accounted_for(storm: Storm) -> None:
    missing = Counter[str]()
    for task in storm.ledgers.tasks:
        job = storm.ledgers.jobs[job_of(task)]
        made, kept = len(task["result_urls"]), len(job.images)
        missing[job.status] += made - kept
        match job.status:
            case "succeeded":
                assert kept == made > 0, job
            case "archive_failed":
                assert job.error is not None
                assert (job.error.kind, len(job.error.missing)) == (
                    ErrorKind.IMAGES_LOST,
                    made - kept,
                )
            case "expired":
                assert (kept, may_be_charged(job)) == (0, True)
            case _:
                assert (made, kept) == (0, 0), job
    total = sum(len(task["result_urls"]) for task in storm.ledgers.tasks)
    assert total == len(stored_images(storm)) + missing.total()


def test_an_image_has_its_provenance_beside_it(storm: Storm) -> None:
    succeeded = [job for job in storm.ledgers.jobs.values() if job.status == "succeeded"]
    assert succeeded
    for job in succeeded:
        content = storm.ledgers.objects[f"images/{job.job_id}/job.json"].content or b""
        written = {image["key"]: image["sha256"] for image in json.loads(content)["images"]}
        assert written == {image.key: image.facts.sha256 for image in job.images}


# ------------------------------------------------------------------ the rest


def test_each_row_has_one_line_and_one_job(storm: Storm) -> None:
    rows = {job.row: job_id for job_id, job in storm.ledgers.jobs.items() if job.row}
    assert len(rows) == sum(job.is_row for job in storm.planned.values()) > 0
    assert {line["row"]: line["job_id"] for line in storm.receipt} == rows
    assert len(storm.receipt) == len(rows)


def test_there_is_no_dead_letter(storm: Storm) -> None:
    assert len(storm.dead_letters) >= 5
    assert not any(storm.dead_letters.values()), storm.dead_letters
