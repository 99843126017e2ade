"""A storm of jobs while much of what can go wrong does: nothing is lost or bought twice."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest

from local.deployment import Deployment, administrator
from local.jobs_api import Job, JobsApi, is_final
from local.redrive import dead_letters
from local.sam import STACK_NAME
from local.waiting import wait_for
from tests.e2e.conftest import SharedStack
from tests.e2e.provider import Provider, job_of
from tests.e2e.storm import FAULTS, Faults, expected_end

pytestmark = pytest.mark.exhaustive


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """The state after the storm, by job id; the objects' contents by their keys."""

    faults: Mapping[str, Faults]
    jobs: Mapping[str, Job]
    tasks: Mapping[str, list[dict[str, Any]]]
    stored: Mapping[str, bytes]


@pytest.fixture(scope="module")
def storm(
    deployment: Deployment, jobs_api: JobsApi, provider: Provider, shared_stack: SharedStack
) -> Storm:
    faults = shared_stack.in_storm

    def observe() -> tuple[dict[str, Job], dict[str, list[dict[str, Any]]]]:
        tasks = tasks_of(faults, provider)
        return {job["job_id"]: job for job in all_jobs(jobs_api) if job["job_id"] in faults}, tasks

    def is_over(seen: tuple[dict[str, Job], dict[str, list[dict[str, Any]]]]) -> bool:
        jobs, tasks = seen
        return all(is_final(job) for job in jobs.values()) and all(
            is_settled(task) for made in tasks.values() for task in made
        )

    jobs, tasks = wait_for(observe, is_over, what="the storm to end", pause=2)
    stored = dict(objects_of(faults, deployment))
    return Storm(faults=faults, jobs=jobs, tasks=tasks, stored=stored)


def tasks_of(job_ids: Collection[str], provider: Provider) -> dict[str, list[dict[str, Any]]]:
    tasks: dict[str, list[dict[str, Any]]] = {job_id: [] for job_id in job_ids}
    for task in provider.tasks():
        if job_of(task) in tasks:
            tasks[job_of(task)].append(task)
    return tasks


def is_settled(task: Mapping[str, Any]) -> bool:
    if "no_callback" in task["faults"]:
        return bool(task["finished_at"])
    taken = [call for call in task["callbacks"] if call["status"] == 200]
    return len(taken) >= (2 if "double_callback" in task["faults"] else 1)


def all_jobs(jobs_api: JobsApi) -> Iterator[Job]:
    cursor: str | None = ""
    while cursor is not None:
        query = f"?limit=50{f'&cursor={cursor}' if cursor else ''}"
        page = jobs_api.client.get(f"{jobs_api.url}/jobs{query}").raise_for_status().json()
        yield from page["jobs"]
        cursor = page["cursor"]


def objects_of(job_ids: Collection[str], deployment: Deployment) -> Iterator[tuple[str, bytes]]:
    store = administrator().client("s3", endpoint_url=deployment.endpoint_url)
    bucket = deployment.images_bucket
    pages = store.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="images/")
    for entry in (entry for page in pages for entry in page.get("Contents", [])):
        if entry["Key"].split("/")[1] in job_ids:
            yield entry["Key"], store.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()


def test_the_storm_was_one(storm: Storm) -> None:
    """Otherwise the tests below would prove nothing."""
    struck = Counter(fault for faults in storm.faults.values() for fault in faults)
    assert all(struck[fault] > len(storm.faults) / 5 for fault in FAULTS), struck
    made = Counter(
        fault for tasks in storm.tasks.values() for task in tasks for fault in task["faults"]
    )
    some = len(storm.faults) / 10
    assert min(made[name] for name in ("no_callback", "late_callback", "double_callback")) > some
    assert min(made[name] for name in ("error_500_after", "dead_link")) > some
    assert made["gone"] > 0
    assert Counter(job["attempts"] for job in storm.jobs.values())[2] >= struck["status_429"] * 0.9


def test_every_job_ends_as_its_faults_let_it_and_is_bought_once(storm: Storm) -> None:
    ended = {key: (job["status"], len(storm.tasks[key])) for key, job in storm.jobs.items()}
    assert ended.keys() == storm.faults.keys()
    wrong = {
        key: (end, storm.faults[key])
        for key, end in ended.items()
        if end != expected_end(storm.faults[key])
    }
    assert wrong == {}


def test_the_provider_was_never_asked_twice_for_the_same(storm: Storm, provider: Provider) -> None:
    """The simulator's ledger has every task it ever made, including those of other tests."""
    assert storm.jobs
    by_url = provider.tasks_by_callback_url()
    assert {url: tasks for url, tasks in by_url.items() if len(tasks) != 1} == {}


def test_the_bucket_has_what_the_records_say_and_nothing_else(storm: Storm) -> None:
    recorded = {
        image["key"]: (image["bytes"], image["sha256"])
        for job in storm.jobs.values()
        for image in job["images"]
    }
    found = {
        key: (len(content), sha256(content).hexdigest())
        for key, content in storm.stored.items()
        if not key.endswith(("/job.json", ".thumbnail.webp"))
    }
    assert found == recorded
    assert len(recorded) == sum(job["status"] == "succeeded" for job in storm.jobs.values())


def test_an_image_has_its_provenance_beside_it(storm: Storm) -> None:
    succeeded = [key for key, job in storm.jobs.items() if job["status"] == "succeeded"]
    assert succeeded
    assert [key for key in succeeded if f"images/{key}/job.json" not in storm.stored] == []


def test_what_may_have_been_charged_says_so(storm: Storm) -> None:
    unsaved = [job for job in storm.jobs.values() if job["status"] != "succeeded"]
    assert [job for job in unsaved if not job["error"]["may_be_charged"]] == []


def test_only_overdue_jobs_are_asked_about_and_none_more_than_twice(
    storm: Storm, provider: Provider
) -> None:
    reads = Counter(provider.reads())
    # Of images that are gone the record is read for other links, once in each try to copy them.
    there = [tasks for key, tasks in storm.tasks.items() if "gone" not in storm.faults[key]]
    tasks = [task for tasks in there for task in tasks]
    on_time = [
        task["id"] for task in tasks if not {"no_callback", "late_callback"} & {*task["faults"]}
    ]
    assert sum(reads[task_id] for task_id in on_time) == 0
    assert 0 < max(reads[task["id"]] for task in tasks) <= 2


def test_there_is_no_dead_letter(storm: Storm, deployment: Deployment) -> None:
    assert storm.jobs
    session, url = administrator(), deployment.endpoint_url
    sqs = session.client("sqs", endpoint_url=url)
    queues = dead_letters(session.client("cloudformation", endpoint_url=url), sqs, STACK_NAME)
    waiting = {
        queue.name: sqs.get_queue_attributes(
            QueueUrl=queue.url, AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]["ApproximateNumberOfMessages"]
        for queue in queues
    }
    assert len(waiting) >= 5
    assert set(waiting.values()) == {"0"}, waiting
