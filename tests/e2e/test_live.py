"""The live line of the shared stack, over real WebSockets."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Final

import pytest

from local.deployment import Deployment, administrator
from local.jobs_api import JobsApi, connected
from local.live_line import LiveLine, live_line
from local.sam import STACK_NAME
from local.stack import CLIENT

MODEL: Final = "bytedance/seedream-v4-text-to-image"
OTHER, OTHER_KEY = "neighbour", "rb_key-of-a-neighbour"


@pytest.fixture(scope="module")
def neighbour(deployment: Deployment) -> Iterator[JobsApi]:
    """Give a second client a key."""
    session = administrator()
    stacks = session.client("cloudformation", endpoint_url=deployment.endpoint_url)
    (stack,) = stacks.describe_stacks(StackName=STACK_NAME)["Stacks"]
    arn = next(
        each["OutputValue"]
        for each in stack["Outputs"]
        if each["OutputKey"] == "ClientKeysSecretArn"
    )
    vault = session.client("secretsmanager", endpoint_url=deployment.endpoint_url)
    keys = json.loads(vault.get_secret_value(SecretId=arn)["SecretString"])
    keys[OTHER] = hashlib.sha256(OTHER_KEY.encode()).hexdigest()
    vault.put_secret_value(SecretId=arn, SecretString=json.dumps(keys))
    with connected(deployment.jobs_api_url, OTHER_KEY, deployment.live_api_url) as api:
        yield api


def connections_of(client: str, deployment: Deployment) -> int:
    items = administrator().client("dynamodb", endpoint_url=deployment.endpoint_url)
    key = {"job_id": {"S": f"live#{client}#connections"}}
    item = items.get_item(TableName=deployment.jobs_table, Key=key, ConsistentRead=True)["Item"]
    return len(item.get("connections", {}).get("SS", []))


def states_of(line: LiveLine, job_id: str) -> list[str]:
    """Return the job's states as they are told, until it has succeeded."""
    states = list[str]()
    for event in line.events():
        assert event["client"] == line_client(line)
        if event["subject"] == job_id:
            states.append(event["data"]["status"])
            if states[-1] == "succeeded":
                return states
    raise AssertionError


def line_client(line: LiveLine) -> str:
    return OTHER if line.key == OTHER_KEY else CLIENT


def test_a_client_sees_its_own_jobs_only_and_what_it_missed(
    deployment: Deployment, jobs_api: JobsApi, neighbour: JobsApi
) -> None:
    with live_line(deployment.live_api_url, deployment.client_key) as own:
        with live_line(deployment.live_api_url, OTHER_KEY) as line:
            theirs = neighbour.submit(MODEL, {"prompt": "a neighbour's kite"})["job_id"]
            mine = jobs_api.submit(MODEL, {"prompt": "my own kite"})["job_id"]
            states = states_of(line, theirs)
            assert (states[0], states[-1]) == ("accepted", "succeeded")
            assert states_of(own, mine)[-1] == "succeeded"
        # While nobody of this client is connected.
        missed = neighbour.submit(MODEL, {"prompt": "a kite that is missed"})["job_id"]
        neighbour.wait_until_final([missed])
    assert datetime.fromisoformat(line.seen_until)
    line.open()
    with closing(line):
        assert states_of(line, missed) == ["succeeded"]


def test_a_closed_connection_is_forgotten(deployment: Deployment, neighbour: JobsApi) -> None:
    line = LiveLine(deployment.live_api_url, OTHER_KEY)
    line.open()
    line.close()
    with live_line(deployment.live_api_url, OTHER_KEY) as other:
        job_id = neighbour.submit(MODEL, {"prompt": "a kite for one connection"})["job_id"]
        states_of(other, job_id)
        assert connections_of(OTHER, deployment) == 1
