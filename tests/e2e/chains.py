"""Messages that are the last of a long chain: the next invocation of each function is its 17th."""

import json
from collections.abc import Mapping
from typing import Any, Final

from local.deployment import Deployment, administrator
from local.hop_counts import MAX_INVOCATIONS, name_in_lineage, trace_header
from local.sam import STACK_NAME
from tests.e2e.faults import CHANJING

# Chanjing's jobs are read by check_jobs, so that its loop is part of the chain, too.
KEY: Final = "requests/end-of-a-chain.json"
REQUEST: Final = {"model": CHANJING, "input": {"ref_prompt": "a kite after a long journey"}}


def functions_of(deployment: Deployment) -> Mapping[str, str]:
    """Return the name of each function by its name in the template."""
    stacks = administrator().client("cloudformation", endpoint_url=deployment.endpoint_url)
    resources = stacks.describe_stack_resources(StackName=STACK_NAME)["StackResources"]
    return {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for each in resources
        if each["ResourceType"] == "AWS::Lambda::Function"
    }


def drop_at_the_end_of_a_chain(deployment: Deployment) -> None:
    """Drop a request as a function would that stands at the end of a chain."""
    functions = functions_of(deployment).values()
    header = trace_header({name_in_lineage(name): MAX_INVOCATIONS for name in functions})

    def add(params: dict[str, Any], **_: Any) -> None:
        params["headers"]["X-Amzn-Trace-Id"] = header

    store = administrator().client("s3", endpoint_url=deployment.endpoint_url)
    store.meta.events.register("before-call.s3.PutObject", add)
    store.put_object(Bucket=deployment.drop_bucket, Key=KEY, Body=json.dumps(REQUEST).encode())


def refused_invocations(deployment: Deployment) -> dict[str, int]:
    """Return how many invocations of each function were refused, by its name in the template."""
    names = {physical: name for name, physical in functions_of(deployment).items()}
    log = (deployment.logs / "aws.log").read_text(errors="replace")
    counts = {
        name: log.count(f"Dropped invocation of {physical}:") for physical, name in names.items()
    }
    return {name: count for name, count in counts.items() if count}
