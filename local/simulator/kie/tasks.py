"""The life of a kie.ai task: created, finished, called back."""

import json
from collections.abc import Mapping
from functools import partial
from threading import Lock
from typing import Any

from local.simulator.callback_sender import Callback
from local.simulator.images import KINDS, Drawing, kind_of
from local.simulator.kie.bodies import callback_body
from local.simulator.kie.models import expected_size, format_asked_for, images_asked_for
from local.simulator.kie.orders import Order, prompt_of
from local.simulator.kie.signatures import signature_headers
from local.simulator.ledger import Outcome, Task
from local.simulator.links import Picture
from local.simulator.world import World


class KieTasks:
    def __init__(self, world: World) -> None:
        self._world = world
        self._last_ms = 0
        self._id_lock = Lock()

    def create(self, order: Order) -> Task:
        """Create the task and schedule its end. An early callback is sent before this returns."""
        now, settings = self._world.clock(), self._world.settings
        faults = self._world.faults.for_task(order.faults)
        task_id = self._new_id(order.model, now)
        task = self._world.ledger.open(
            lambda number: Task(
                id=task_id,
                provider="kie",
                number=number,
                model=order.model,
                callback_url=order.callback_url,
                input=order.input,
                created_at=now,
                due_at=now + settings.generate_seconds,
                charged=order.price,
                faults=faults,
            )
        )
        self._world.log(f"created {task.id}")
        if "early_callback" in faults:
            self.finish(task)
        else:
            self._world.schedule.after(settings.generate_seconds, lambda: self.finish(task))
        return task

    def finish(self, task: Task) -> None:
        task.outcome = self._fail(task) if "fail" in task.faults else self._succeed(task)
        self._world.log(f"finished {task.id}: {task.outcome.verdict}")
        if task.callback_url is None or "no_callback" in task.faults:
            return
        call_back = partial(self._call_back, task, task.outcome)
        if "late_callback" in task.faults:
            self._world.schedule.after(task.faults["late_callback"], call_back)
        else:
            call_back()

    def _fail(self, task: Task) -> Outcome:
        self._world.wallet.refund(task.charged)
        return Outcome(verdict="fail", at=self._world.clock(), consumed=0)

    def _succeed(self, task: Task) -> Outcome:
        now = self._world.clock()
        return Outcome(
            verdict="success",
            at=now,
            consumed=task.charged,
            result_urls=self._result_urls(task, now),
        )

    def _result_urls(self, task: Task, now: float) -> tuple[str, ...]:
        world, expires_at = self._world, now + self._world.settings.link_seconds
        paths = (world.links.mint(picture, expires_at=expires_at) for picture in _pictures(task))
        return tuple(world.url() + path for path in paths)

    def _call_back(self, task: Task, outcome: Outcome) -> None:
        body = json.dumps(callback_body(task, outcome)).encode()
        for _ in range(2 if "double_callback" in task.faults else 1):
            self._world.callbacks.deliver(task, lambda: self._callback(task, body))

    def _callback(self, task: Task, body: bytes) -> Callback:
        signature, headers = signature_headers(
            task.id,
            now=self._world.clock(),
            key=self._world.settings.kie_hmac_key,
            faults=task.faults,
        )
        return Callback(
            body=body,
            headers={"Content-Type": "application/json", "User-Agent": "kie-simulator", **headers},
            signature=signature,
        )

    def _new_id(self, model: str, now: float) -> str:
        """Return ``task_<vendor>_<ms>``, a millisecond later if the id exists already."""
        with self._id_lock:
            self._last_ms = max(self._last_ms + 1, round(now * 1000))
            return f"task_{model.partition('/')[0]}_{self._last_ms}"


def _pictures(task: Task) -> list[Picture]:
    count = images_asked_for(task.model, task.input)
    count += ("more_images" in task.faults) - ("fewer_images" in task.faults)
    forced_kind = next((kind for kind in KINDS if f"as_{kind}" in task.faults), None)
    forced_kind = forced_kind or format_asked_for(task.model, task.input)
    return [
        Picture(
            Drawing(
                task_id=task.id,
                index=index,
                seed=_seed_of(task.input),
                size=expected_size(task.model, task.input),
                kind=forced_kind or kind_of(task.number + index),
                prompt=prompt_of(task.input),
            ),
            task.faults,
        )
        for index in range(count)
    ]


def _seed_of(given: Mapping[str, Any]) -> int:
    seed = given.get("seed", 0)
    return seed if isinstance(seed, int) else 0
