"""Long chains of messages: Lambda stops the 17th invocation of a function that may not recur."""

import pytest

from local.deployment import Deployment, administrator
from local.drop_bucket import wait_for_summary
from local.sam import STACK_NAME
from local.waiting import wait_for
from tests.e2e.chains import (
    KEY,
    drop_at_the_end_of_a_chain,
    functions_of,
    refused_invocations,
)
from tests.support.queue_graph import in_a_loop, may_recur


@pytest.fixture
def processed(deployment: Deployment) -> dict[str, dict[str, object]]:
    """Return the resources of the template that SAM made of ours."""
    stacks = administrator().client("cloudformation", endpoint_url=deployment.endpoint_url)
    template = stacks.get_template(StackName=STACK_NAME, TemplateStage="Processed")["TemplateBody"]
    resources: dict[str, dict[str, object]] = template["Resources"]
    return resources


def test_functions_in_a_loop_and_no_others_may_recur(
    deployment: Deployment, processed: dict[str, dict[str, object]]
) -> None:
    functions = administrator().client("lambda", endpoint_url=deployment.endpoint_url)
    deployed = {
        name
        for name, physical in functions_of(deployment).items()
        if functions.get_function_recursion_config(FunctionName=physical)["RecursiveLoop"]
        == "Allow"
    }
    assert deployed == may_recur(processed) == in_a_loop(processed)
    assert deployed


@pytest.fixture(scope="module")
def long_chain(deployment: Deployment) -> None:
    """Drop it while no other job is checked: all jobs of a batch get the longest of its chains."""
    drop_at_the_end_of_a_chain(deployment)


@pytest.mark.usefixtures("long_chain")
def test_a_job_at_the_end_of_a_long_chain_succeeds(deployment: Deployment) -> None:
    """Each function in a loop has been invoked 16 times before in this chain."""
    summary = wait_for_summary(deployment, KEY)
    assert summary["jobs"] == {"succeeded": 1}


@pytest.mark.usefixtures("long_chain")
def test_a_function_outside_all_loops_is_stopped(deployment: Deployment) -> None:
    """The same chain ends there, so the local AWS does count; nothing else was refused."""
    wait_for_summary(deployment, KEY)
    refused = wait_for(
        lambda: refused_invocations(deployment), bool, what="the thumbnail's function to be refused"
    )
    assert refused.keys() == {"MakeThumbnailsFunction"}
