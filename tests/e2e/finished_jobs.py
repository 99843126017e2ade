"""A queue of one's own that gets the end of every job, by the stack that docs/events.md deploys."""

import json
from typing import Any, Final

from local.deployment import Deployment, administrator
from local.stack import outputs_of
from tests.support.template import ROOT

OWN_STACK: Final = "finished-jobs"
TEMPLATE: Final = (ROOT / "docs" / "finished-jobs.yaml").read_text()


class FinishedJobs:
    """``received``: the EventBridge events so far, in the order of their messages."""

    def __init__(self, deployment: Deployment) -> None:
        """Deploy the template as `aws cloudformation deploy` does."""
        endpoint = deployment.endpoint_url
        self._stacks = administrator().client("cloudformation", endpoint_url=endpoint)
        self._sqs = administrator().client("sqs", endpoint_url=endpoint)
        self.received = list[dict[str, Any]]()
        name = outputs_of(endpoint)["EventBusName"]
        bus: Any = {"ParameterKey": "EventBusName", "ParameterValue": name}
        self._stacks.create_stack(StackName=OWN_STACK, TemplateBody=TEMPLATE, Parameters=[bus])
        self._stacks.get_waiter("stack_create_complete").wait(
            StackName=OWN_STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        (stack,) = self._stacks.describe_stacks(StackName=OWN_STACK)["Stacks"]
        (self._url,) = [output["OutputValue"] for output in stack["Outputs"]]

    def about(self, job_id: str) -> list[dict[str, Any]]:
        """Receive what there is, and return the events of one job."""
        answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
        self.received += [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        return [each for each in self.received if each["detail"]["subject"] == job_id]

    def delete(self) -> None:
        self._stacks.delete_stack(StackName=OWN_STACK)
