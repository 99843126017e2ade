"""From the version before the last to this one and back, while jobs are under way.

Part of ``make prove`` only: it takes three deployments.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from local.deployment import Deployment
from local.drop_bucket import drop, drop_photo
from local.examples import EXAMPLES
from local.jobs_api import Job, JobsApi, connected
from local.paths import ROOT
from local.ports import free_ports
from local.stack import local_stack
from tests.e2e.faults import FAULTS, prompt_field
from tests.e2e.provider import Provider, job_of
from tests.e2e.stack_logs import show_logs_of
from tests.e2e.test_drops import TEXT, jobs_from
from tests.e2e.upgrades import parameters_of, redeploy, unpack_old_version

pytestmark = pytest.mark.prove

PHASES: Final = ("old", "new", "old again")
SHEET: Final = "requests/upgrade.csv"
ROWS: Final = 300
PARAMETERS: Final = {
    "JobDeadlineSeconds": "30",
    "ArchiveRetrySeconds": "1,2",
    "KieCreatesPerWindow": "4",
    "KieWindowSeconds": "1",
    "ChanjingDeadlineSeconds": "45",
    "ChanjingCreatesPerWindow": "20",
    "ChanjingWindowSeconds": "1",
}
SIMULATOR: Final = {
    "generate-seconds": 5,
    "create-limit": 44,
    "chanjing-create-limit": 220,
    "seed": 47,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """How a job ends, and how many tasks the provider makes for it."""

    status: str
    tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """Every posted job's expected end, by its id; the jobs as they ended; the tasks of each."""

    expected: dict[str, Expected]
    jobs: dict[str, Job]
    rows: list[Job]
    tasks: Counter[str]
    repeated: list[str]
    phases: dict[str, float]


@pytest.fixture(scope="module")
def old_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("old")
    if not unpack_old_version(folder):
        pytest.skip("the history of this checkout does not go back to the older version")
    return folder


@pytest.fixture(scope="module")
def journey(request: pytest.FixtureRequest, old_source: Path) -> Iterator[Journey]:
    with local_stack(
        ports=free_ports(), simulator=SIMULATOR, parameters=PARAMETERS, source=old_source
    ) as deployment:
        show_logs_of(deployment, request.config)
        parameters = PARAMETERS | parameters_of(deployment)
        with connected(deployment.jobs_api_url, deployment.client_key) as api:
            yield travel(deployment, api, {"old": old_source, "new": ROOT}, parameters)


def travel(
    deployment: Deployment, api: JobsApi, sources: dict[str, Path], parameters: dict[str, str]
) -> Journey:
    provider, photo = Provider(deployment.simulator_url), drop_photo(deployment)
    drop(deployment, SHEET, a_sheet())
    expected, repeated, phases = dict[str, Expected](), list[str](), dict[str, float]()
    for phase in PHASES:
        began = time.monotonic()
        if phase != PHASES[0]:
            redeploy(deployment, sources[phase.partition(" ")[0]], parameters)
        phases[phase] = time.monotonic() - began
        repeated.append(post_once(api))
        expected |= post_everything(api, photo)
    jobs = {job["job_id"]: job for job in api.wait_until_final([*expected, *set(repeated)])}
    made = jobs_from(api, SHEET)
    rows = api.wait_until_final([job["job_id"] for job in made])
    return Journey(
        expected=expected,
        jobs=jobs,
        rows=rows,
        tasks=Counter(job_of(task) for task in provider.tasks()),
        repeated=repeated,
        phases=phases,
    )


def a_sheet() -> bytes:
    lines = [f"{TEXT},kite {row}" for row in range(ROWS)]
    return "\n".join(["model,input.prompt", *lines]).encode()


def post_once(api: JobsApi) -> str:
    """Post the same request with the same key in each phase; return the job's id."""
    body: dict[str, Any] = {"model": TEXT, "input": {"prompt": "one kite for all versions"}}
    answer = api.client.post(
        f"{api.url}/jobs", json=body, headers={"Idempotency-Key": "one for all"}
    )
    return str(answer.raise_for_status().json()["job_id"])


def post_everything(api: JobsApi, photo: str) -> dict[str, Expected]:
    """Post a job of every model's family, and one for each of the provider's faults."""
    posted = dict[str, Expected]()
    for example in EXAMPLES:
        job = api.submit(example.model, example.input_with(photo))
        posted[job["job_id"]] = Expected(status=example.status, tasks=1)
    for (model, fault), (status, tasks) in FAULTS.items():
        job = api.submit(model, {prompt_field(model): f"a kite [simulate: {fault}]"})
        posted[job["job_id"]] = Expected(status=status, tasks=tasks)
    return posted


def test_no_job_is_lost(journey: Journey) -> None:
    ended = {key: journey.jobs[key]["status"] for key in journey.expected}
    wrong = {
        key: (journey.jobs[key], each.status)
        for key, each in journey.expected.items()
        if ended[key] != each.status
    }
    assert wrong == {}


def test_no_job_is_paid_for_twice(journey: Journey) -> None:
    assert {key: journey.tasks[key] for key in journey.expected} == {
        key: each.tasks for key, each in journey.expected.items()
    }


def test_a_sheet_is_read_to_its_end_by_both_versions(journey: Journey) -> None:
    assert Counter(job["status"] for job in journey.rows) == {"succeeded": ROWS}
    assert {journey.tasks[job["job_id"]] for job in journey.rows} == {1}
    assert len({job["row"] for job in journey.rows}) == ROWS


def test_an_idempotency_key_holds_across_versions(journey: Journey) -> None:
    [job_id] = set(journey.repeated)
    assert journey.tasks[job_id] == 1
