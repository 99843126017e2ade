"""One local stack for the whole session, on ports of its own: `make run` may be up as well."""

from collections.abc import Generator, Iterator

import pytest

from local.deployment import Deployment
from local.jobs_api import JobsApi, connected
from local.ports import free_ports
from local.stack import local_stack

LINES_SHOWN = 60
STACK = pytest.StashKey[Deployment]()


@pytest.fixture(scope="session")
def deployment(request: pytest.FixtureRequest) -> Iterator[Deployment]:
    # Waits as short as the template allows, so that giving up can be waited for.
    parameters = {"JobDeadlineSeconds": "30", "ArchiveRetrySeconds": "1,2"}
    with local_stack(ports=free_ports(), generate_seconds=0.3, parameters=parameters) as deployment:
        request.config.stash[STACK] = deployment
        yield deployment


@pytest.fixture(scope="session")
def jobs_api(deployment: Deployment) -> Iterator[JobsApi]:
    with connected(deployment.jobs_api_url, deployment.client_key) as api:
        yield api


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the local AWS and the simulator last said beside a test that failed."""
    report = yield
    deployment = item.config.stash.get(STACK, None)
    if report.failed and deployment and deployment.logs.exists():
        for log in sorted(deployment.logs.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-LINES_SHOWN:]
            report.sections.append((log.name, "\n".join(lines)))
    return report
