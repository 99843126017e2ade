"""From the version before the last to this one and back, while jobs are under way.

Part of ``make prove`` only: it takes three deployments.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import pytest

from local.chosen_stack import Stack
from local.deployment import Deployment, administrator
from local.drop_bucket import drop, drop_photo
from local.examples import EXAMPLES
from local.failures import LocalFailure
from local.jobs_api import Job, JobsApi, connected, is_final
from local.paths import ROOT
from local.ports import free_ports
from local.sam import STACK_NAME
from local.stack import local_stack
from local.waiting import wait_for
from tests.e2e.faults import FAULTS, prompt_field
from tests.e2e.provider import Provider, job_of
from tests.e2e.stack_logs import show_logs_of
from tests.e2e.test_drops import TEXT, jobs_from
from tests.e2e.upgrades import allow_loops, go_back, parameters_of, unpack_old_version, update

pytestmark = pytest.mark.prove

SHEET: Final = "requests/upgrade.csv"
ROWS: Final = 100
# Seconds until a message comes back that failed while roles were exchanged: on AWS up to 1800.
VISIBILITY: Final = "60"
# Seconds until a message comes back for sure that failed during a deployment, before its queue had
# the time above again: a key is missing until it is put again.
COMES_BACK: Final = 1000.0
PARAMETERS: Final = {
    "JobDeadlineSeconds": "30",
    "ArchiveRetrySeconds": "1,2",
    "KieCreatesPerWindow": "4",
    "KieWindowSeconds": "1",
    "ChanjingDeadlineSeconds": "45",
    "ChanjingCreatesPerWindow": "20",
    "ChanjingWindowSeconds": "1",
}
# Where the older version copies the images, a damaged one is not kept.
OLD_ENDS: Final = {"truncated_bytes": "archive_failed"}
SIMULATOR: Final = {
    "generate-seconds": 5,
    "create-limit": 44,
    "chanjing-create-limit": 220,
    "seed": 47,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """How a job may end, and how many tasks the provider makes for it."""

    ends: frozenset[str]
    tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    """What was posted: every job's expected end, by its id; and the job of each repeated post."""

    deployment: Deployment
    api: JobsApi
    expected: dict[str, Expected]
    repeated: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """The posted jobs as they ended, those of the sheet, and how many tasks each had."""

    jobs: dict[str, Job]
    rows: list[Job]
    tasks: Counter[str]


@pytest.fixture(scope="module")
def old_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("old")
    if not unpack_old_version(folder):
        pytest.skip("the history of this checkout does not go back to the older version")
    return folder


@pytest.fixture(scope="module")
def upgraded(request: pytest.FixtureRequest, old_source: Path) -> Iterator[Upgraded]:
    with local_stack(
        ports=free_ports(), simulator=SIMULATOR, parameters=PARAMETERS, source=old_source
    ) as deployment:
        show_logs_of(deployment, request.config)
        prepare(deployment)
        with connected(
            deployment.jobs_api_url, deployment.client_key, deployment.live_api_url
        ) as api:
            photo = drop_photo(deployment)
            drop(deployment, SHEET, a_sheet())
            parameters = PARAMETERS | parameters_of(deployment)
            repeated, expected = [post_once(api)], post_everything(api, photo, "old")
            steps = (("new", update, ROOT), ("old again", go_back, old_source))
            for version, change, source in steps:
                change(deployment, source, parameters)
                prepare(deployment)
                repeated.append(post_once(api))
                expected |= post_everything(api, photo, version)
            yield Upgraded(deployment=deployment, api=api, expected=expected, repeated=repeated)


@pytest.fixture(scope="module")
def journey(upgraded: Upgraded) -> Journey:
    api, ids = upgraded.api, {*upgraded.expected, *upgraded.repeated}
    poll_until_final(api, ids)
    rows = [job["job_id"] for job in jobs_from(api, SHEET)]
    poll_until_final(api, rows)
    tasks = Counter(map(job_of, Provider(upgraded.deployment.simulator_url).tasks()))
    may_expire = {key for key, each in upgraded.expected.items() if "expired" in each.ends}
    wait_for_late_verdicts(api, {key for key in (*ids, *rows) if tasks[key]} - may_expire)
    jobs = poll_until_final(api, ids)
    return Journey(
        jobs={job["job_id"]: job for job in jobs}, rows=poll_until_final(api, rows), tasks=tasks
    )


