"""Alarms on the local AWS: each rings for a real trouble, and ends after the page's remedy.

The periods are ten seconds, and ages are reached in twenty. What the local AWS has in its logs and
metrics is evaluated by ``local/alarm_states.py``.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from local.alarm_states import ALARM, OK
from local.chosen_stack import stack_of
from local.jobs_api import connected
from local.ports import LOOPBACK, free_ports
from local.stack import local_stack
from tests.e2e.alarm_rows import ROWS
from tests.e2e.fast_pace import PARAMETERS, SIMULATOR
from tests.e2e.operator import SHORT, Operator
from tests.e2e.provider import Provider
from tests.e2e.stack_logs import show_logs_of

pytestmark = pytest.mark.prove


@pytest.fixture(scope="module")
def operator(request: pytest.FixtureRequest) -> Iterator[Operator]:
    ports = free_ports()
    # The canary's picture comes from the local S3.
    parameters: dict[str, Any] = {
        **PARAMETERS,
        **SHORT,
        "CanaryMinutes": "60",
        "PlainHttpHosts": f"{LOOPBACK}:{ports.simulator},{LOOPBACK}:{ports.aws}",
    }
    with (
        local_stack(ports=ports, simulator=SIMULATOR, parameters=parameters) as deployment,
        connected(deployment.jobs_api_url, deployment.client_key, deployment.live_api_url) as api,
    ):
        show_logs_of(deployment, request.config)
        stack = stack_of(deployment)
        yield Operator(deployment, api, Provider(deployment.simulator_url), stack)


@pytest.mark.parametrize("alarm", ROWS)
def test_an_alarm_rings_for_its_trouble_and_ends_after_the_remedy(
    operator: Operator, alarm: str
) -> None:
    # Silence rings the canary's alarm.
    if alarm != "CanaryAlarm":
        operator.wait_for(alarm, OK)
    row = ROWS[alarm]
    row.trouble(operator)
    row.use(operator)
    operator.wait_for(alarm, ALARM)
    row.remedy(operator)
    operator.wait_for(alarm, OK)
    row.use(operator)
    operator.see(alarm, OK)
