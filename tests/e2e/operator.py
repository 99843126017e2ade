"""An operator of a local stack: sees its alarms, and does what docs/operate.md says."""

import os
import stat
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from local.alarm_data import AlarmData
from local.alarm_states import OK, names_of, state_of
from local.chosen_stack import Stack
from local.deployment import Deployment
from local.emulator import REGION
from local.jobs_api import JobsApi
from local.paths import ROOT
from local.sam import STACK_NAME
from local.template import resolved
from tests.e2e.provider import Provider
from tests.support.alarms import alarms

PERIOD: Final = 10
SHORT: Final = {"AlarmSeconds": str(PERIOD), "MissedCallbacksSeconds": str(PERIOD)}
# Ages are reached in seconds instead of up to an hour.
WAIT: Final = 20
QUICKER: Final[Mapping[str, Mapping[str, int]]] = {
    **{f"{each}AgeAlarm": {"Threshold": WAIT} for each in ("Submit", "Archive", "Notify")},
    "IteratorAgeAlarm": {"Threshold": 1000 * WAIT},
    "CanaryAlarm": {"Period": 30},
}
PAGE: Final = (ROOT / "docs/operate.md").read_text().replace(" \\\n    ", " ")


@dataclass
class Operator:
    deployment: Deployment
    jobs_api: JobsApi
    provider: Provider
    stack: Stack

    def state(self, alarm: str, before: str) -> str:
        properties = resolved(alarms()[alarm]["Properties"], SHORT) | QUICKER.get(alarm, {})
        points = AlarmData(self.stack).points(names_of(properties))
        # The last period has ended.
        return state_of(properties, points, at=time.time() + 1, before=before)

    def wait_for(self, alarm: str, state: str, *, seconds: float = 240) -> None:
        until, found = time.monotonic() + seconds, OK
        while (found := self.state(alarm, found)) != state:
            assert time.monotonic() < until, f"{alarm} is {found}"
            time.sleep(0.5)

    def see(self, alarm: str, state: str) -> None:
        """See it stay in this state for a period."""
        until = time.monotonic() + PERIOD
        while time.monotonic() < until:
            assert self.state(alarm, state) == state
            time.sleep(0.5)

    def client(self, service: str) -> Any:
        return self.stack.client(service)

    def named(self, name: str) -> str:
        """Return a resource's physical id by its name in the template."""
        found = {each["LogicalResourceId"]: each for each in self.stack.resources}
        return str(found[name]["PhysicalResourceId"])

    def follow(self, command: str, answers: Sequence[str] = (), /, **placeholders: str) -> str:
        """Run a command of the page, word for word but for its placeholders; return its output.

        ``answers`` are lines that it asks for.
        """
        assert command in PAGE, f"not in docs/operate.md: {command}"
        for name, value in placeholders.items():
            example = EXAMPLES.get(name, f"<{name}>")
            assert example in command
            command = command.replace(example, value)
        done = subprocess.run(  # noqa: S603 the page is ours
            ["/bin/bash", "-euc", command.replace("--stack-name ringback", "--stack-name $STACK")],
            cwd=ROOT,
            env=self._environment(),
            input="".join(f"{answer}\n" for answer in answers),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        may_fail = command == "make doctor"  # whatever else is wrong
        assert may_fail or done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _environment(self) -> dict[str, str]:
        commands = self.deployment.logs / "commands"
        aws = commands / "aws"
        if not aws.exists():
            commands.mkdir(exist_ok=True)
            aws.write_text(
                f'#!/bin/sh\nexec "{sys.executable}" -m tests.support.aws_command "$@"\n'
            )
            aws.chmod(aws.stat().st_mode | stat.S_IXUSR)
        url = self.deployment.endpoint_url
        ports = {"AWS": url, "SIMULATOR": self.deployment.simulator_url}
        return {
            "PATH": f"{commands}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(commands),
            "PYTHONPATH": str(ROOT),
            "NO_PROXY": "*",
            "STACK": STACK_NAME,
            "LOCAL": "1",
            "YES": "1",
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            **{f"RINGBACK_{each}_PORT": str(urlsplit(at).port) for each, at in ports.items()},
        }


# What stands on the page where something of one's own is meant.
EXAMPLES: Final = {
    "queue": "Archive",
    "source": "SubmitJobFunctionTurn",
    "provider": "kie",
    "api": "<JobsApiUrl>",
    "runner": "<name of run_canary>",
}
