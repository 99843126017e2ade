"""One local stack for most tests, on ports of its own: `make run` may be up as well.

Jobs that wait for a deadline, a check or a receiver are posted before the first test, so that the
other tests use that time.
"""

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ringback.domain.jobs import ProviderTaskId

from local.api_addresses import studio_origin
from local.deployment import Deployment
from local.drop_bucket import drop_photo
from local.examples import EXAMPLES, TOLD
from local.jobs_api import Job, JobsApi, connected
from local.ports import free_ports
from local.stack import local_stack
from tests.e2e.fast_pace import PARAMETERS, SIMULATOR
from tests.e2e.faults import FAULTS, prompt_field
from tests.e2e.provider import Provider
from tests.e2e.provider_clients import post_to_chanjing
from tests.e2e.stack_logs import STACKS, show_logs_of
from tests.e2e.studio_browser import found_browser
from tests.e2e.studio_modules import ORIGIN as MODULES
from tests.e2e.studio_modules import page_of_modules

LINES_SHOWN = 60
# It is not run here: its functions and permissions are a part of the stack.
WITH_CANARY = {"CanaryMinutes": "60"}
ORIGIN = "https://pages.example"
PAGES = ("http://127.0.0.1:8080", ORIGIN)
# More than all tests post.
WITH_LIMIT = {"ClientJobsPerMinute": "10000"}
CHOSEN = PARAMETERS | WITH_CANARY | WITH_LIMIT
# A receiver of the simulator that fails twice.
TOLD_AT = "/receivers/fail-2/told"
FOLDER = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker(pytest.mark.e2e)


@dataclass(frozen=True)
class SharedStack:
    """The stack, and what was posted before the first test."""

    deployment: Deployment
    under_faults: Mapping[tuple[str, str], Job]
    examples: Sequence[Job]
    told: Job
    task_of_chanjing: ProviderTaskId


@pytest.fixture(scope="session")
def shared_stack(request: pytest.FixtureRequest) -> Iterator[SharedStack]:
    ports = free_ports()
    pages = {"AllowedOrigins": ",".join((*PAGES, studio_origin(ports.aws)))}
    with local_stack(ports=ports, simulator=SIMULATOR, parameters=CHOSEN | pages) as deployment:
        show_logs_of(deployment, request.config)
        with connected(
            deployment.jobs_api_url, deployment.client_key, deployment.live_api_url
        ) as api:
            under_faults = {
                (model, fault): post_under(fault, model, api) for model, fault in FAULTS
            }
            url = f"{deployment.simulator_url}{TOLD_AT}"
            told = api.submit(TOLD["model"], TOLD["input"], call_back_url=url)
            photo = drop_photo(deployment)
            examples = [api.submit(each.model, each.input_with(photo)) for each in EXAMPLES]
        task = post_to_chanjing(deployment)
        yield SharedStack(deployment, under_faults, examples, told, task)


def post_under(fault: str, model: str, jobs_api: JobsApi) -> Job:
    return jobs_api.submit(model, {prompt_field(model): f"a kite [simulate: {fault}]"})


@pytest.fixture(scope="session")
def deployment(shared_stack: SharedStack) -> Deployment:
    return shared_stack.deployment


@pytest.fixture(scope="session")
def jobs_api(deployment: Deployment) -> Iterator[JobsApi]:
    with connected(deployment.jobs_api_url, deployment.client_key, deployment.live_api_url) as api:
        yield api


@pytest.fixture(scope="session")
def provider(deployment: Deployment) -> Provider:
    return Provider(deployment.simulator_url)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    yield from found_browser(is_ci=os.environ.get("CI") == "true")


@pytest.fixture(scope="module")
def modules(browser: Any) -> Iterator[Any]:
    yield from page_of_modules(browser)


@pytest.fixture
def anew(modules: Any) -> Any:
    """Return the page with modules that no other test has used."""
    modules.goto(MODULES)
    modules.evaluate("sessionStorage.removeItem('ringback.orders')")
    return modules


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the last lines of the local AWS and the simulator beside a test that failed."""
    report = yield
    if report.failed:
        for deployment in item.config.stash.get(STACKS, []):
            for log in sorted(deployment.logs.glob("*.log")):
                lines = log.read_text(errors="replace").splitlines()[-LINES_SHOWN:]
                report.sections.append((log.name, "\n".join(lines)))
    return report
