"""Functions on moto with a meter: what each invocation calls, and what AWS bills for it."""

import json
from collections.abc import Callable
from contextlib import redirect_stdout
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import get_ident
from types import ModuleType
from typing import Any, Final

import boto3
from ringback.aws.secrets import JsonSecret

from benchmarks.cost.calls import billed, endpoint_of, is_image, label_of, parameters_of
from benchmarks.cost.prices import IMAGE_MS, LINE_OVERHEAD, PLATFORM_LINES, WAITS
from benchmarks.cost.units import Item, Units, keys_in
from tests.support import lambdas as lambdas_module
from tests.support.lambdas import AwsCall, Lambdas
from tests.support.template import load_template

START: Final = datetime.fromisoformat("2026-11-27T12:00:00.123456+00:00")


@dataclass
class Clock:
    """Stands still, but for what calls and answers take."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, *, milliseconds: float) -> None:
        self.now += timedelta(milliseconds=milliseconds)


@dataclass
class Invocation:
    """``waited`` is in milliseconds; ``transferred`` is the part of it that images take.

    ``images`` counts those: two are copied at a time. ``secrets`` has for how many seconds each
    secret that was read is kept. ``metric_bytes`` are those of ``log_bytes`` that are metrics.
    """

    function: str
    calls: list[tuple[str, Units]] = field(default_factory=list)
    waited: float = 0
    transferred: float = 0
    log_bytes: int = 0
    metric_bytes: int = 0
    images: int = 0
    secrets: list[float] = field(default_factory=list)


class Meter(Lambdas):
    """``on_change`` gets each change of an item as the table's stream does, old and new."""

    clock: Clock
    invocations: list[Invocation]
    on_change: Callable[[str, Item, Item], None]

    def start(self) -> None:
        self.clock, self.invocations = Clock(), []
        self._pending = dict[int, tuple[AwsCall, dict[str, Item]]]()
        self._plain = boto3.Session().client("dynamodb", region_name="eu-west-1")
        self.monkeypatch.setattr(lambdas_module, "_listeners", [self._note])
        self.on_change = lambda key, old, new: None
        read = JsonSecret._read

        def noted(secret: JsonSecret) -> dict[str, Any]:
            self.invocations[-1].secrets.append(secret.fresh)
            return read(secret)

        self.monkeypatch.setattr(JsonSecret, "_read", noted)
        # ``bill`` counts how often they are read; on a slow machine they would go stale meanwhile.
        defaults = {**(JsonSecret.__init__.__kwdefaults__ or {}), "clock": lambda: 0.0}
        self.monkeypatch.setattr(JsonSecret.__init__, "__kwdefaults__", defaults)

    def _start(self, function: str) -> ModuleType:
        app = super()._start(function)
        if hasattr(app, "utc_now"):
            self.monkeypatch.setattr(app, "utc_now", self.clock)
        return app

    def invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        self.invocations.append(Invocation(function))
        self.log.seek(0)
        self.log.truncate()
        # Metrics are written past the logger.
        with redirect_stdout(self.log):
            reply = self(function, event)
        self._settle()
        text = self.log.getvalue()
        self.invocations[-1].log_bytes = log_bytes(text)
        self.invocations[-1].metric_bytes = sum(
            len(line.encode()) + LINE_OVERHEAD
            for line in text.splitlines()
            if line.startswith('{"_aws"')
        )
        return reply

    def wait(self, milliseconds: float, *, for_image: bool = False) -> None:
        """Note that the running function waits for an answer."""
        self.clock.advance(milliseconds=milliseconds)
        self.invocations[-1].waited += milliseconds
        self.invocations[-1].transferred += milliseconds * for_image

    def _note(self, service: str, operation: str, parameters: dict[str, Any]) -> None:
        super()._note(service, operation, parameters)
        if not self._running:
            return
        self._settle(get_ident())
        call = AwsCall(self._running, service, operation, deepcopy(parameters_of(parameters)))
        keys = keys_in(operation, parameters) if service == "dynamodb" else ()
        self._pending[get_ident()] = call, {key: self._item(key) for key in keys}
        carries = is_image(call)
        self.invocations[-1].images += carries
        self.wait(WAITS[endpoint_of(service)] + IMAGE_MS * carries, for_image=carries)

    def _settle(self, *threads: int) -> None:
        """Bill the last call of each of these threads: it has taken place by now."""
        for thread in threads or [*self._pending]:
            if thread in self._pending:
                call, before = self._pending.pop(thread)
                after = {key: self._item(key) for key in before}
                self.invocations[-1].calls.append((label_of(call), billed(call, before, after)))
                for key in before:
                    if before[key] != after[key]:
                        self.on_change(key, before[key], after[key])

    def _item(self, key: str) -> Item:
        found = self._plain.get_item(TableName=self.cloud.table, Key={"job_id": {"S": key}})
        return found.get("Item", {})


def log_bytes(text: str) -> int:
    level = load_template()["Globals"]["Function"]["LoggingConfig"].get("SystemLogLevel", "INFO")
    own = text.splitlines()
    # A logger that was made before the meter repeats its messages to the meter's handler.
    repeated = {json.loads(line)["message"] for line in own if line.startswith('{"level"')}
    lines = [*(line for line in own if line not in repeated), *PLATFORM_LINES[level]]
    return sum(len(line.encode()) + LINE_OVERHEAD for line in lines)