def poll_until_final(api: JobsApi, ids: Collection[str]) -> list[Job]:
    """Ask for the jobs: the older version has no live line."""
    jobs: dict[str, Job] = {job_id: {} for job_id in ids}

    def observe() -> list[object]:
        for job_id in [key for key, job in jobs.items() if not is_final(job)]:
            jobs[job_id] = api.get(job_id)
        return [job["status"] for job in jobs.values()]

    wait_for(
        observe,
        lambda _statuses: all(map(is_final, jobs.values())),
        what="jobs to finish",
        standstill=COMES_BACK,
    )
    return list(jobs.values())


def wait_for_late_verdicts(api: JobsApi, ids: Collection[str]) -> None:
    """Wait for those that expired although the provider has made them, as long as any changes.

    A callback counts after that, too, and while a key is missing it can't be verified.
    """

    def expired() -> set[str]:
        jobs = poll_until_final(api, ids)
        return {job["job_id"] for job in jobs if job["status"] == "expired"}

    with suppress(LocalFailure):  # then test_no_job_is_lost shows which
        wait_for(
            expired, lambda left: not left, what="late verdicts", pause=5, standstill=COMES_BACK
        )


def prepare(deployment: Deployment) -> None:
    allow_loops(deployment)
    session, url = administrator(), deployment.endpoint_url
    sqs = session.client("sqs", endpoint_url=url)
    for _, queue in Stack(STACK_NAME, session, url).resources_of("AWS::SQS::Queue"):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": VISIBILITY})


def a_sheet() -> bytes:
    lines = [f"{TEXT},kite {row}" for row in range(ROWS)]
    return "\n".join(["model,input.prompt", *lines]).encode()


def post(api: JobsApi, key: str, model: str, fields: Mapping[str, Any]) -> str:
    """Post until the answer is 202, as a client with a key does; return the job's id."""

    def observe() -> tuple[int, str]:
        body = {"model": model, "input": fields}
        answer = api.client.post(f"{api.url}/jobs", json=body, headers={"Idempotency-Key": key})
        return answer.status_code, answer.text

    _, text = wait_for(
        observe, lambda seen: seen[0] == HTTPStatus.ACCEPTED, what=f"{key} to be accepted"
    )
    return str(json.loads(text)["job_id"])


def post_once(api: JobsApi) -> str:
    """Post the same request with the same key in each phase."""
    return post(api, "one for all", TEXT, {"prompt": "one kite for all versions"})


def post_everything(api: JobsApi, photo: str, version: str) -> dict[str, Expected]:
    """Post a job of every model's family, and one for each of the provider's faults."""
    posted = dict[str, Expected]()
    for number, example in enumerate(EXAMPLES):
        job_id = post(api, f"{version} {number}", example.model, example.input_with(photo))
        posted[job_id] = Expected(ends=frozenset({example.status}), tasks=1)
    for (model, fault), (status, tasks) in FAULTS.items():
        fields = {prompt_field(model): f"a kite [simulate: {fault}]"}
        job_id = post(api, f"{version} {model} {fault}", model, fields)
        ends = frozenset({status, OLD_ENDS.get(fault, status)})
        posted[job_id] = Expected(ends=ends, tasks=tasks)
    return posted


def was_interrupted(journey: Journey, job_id: str) -> bool:
    """Tell whether it was marked as being sent, and never was: the job expires unpaid.

    On a busy machine a call of the table may time out just then.
    """
    return journey.jobs[job_id]["status"] == "expired" and journey.tasks[job_id] == 0


def test_no_job_is_lost(upgraded: Upgraded, journey: Journey) -> None:
    unexpected = {
        key: (journey.jobs[key], each.ends)
        for key, each in upgraded.expected.items()
        if journey.jobs[key]["status"] not in each.ends
    }
    lost = {key: each for key, each in unexpected.items() if not was_interrupted(journey, key)}
    assert lost == {}
    assert len(unexpected) <= len(upgraded.expected) / 20


def test_no_job_is_paid_for_twice(upgraded: Upgraded, journey: Journey) -> None:
    tasks = {key: journey.tasks[key] for key in upgraded.expected}
    assert tasks == {
        key: 0 if was_interrupted(journey, key) else each.tasks
        for key, each in upgraded.expected.items()
    }


def test_a_sheet_is_read_to_its_end_by_both_versions(journey: Journey) -> None:
    assert Counter(job["status"] for job in journey.rows) == {"succeeded": ROWS}
    assert {journey.tasks[job["job_id"]] for job in journey.rows} == {1}
    assert len({job["row"] for job in journey.rows}) == ROWS


def test_an_idempotency_key_holds_across_versions(upgraded: Upgraded, journey: Journey) -> None:
    [job_id] = set(upgraded.repeated)
    assert journey.tasks[job_id] == 1
