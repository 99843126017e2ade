"""A job's end on its way to a queue of one's own, by the stack that docs/events.md deploys."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from local.deployment import Deployment, administrator
from local.jobs_api import Job, JobsApi
from local.sam import STACK_NAME
from local.waiting import wait_for
from tests.support.template import ROOT

TEMPLATE: Final = (ROOT / "docs" / "finished-jobs.yaml").read_text()
MODEL: Final = "bytedance/seedream-v4-text-to-image"
OWN_STACK: Final = "finished-jobs"


@pytest.fixture
def queue(deployment: Deployment) -> Iterator[str]:
    """Deploy the template as `aws cloudformation deploy` does; return the queue's URL."""
    stacks = administrator().client("cloudformation", endpoint_url=deployment.endpoint_url)
    found = stacks.describe_stacks(StackName=STACK_NAME)["Stacks"][0]["Outputs"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found}
    bus: Any = {"ParameterKey": "EventBusName", "ParameterValue": outputs["EventBusName"]}
    stacks.create_stack(StackName=OWN_STACK, TemplateBody=TEMPLATE, Parameters=[bus])
    stacks.get_waiter("stack_create_complete").wait(
        StackName=OWN_STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    ((url,),) = (
        [each["OutputValue"] for each in stack["Outputs"]]
        for stack in stacks.describe_stacks(StackName=OWN_STACK)["Stacks"]
    )
    yield url
    stacks.delete_stack(StackName=OWN_STACK)


def test_the_end_of_a_job_reaches_a_queue_once(
    deployment: Deployment, jobs_api: JobsApi, queue: str
) -> None:
    sqs = administrator().client("sqs", endpoint_url=deployment.endpoint_url)
    received = list[dict[str, Any]]()
    job_id = jobs_api.submit(MODEL, {"prompt": "a kite that is told of"})["job_id"]

    def told() -> list[dict[str, Any]]:
        # Other tests' jobs end as well.
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        received.extend(json.loads(message["Body"]) for message in messages)
        return [each for each in received if each["detail"]["subject"] == job_id]

    wait_for(told, bool, what="the end of the job to be told")
    (envelope,) = told()
    event = envelope["detail"]
    assert (envelope["detail-type"], envelope["source"]) == (event["type"], event["source"])
    (job,) = jobs_api.wait_until_final([job_id])
    assert event["id"] == f"{job_id}:{job['status']}:{job['changes']}"
    assert (event["type"], event["client"]) == ("ringback.job.succeeded", "local")
    assert event["source"] == f"/ringback/{STACK_NAME}"
    assert keys_of(event["data"]) == keys_of(job)
    assert "http" not in json.dumps(event["data"])


def keys_of(job: Job) -> list[str]:
    return [image["key"] for image in job["images"]]
