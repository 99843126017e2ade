"""kie.ai's endpoints."""

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from local.simulator.http_messages import CUT, Handler, Reply, Request, Routes, json_reply
from local.simulator.kie.answers import Refused, error, success
from local.simulator.kie.bodies import record_body
from local.simulator.kie.orders import Order, read_order
from local.simulator.kie.tasks import KieTasks
from local.simulator.ledger import Task
from local.simulator.rate_window import RateWindow
from local.simulator.user_agents import REFUSED, is_refused
from local.simulator.world import World

_PAGE: Final = Reply(body=b"<!doctype html><title>Bad gateway</title>", content_type="text/html")

# Answers that replace the normal one, by fault: first without a task, then with one.
_REPLIES_WITHOUT_TASK: Final[Mapping[str, Callable[[], Reply]]] = {
    "status_429": lambda: error(429),
    "status_455": lambda: error(455),
    "error_500_before": lambda: error(500),
    "cut_before": lambda: CUT,
    "content_policy": lambda: error(400, "Your prompt was flagged by the content policy"),
    "no_credits": lambda: error(402),
    "key_capped": lambda: error(433),
    "key_refused": lambda: error(401),
}
_REPLIES_AFTER_TASK: Final[Mapping[str, Callable[[], Reply]]] = {
    "cut_after": lambda: CUT,
    "error_500_after": lambda: error(500),
    "unreadable_after": lambda: _PAGE,
}
_HIDDEN_RECORD: Final[Mapping[str, Refused]] = {
    "record_null": Refused(422, "recordInfo is null"),
    "record_404": Refused(404),
}


class KieApi:
    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks = KieTasks(world)
        settings = world.settings
        self._window = RateWindow(
            limit=settings.create_limit, seconds=settings.create_window_seconds
        )

    def routes(self) -> Routes:
        return {
            ("POST", "/api/v1/jobs/createTask"): self._guarded(self._create_task),
            ("GET", "/api/v1/jobs/recordInfo"): self._guarded(self._record_info),
            ("GET", "/api/v1/chat/credit"): self._guarded(self._credit),
            ("POST", "/api/v1/common/download-url"): self._guarded(self._download_url),
            ("GET", "/api/"): self._guarded(_unknown),
            ("POST", "/api/"): self._guarded(_unknown),
        }

    def _guarded(self, handler: Handler) -> Handler:
        def guarded(request: Request) -> Reply:
            if is_refused(request.headers):
                return REFUSED
            offered = request.headers.get("authorization", "")
            wanted = f"Bearer {self._world.settings.kie_api_key}"
            is_right = hmac.compare_digest(offered.encode(), wanted.encode())
            if not is_right or self._world.faults.is_active("key_refused"):
                return error(401)
            try:
                return handler(request)
            except Refused as refused:
                return replace(error(refused.code, refused.text), about=refused.about)

        return guarded

    def _create_task(self, request: Request) -> Reply:
        order = read_order(request.body, any_model=self._world.settings.kie_any_model)
        return replace(self._answer(order), about=order.callback_url or "")

    def _answer(self, order: Order) -> Reply:
        if refusal := self._world.faults.refusal(order.faults, subject=order.subject):
            return _REPLIES_WITHOUT_TASK[refusal]()
        if not self._window.admit(now=self._world.clock()):
            return error(429)
        if not self._world.wallet.charge(order.price):
            return error(402)
        task = self._tasks.create(order)
        if "slow_create" in task.faults:
            self._world.stopping.wait(task.faults["slow_create"])
        broken = (make for name, make in _REPLIES_AFTER_TASK.items() if name in task.faults)
        return next(broken, lambda: success({"taskId": task.id}))()

    def _record_info(self, request: Request) -> Reply:
        task_id = request.query("taskId")
        task, now = self._world.ledger.find(task_id), self._world.clock()
        if task is None:
            raise Refused(422, "recordInfo is null", about=task_id)
        if (hidden := _hiding(task, now)) is not None:
            raise Refused(hidden.code, hidden.text, about=task_id)
        return replace(json_reply(record_body(task, now=now)), about=task_id)

    def _credit(self, _: Request) -> Reply:
        """Answer with the balance, also while the key is capped."""
        is_empty = self._world.faults.is_active("no_credits")
        return success(0 if is_empty else self._world.wallet.balance)

    def _download_url(self, request: Request) -> Reply:
        """Make a fresh link, also for a file that does not exist."""
        url = _url_in(request.body)
        world = self._world
        old = world.links.find(urlsplit(url).path)
        expires_at = world.clock() + world.settings.fresh_link_seconds
        path = world.links.mint(old.picture if old else None, expires_at=expires_at)
        return replace(success(world.url() + path), about=url)


def _hiding(task: Task, now: float) -> Refused | None:
    age = now - task.created_at
    hiding = (refused for name, refused in _HIDDEN_RECORD.items() if age < task.faults.get(name, 0))
    return next(hiding, None)


def _url_in(body: bytes) -> str:
    try:
        content = json.loads(body)
        urlsplit(content["url"]).path.encode("ascii")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(422, "url is required") from error
    return str(content["url"])


def _unknown(_: Request) -> Reply:
    raise Refused(404)


API = KieApi
