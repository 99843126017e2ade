"""The life of a Chanjing task: created, finished, with a callback only on request."""

import itertools
import json
import secrets
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from local.simulator.callback_sender import Callback
from local.simulator.chanjing.answers import envelope
from local.simulator.chanjing.bodies import task_body
from local.simulator.chanjing.models import expected_size
from local.simulator.chanjing.orders import Order
from local.simulator.images import KINDS, Drawing, kind_of
from local.simulator.ledger import Outcome, Task
from local.simulator.links import Picture
from local.simulator.world import World


class ChanjingTasks:
    def __init__(self, world: World) -> None:
        self._world = world
        self._reads: dict[str, Iterator[int]] = defaultdict(itertools.count)

    def create(self, order: Order) -> Task:
        """Create the task and schedule its end. An early callback is sent before this returns."""
        world = self._world
        now, seconds = world.clock(), world.settings.generate_seconds
        faults = world.faults.for_task(order.faults)
        task_id = _new_id()
        task = world.ledger.open(
            lambda number: Task(
                id=task_id,
                provider="chanjing",
                number=number,
                model=order.body["model_code"],
                callback_url=order.callback_url,
                input=order.body,
                created_at=now,
                due_at=now + seconds,
                charged=order.images,
                faults=faults,
            )
        )
        world.log(f"created {task.id}")
        if "early_callback" in faults:
            self.finish(task)
        else:
            world.schedule.after(seconds, lambda: self.finish(task))
        return task

    def body_of(self, task: Task) -> dict[str, Any]:
        nth_read = next(self._reads[task.id])
        return task_body(task, now=self._world.clock(), nth_read=nth_read)

    def finish(self, task: Task) -> None:
        now = self._world.clock()
        if "fail" in task.faults:
            task.outcome = Outcome(verdict="fail", at=now, consumed=0)
        else:
            urls = tuple(self._result_urls(task, now))
            task.outcome = Outcome(
                verdict="success", at=now, consumed=task.charged, result_urls=urls
            )
        self._world.log(f"finished {task.id}: {task.outcome.verdict}")
        calls = {"callback_envelope", "callback_bare"} & task.faults.keys()
        if calls and task.callback_url and "no_callback" not in task.faults:
            wait = task.faults.get("late_callback", 0)
            self._world.schedule.after(wait, lambda: self._call_back(task))

    def _result_urls(self, task: Task, now: float) -> Iterator[str]:
        expires_at = now + self._world.settings.link_seconds
        for picture in _pictures(task):
            yield self._world.url() + self._world.links.mint(picture, expires_at=expires_at)

    def _call_back(self, task: Task) -> None:
        content = self.body_of(task)
        if "callback_envelope" in task.faults:
            content = envelope(0, "success", content)
        headers = {"Content-Type": "application/json", "User-Agent": "chanjing-simulator"}
        callback = Callback(body=json.dumps(content).encode(), headers=headers, signature="none")
        for _ in range(2 if "double_callback" in task.faults else 1):
            self._world.callbacks.deliver(task, lambda: callback)


def _new_id() -> str:
    digits = secrets.token_hex(16)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _pictures(task: Task) -> list[Picture]:
    count = int(task.input.get("number_of_images", 1))
    count += ("more_images" in task.faults) - ("fewer_images" in task.faults)
    forced_kind = next((kind for kind in KINDS if f"as_{kind}" in task.faults), None)
    return [
        Picture(
            Drawing(
                task_id=task.id,
                index=index,
                seed=0,
                size=expected_size(task.input),
                kind=forced_kind or kind_of(task.number + index),
                prompt=task.input["ref_prompt"],
            ),
            task.faults,
        )
        for index in range(count)
    ]
