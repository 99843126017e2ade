"""The canary on a deployed stack: it comes out, and names the step that is broken.

Part of ``make prove`` only: a stack of its own, and each broken step takes a run of two minutes.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import httpx
import pytest
from botocore.config import Config
from ringback.domain import canary
from ringback.domain.canary import Step

from local.deployment import Deployment, administrator
from local.emulator import endpoint_url
from local.failures import LocalFailure
from local.jobs_api import connected
from local.ports import LOOPBACK, Ports, free_ports
from local.sam import STACK_NAME
from local.stack import local_stack
from local.waiting import wait_for
from tests.e2e.fast_pace import PARAMETERS, SIMULATOR
from tests.e2e.stack_logs import show_logs_of

pytestmark = pytest.mark.prove


@dataclass(frozen=True, slots=True)
class CanaryStack:
    deployment: Deployment
    names: Mapping[str, str]

    def client(self, service: str, **config: Any) -> Any:
        return administrator().client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.deployment.endpoint_url,
            config=Config(read_timeout=300, retries={"total_max_attempts": 1}, **config),
        )

    def run(self) -> dict[str, Any]:
        answer = self.client("lambda").invoke(FunctionName=self.names["RunCanaryFunction"])
        run: dict[str, Any] = json.loads(answer["Payload"].read())
        return run

    def metrics(self) -> list[float]:
        """Return the values of the canary's metric in the log, oldest first."""
        pages = self.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=self.names["RunCanaryLogs"])
        lines = [event["message"] for page in found for event in page["events"]]
        return [json.loads(line)["CanaryFailed"] for line in lines if '"CanaryFailed":' in line]

    @contextmanager
    def without_reader(self, function: str) -> Iterator[None]:
        """Let no message or record reach a function."""
        functions = self.client("lambda")
        sources = functions.list_event_source_mappings(FunctionName=self.names[function])
        (source,) = sources["EventSourceMappings"]
        functions.update_event_source_mapping(UUID=source["UUID"], Enabled=False)
        try:
            yield
        finally:
            functions.update_event_source_mapping(UUID=source["UUID"], Enabled=True)

    @contextmanager
    def without_api(self) -> Iterator[None]:
        """Let the function of ``POST /jobs`` not start."""
        functions, name = self.client("lambda"), self.names["AcceptJobFunction"]
        before = functions.get_function_configuration(FunctionName=name)["Handler"]
        functions.update_function_configuration(FunctionName=name, Handler="app.nothing")
        try:
            yield
        finally:
            functions.update_function_configuration(FunctionName=name, Handler=before)

    def breaking(self, step: Step) -> AbstractContextManager[None]:
        return self.without_api() if step is Step.ACCEPTED else self.without_reader(READERS[step])


READERS: Final = {
    Step.SUBMITTED: "SubmitJobFunction",
    Step.CALLED_BACK: "AnswerCanaryFunction",
    Step.ARCHIVED: "ArchiveImagesFunction",
    Step.TOLD: "PublishEventsFunction",
}


def parameters_for(ports: Ports) -> dict[str, str]:
    """Let images come from the local S3, which has the canary's picture."""
    hosts = f"{LOOPBACK}:{ports.simulator},{LOOPBACK}:{ports.aws}"
    return {
        **PARAMETERS,
        "CanaryMinutes": "60",
        "PlainHttpHosts": hosts,
    }


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest) -> Iterator[CanaryStack]:
    ports = free_ports()
    with local_stack(
        ports=ports, simulator=SIMULATOR, parameters=parameters_for(ports)
    ) as deployment:
        show_logs_of(deployment, request.config)
        stacks = administrator().client("cloudformation", endpoint_url=endpoint_url(ports.aws))
        pages = stacks.get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
        names = {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for page in pages
            for each in page["StackResourceSummaries"]
        }
        yield CanaryStack(deployment, names)


def test_it_comes_out_and_no_client_sees_it(stack: CanaryStack) -> None:
    run = stack.run()
    assert (run["missing_step"], run["reason"]) == (None, "")
    wait_for(stack.metrics, lambda values: values == [0.0], what="the metric of a run")
    deployment = stack.deployment
    headers = {"Authorization": f"Bearer {deployment.client_key}"}
    for path in ("/jobs", f"/jobs/{run['job_id']}", "/models"):
        answer = httpx.get(f"{deployment.jobs_api_url}{path}", headers=headers, trust_env=False)
        assert run["job_id"] not in answer.text
        assert canary.MODEL not in answer.text
    s3 = stack.client("s3")
    keys = [f"images/{run['job_id']}/{name}" for name in ("1.png", "1.thumbnail.webp", "job.json")]
    for key in keys:
        wait_for(
            partial(tags_of, s3, deployment.images_bucket, key),
            lambda tags: tags == ["canary"],
            what=f"the tag of {key}",
        )


def tags_of(s3: Any, bucket: str, key: str) -> list[str]:
    try:
        return [each["Value"] for each in s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]]
    except s3.exceptions.ClientError:
        return []


@pytest.mark.parametrize("step", Step)
def test_a_broken_step_is_named(stack: CanaryStack, step: Step) -> None:
    before = len(stack.metrics())
    with stack.breaking(step):
        run = stack.run()
    assert run["missing_step"] == step, run
    wait_for(stack.metrics, lambda values: values[before:] == [1.0], what="the metric of a run")


def test_it_comes_out_again(stack: CanaryStack) -> None:
    assert stack.run()["missing_step"] is None


def test_nobody_else_can_post_its_model(stack: CanaryStack) -> None:
    url, key, live_url = (
        stack.deployment.jobs_api_url,
        stack.deployment.client_key,
        stack.deployment.live_api_url,
    )
    with connected(url, key, live_url) as api, pytest.raises(LocalFailure, match="unknown model"):
        api.submit(canary.MODEL, {})
