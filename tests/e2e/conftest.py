"""One local stack for most tests, on ports of its own.

`make run` may be up as well.
"""

from collections.abc import Generator, Iterator

import pytest

from local.deployment import Deployment
from local.jobs_api import Job, JobsApi, connected
from local.ports import free_ports
from local.stack import local_stack
from tests.e2e.faults import FAULTS, prompt_field
from tests.e2e.provider import Provider
from tests.e2e.stack_logs import STACKS, show_logs_of

LINES_SHOWN = 60


@pytest.fixture(scope="session")
def deployment(request: pytest.FixtureRequest) -> Iterator[Deployment]:
    # Waits as short as the template allows, so that giving up can be waited for. The rate limits
    # are ten times the usual ones: these tests are about something else.
    parameters = {
        "JobDeadlineSeconds": "30",
        "ArchiveRetrySeconds": "1,2",
        "KieCreatesPerWindow": "20",
        "KieWindowSeconds": "1",
        "ChanjingDeadlineSeconds": "45",
        "ChanjingCreatesPerWindow": "20",
        "ChanjingWindowSeconds": "1",
    }
    simulator = {
        "generate-seconds": 0.3,
        "create-limit": 220,
        "chanjing-create-limit": 220,
        "seed": 66,
    }
    with local_stack(ports=free_ports(), simulator=simulator, parameters=parameters) as deployment:
        show_logs_of(deployment, request.config)
        yield deployment


@pytest.fixture(scope="session")
def jobs_api(deployment: Deployment) -> Iterator[JobsApi]:
    with connected(deployment.jobs_api_url, deployment.client_key) as api:
        yield api


@pytest.fixture(scope="session", autouse=True)
def submitted_under_faults(jobs_api: JobsApi) -> dict[tuple[str, str], Job]:
    """Submit one job under each fault before the first test."""
    return {
        (model, fault): jobs_api.submit(model, {prompt_field(model): f"a kite [simulate: {fault}]"})
        for model, fault in FAULTS
    }


@pytest.fixture(scope="session")
def provider(deployment: Deployment) -> Provider:
    return Provider(deployment.simulator_url)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the local AWS and the simulator last said beside a test that failed."""
    report = yield
    if report.failed:
        for deployment in item.config.stash.get(STACKS, []):
            for log in sorted(deployment.logs.glob("*.log")):
                lines = log.read_text(errors="replace").splitlines()[-LINES_SHOWN:]
                report.sections.append((log.name, "\n".join(lines)))
    return report
