"""A storm of jobs while everything goes wrong that can: nothing is lost or bought twice.

Every fault of the simulator strikes, every message is delivered twice, and the functions'
processes are killed until all is over. Then the provider's, the table's and the bucket's ledgers
are compared.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from ringback.domain.jobs import FINAL, ErrorKind, Job

from local.deployment import Deployment, administrator
from local.drop_bucket import read
from local.jobs_api import connected
from local.ports import free_ports
from local.redrive import queues_of
from local.sam import STACK_NAME
from local.simulator.faults import FAULTS, Stage
from local.stack import local_stack
from local.waiting import wait_for
from tests.e2e.faults import INAPPLICABLE
from tests.e2e.ledgers import Ledgers, Task, balance, job_items, messages_in, read_ledgers
from tests.e2e.provider import Provider, job_of
from tests.e2e.stack_logs import show_logs_of
from tests.e2e.storm import SHEET, PlannedJob, planned_jobs, unleash
from tests.e2e.unreliable_aws import LOG

pytestmark = pytest.mark.exhaustive

USUAL, FULL = 72, 300
# On AWS the message of a killed function comes back after minutes.
VISIBILITY_SECONDS = "10"
PROCESSES_PER_QUEUE = 4
PARAMETERS: Final = {
    "JobDeadlineSeconds": "30",
    "ArchiveRetrySeconds": "1,2",
    "KieCreatesPerWindow": "20",
    "KieWindowSeconds": "1",
    "ChanjingDeadlineSeconds": "45",
    "ChanjingCreatesPerWindow": "20",
    "ChanjingWindowSeconds": "1",
}
SIMULATOR: Final = {
    "generate-seconds": 0.3,
    "create-limit": 220,
    "chanjing-create-limit": 220,
    "seed": 66,
}
MAX_CALLBACK_ATTEMPTS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """What was planned, by job id, and the ledgers when all was over.

    ``copies`` counts the messages that were delivered twice, by queue; ``kills`` has each process
    that was killed, with its function and messages.
    """

    planned: Mapping[str, PlannedJob]
    ledgers: Ledgers
    dead_letters: Mapping[str, int]
    receipt: Sequence[Mapping[str, Any]]
    copies: Counter[str]
    kills: Sequence[Mapping[str, Any]]

    @property
    def hit(self) -> set[str]:
        """The jobs whose submission was killed at some point."""
        messages = [each["messages"] for each in self.kills if "SubmitJob" in each["killed"]]
        return {json.loads(body)["job_id"] for bodies in messages for body in bodies}


@pytest.fixture(scope="module")
def storm(request: pytest.FixtureRequest, *, full_size: bool) -> Storm:
    planned = planned_jobs(FULL if full_size else USUAL)
    with local_stack(
        ports=free_ports(),
        simulator=SIMULATOR,
        parameters=PARAMETERS,
        through=[Path(__file__).with_name("unreliable_aws.py")],
    ) as deployment:
        show_logs_of(deployment, request.config)
        return ride_out(planned, deployment)


def ride_out(planned: Sequence[PlannedJob], deployment: Deployment) -> Storm:
    shorten_visibility(deployment)
    limit_concurrency(deployment)
    credits_before = balance(deployment)
    with connected(deployment.jobs_api_url, deployment.client_key) as api:
        unleash(planned, deployment, api)
    wait_for(
        lambda: observe(deployment),
        lambda seen: seen.is_over(len(planned)),
        what="the storm to end",
        pause=2,
    )
    ledgers = read_ledgers(deployment, credits_before=credits_before)
    by_prompt = {json.dumps(job.body["input"]): job for job in planned}
    mishaps = [json.loads(line) for line in (deployment.logs / LOG).read_text().splitlines()]
    return Storm(
        planned={
            job_id: by_prompt[json.dumps(job.request.sent["input"])]
            for job_id, job in ledgers.jobs.items()
        },
        ledgers=ledgers,
        dead_letters={
            name: waiting
            for name, waiting in messages_in(deployment).items()
            if name.endswith("DeadLetters")
        },
        receipt=[
            json.loads(line)
            for line in (read(deployment, f"receipts/{SHEET}.jsonl") or b"").splitlines()
        ],
        copies=Counter(each["queue"].split("-")[1] for each in mishaps if "copied" in each),
        kills=[each for each in mishaps if "killed" in each],
    )


def shorten_visibility(deployment: Deployment) -> None:
    session, url = administrator(), deployment.endpoint_url
    sqs = session.client("sqs", endpoint_url=url)
    for name, queue in queues_of(session.client("cloudformation", endpoint_url=url), STACK_NAME):
        if not name.endswith("DeadLetters"):
            sqs.set_queue_attributes(
                QueueUrl=queue, Attributes={"VisibilityTimeout": VISIBILITY_SECONDS}
            )


def limit_concurrency(deployment: Deployment) -> None:
    """More processes than that would take longer to start than they save."""
    functions = administrator().client("lambda", endpoint_url=deployment.endpoint_url)
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.update_event_source_mapping(
            UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": PROCESSES_PER_QUEUE}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    jobs: Mapping[str, tuple[str, int]]
    unsettled_tasks: int
    callbacks: int
    messages: Mapping[str, int]

    def is_over(self, planned: int) -> bool:
        statuses = [status for status, _ in self.jobs.values()]
        return (
            len(statuses) == planned
            and FINAL.issuperset(statuses)
            and not self.unsettled_tasks
            and not any(self.messages.values())
        )


def observe(deployment: Deployment) -> Seen:
    tasks = Provider(deployment.simulator_url).tasks()
    return Seen(
        jobs={
            job_id: (item["status"]["S"], len(item.get("images", {}).get("M", {})))
            for job_id, item in job_items(deployment).items()
        },
        unsettled_tasks=sum(not is_settled(task) for task in tasks),
        callbacks=sum(len(task["callbacks"]) for task in tasks),
        messages=messages_in(deployment),
    )


def is_settled(task: Task) -> bool:
    """Whether it has ended, and each of its callbacks is accepted or given up."""
    faults = {*task["faults"]}
    calls_back = (
        "no_callback" not in faults
        if task["provider"] == "kie"
        else bool(faults & {"callback_bare", "callback_envelope"})
    )
    expected = calls_back * (2 if "double_callback" in faults else 1)
    ended = [
        call
        for call in task["callbacks"]
        if call["status"] == 200 or call["attempt"] == MAX_CALLBACK_ATTEMPTS
    ]
    return bool(task["finished_at"]) and len(ended) >= expected


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
        if not key.endswith((".json", ".thumbnail.webp"))
    }


def test_the_bucket_has_what_the_table_says_and_nothing_else(storm: Storm) -> None:
    objects, jobs = storm.ledgers.objects, storm.ledgers.jobs
    images = [image for job in jobs.values() for image in job.images]
    assert len({image.key for image in images}) == len(images)
    for image in images:
        stored = objects[image.key]
        assert (stored.sha256, stored.size) == (image.facts.sha256, image.facts.bytes)
        assert stored.versions == 1
        assert image.thumbnail in objects
    named = {
        key
        for key in objects
        if key.endswith("/job.json") or key in storm.ledgers.items[key.split("/")[1]]
    }
    assert objects.keys() - named == set()


def test_the_bucket_has_the_provider_s_images_byte_for_byte_and_once(storm: Storm) -> None:
    """Every image of the provider is another one; an empty hash is that of one never fetched."""
    tasks = {job_of(task): task for task in storm.ledgers.tasks}
    made = Counter(filter(None, storm.ledgers.pictures.values()))
    assert max(made.values()) == 1
    for job_id, job in storm.ledgers.jobs.items():
        for image in job.images:
            of_task = storm.ledgers.pictures[tasks[job_id]["id"], image.number]
            assert image.facts.sha256 == of_task
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
