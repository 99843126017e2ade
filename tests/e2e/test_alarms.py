"""Alarms on the local AWS: each rings for a real trouble, and ends after its remedy.

The periods are ten seconds. The local AWS stores no metrics of its own: what its logs and queues
hold is evaluated by ``local/alarm_states.py``.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import pytest

from local.alarm_data import AlarmData
from local.alarm_states import ALARM, OK, Point, state_of
from local.chosen_stack import Stack
from local.deployment import Deployment, administrator
from local.jobs_api import JobsApi, connected
from local.ports import free_ports
from local.sam import STACK_NAME
from local.stack import local_stack
from local.template import resolved
from tests.e2e.fast_pace import PARAMETERS, SIMULATOR
from tests.e2e.provider import Provider
from tests.support.alarms import alarms

pytestmark = pytest.mark.prove

PERIOD: Final = 10
MODEL: Final = "bytedance/seedream-v4-text-to-image"
RICH: Final = 1_000_000
SHORT: Final = {"AlarmSeconds": str(PERIOD), "MissedCallbacksSeconds": str(PERIOD)}


@dataclass
class Watch:
    """A stack, and what CloudWatch would have seen of it so far."""

    deployment: Deployment
    jobs_api: JobsApi
    provider: Provider
    stack: Stack
    queues: list[Point] = field(default_factory=list)

    def state(self, name: str, before: str) -> str:
        points = AlarmData(self.stack).points()
        # The logs keep what was, the queues don't.
        self.queues += [point for point in points if point.dimensions[:1] in self.names]
        own = [point for point in points if point.dimensions[:1] not in self.names]
        alarm = resolved(alarms()[name]["Properties"], SHORT)
        # The last period has ended.
        at = time.time() + 1
        return state_of(alarm, [*own, *self.queues], at=at, before=before)

    @property
    def names(self) -> set[tuple[str, ...]]:
        return {(name,) for name, _ in self.stack.resources_of("AWS::SQS::Queue")}

    def queue(self, name: str) -> str:
        return dict(self.stack.resources_of("AWS::SQS::Queue"))[name]

    def wait_for(self, name: str, state: str, *, seconds: float = 150) -> None:
        until, found = time.monotonic() + seconds, "INSUFFICIENT_DATA"
        while found != state:
            assert time.monotonic() < until, f"{name} is {found}"
            found = self.state(name, found)
            time.sleep(0.5)


@pytest.fixture(scope="module")
def watch() -> Iterator[Watch]:
    with (
        local_stack(
            ports=free_ports(), simulator=SIMULATOR, parameters={**PARAMETERS, **SHORT}
        ) as deployment,
        connected(deployment.jobs_api_url, deployment.client_key, deployment.live_api_url) as api,
    ):
        stack = Stack(STACK_NAME, administrator(), deployment.endpoint_url)
        yield Watch(deployment, api, Provider(deployment.simulator_url), stack)


def forge_callbacks(watch: Watch) -> None:
    url = f"{watch.deployment.callback_api_url}/callbacks/kie/job_x/forged"
    for _ in range(25):
        assert httpx.post(url, json={}, trust_env=False).status_code == 404


def spend_all_credits(watch: Watch) -> None:
    watch.provider.set_credits(0)
    watch.jobs_api.submit(MODEL, {"prompt": "a kite without credits"})


def top_up(watch: Watch) -> None:
    watch.provider.set_credits(RICH)
    url = f"{watch.deployment.jobs_api_url}/providers/kie/resume"
    key = {"Authorization": f"Bearer {watch.deployment.client_key}"}
    httpx.post(url, headers=key, trust_env=False)


def send(name: str) -> Callable[[Watch], None]:
    def send(watch: Watch) -> None:
        sqs: Any = watch.stack.client("sqs")
        sqs.send_message(QueueUrl=watch.queue(name), MessageBody=json.dumps({"drop": "unreadable"}))

    return send


def purge(name: str) -> Callable[[Watch], None]:
    return lambda watch: watch.stack.client("sqs").purge_queue(QueueUrl=watch.queue(name))


def send_unreadable_jobs(watch: Watch) -> None:
    for _ in range(3):
        send("SubmitQueue")(watch)
        time.sleep(PERIOD)


def nothing(watch: Watch) -> None:
    """Wait: it ends by itself."""


# The others need what the local AWS lacks (throttles, errors, ages, 5xx, the stream's age) or days
# (a receiver that is switched off): tests/unit/local/test_alarm_states.py has them all.
DEAD: Final = ("Submit", "Check", "Archive", "Notify", "Drop", "Summary", "Thumbnail")
Act = Callable[[Watch], None]
TROUBLES: Final[dict[str, tuple[Act, Act]]] = {
    "ForgedCallbacksAlarm": (forge_callbacks, nothing),
    "KieAccountPausedAlarm": (spend_all_credits, top_up),
    "KieCreditsAlarm": (spend_all_credits, top_up),
    "SubmitFailuresAlarm": (send_unreadable_jobs, purge("SubmitQueue")),
    **{
        f"{each}DeadLettersAlarm": (send(f"{each}DeadLetters"), purge(f"{each}DeadLetters"))
        for each in DEAD
    },
}


@pytest.mark.parametrize("name", TROUBLES)
def test_an_alarm_rings_for_its_trouble_and_ends_after_the_remedy(watch: Watch, name: str) -> None:
    cause, remedy = TROUBLES[name]
    assert watch.state(name, OK) == OK
    cause(watch)
    watch.wait_for(name, ALARM)
    remedy(watch)
    watch.wait_for(name, OK)
