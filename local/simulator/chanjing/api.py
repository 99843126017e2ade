"""Chanjing's endpoints."""

import hmac
import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from local.simulator.chanjing.answers import (
    BAD_PARAMETER,
    BAD_TOKEN,
    BROKEN,
    TOO_FAST,
    Refused,
    error,
    success,
)
from local.simulator.chanjing.orders import Order, read_object, read_order
from local.simulator.chanjing.tasks import ChanjingTasks
from local.simulator.chanjing.tokens import Tokens
from local.simulator.http_messages import CUT, Handler, Reply, Request, Routes, json_reply
from local.simulator.ledger import Task
from local.simulator.rate_window import RateWindow
from local.simulator.world import World

# Two hosts are documented, www and open-api. The simulator has one address, so each is a path:
# http://127.0.0.1:4567, and /www and /open-api below it, are all the same.
HOSTS: Final = ("", "/www", "/open-api")
MAX_PAGE: Final = 50
_PAGE: Final = Reply(body=b"<!doctype html><title>Bad gateway</title>", content_type="text/html")

# Answers that replace the normal one, by fault: first without a task, then with one.
_REPLIES_WITHOUT_TASK: Final[Mapping[str, Callable[[], Reply]]] = {
    "status_429": lambda: error(TOO_FAST),
    "status_455": lambda: error(TOO_FAST),
    "error_500_before": lambda: error(BROKEN),
    "cut_before": lambda: CUT,
    "content_policy": lambda: error(BAD_PARAMETER, "内容违规"),
    "no_credits": lambda: error(BAD_PARAMETER, "余额不足"),
    "key_capped": lambda: error(BAD_PARAMETER, "余额不足"),
    "key_refused": lambda: error(BAD_TOKEN),
    "token_killed": lambda: error(BAD_TOKEN),
}
_REPLIES_AFTER_TASK: Final[Mapping[str, Callable[[], Reply]]] = {
    "cut_after": lambda: CUT,
    "error_500_after": lambda: error(BROKEN),
    "unreadable_after": lambda: _PAGE,
}


class ChanjingApi:
    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks = ChanjingTasks(world)
        settings = world.settings
        self._tokens = Tokens(seconds=settings.chanjing_token_seconds)
        self._window = RateWindow(
            limit=settings.chanjing_create_limit, seconds=settings.chanjing_window_seconds
        )

    def routes(self) -> Routes:
        served = {
            ("POST", "/open/v1/access_token"): self._safely(self._access_token),
            ("POST", "/open/v1/ai_creation/task/submit"): self._guarded(self._submit),
            ("POST", "/open/v1/ai_creation/task/page"): self._guarded(self._page),
            ("GET", "/open/v1/ai_creation/task"): self._guarded(self._one),
        }
        paths = {
            (method, host + path): handler
            for (method, path), handler in served.items()
            for host in HOSTS
        }
        return paths | {("GET", "/_simulator/tokens"): self._count_tokens}

    def _safely(self, handler: Handler) -> Handler:
        def safely(request: Request) -> Reply:
            try:
                return handler(request)
            except Refused as refused:
                return replace(error(refused.code, refused.text), about=refused.about)

        return safely

    def _guarded(self, handler: Handler) -> Handler:
        def guarded(request: Request) -> Reply:
            offered = request.headers.get("access_token", "")
            is_live = self._tokens.is_live(offered, now=self._world.clock())
            if not is_live or self._world.faults.is_active("key_refused"):
                raise Refused(BAD_TOKEN)
            return handler(request)

        return self._safely(guarded)

    def _access_token(self, request: Request) -> Reply:
        given, settings = read_object(request.body), self._world.settings
        offered = f"{given.get('app_id')}\n{given.get('secret_key')}"
        wanted = f"{settings.chanjing_app_id}\n{settings.chanjing_secret_key}"
        is_right = hmac.compare_digest(offered.encode(), wanted.encode())
        is_refused = self._world.faults.is_active("key_refused")
        if not settings.chanjing_app_id or not is_right or is_refused:
            raise Refused(BAD_PARAMETER)
        token, ends_at = self._tokens.issue(now=self._world.clock())
        return success({"access_token": token, "expire_in": ends_at})

    def _submit(self, request: Request) -> Reply:
        order = read_order(request.body)
        return replace(self._answer(order), about=order.callback_url or "")

    def _answer(self, order: Order) -> Reply:
        if refusal := self._world.faults.refusal(order.faults, subject=order.subject):
            if refusal == "token_killed":
                self._tokens.kill()
            return _REPLIES_WITHOUT_TASK[refusal]()
        if not self._window.admit(now=self._world.clock()):
            return error(TOO_FAST)
        task = self._tasks.create(order)
        if "slow_create" in task.faults:
            self._world.stopping.wait(task.faults["slow_create"])
        broken = (make for name, make in _REPLIES_AFTER_TASK.items() if name in task.faults)
        return next(broken, lambda: success(task.id))()

    def _one(self, request: Request) -> Reply:
        task = self._find(request.query("unique_id"))
        if task is None:
            raise Refused(BAD_PARAMETER, about=request.query("unique_id"))
        return replace(success(self._tasks.body_of(task)), about=task.id)

    def _page(self, request: Request) -> Reply:
        wanted = read_object(request.body)
        ids, page, size = wanted.get("unique_ids"), wanted.get("page"), wanted.get("page_size")
        if not isinstance(ids, list) or not 0 < len(ids) <= MAX_PAGE or wanted.get("type") != 3:
            raise Refused(BAD_PARAMETER)
        if type(page) is not int or type(size) is not int:
            raise Refused(BAD_PARAMETER)
        if page < 1 or not 1 <= size <= MAX_PAGE:
            raise Refused(BAD_PARAMETER)
        # In another order than requested, and without the unknown ones.
        known = [task for task in map(self._find, sorted(map(str, ids))) if task]
        start = (page - 1) * size
        bodies = [
            self._tasks.body_of(task) for task in itertools.islice(known, start, start + size)
        ]
        info = {"page": page, "size": size, "total_count": len(known)}
        return replace(success({"list": bodies, "page_info": info}), about=f"{len(ids)} tasks")

    def _find(self, task_id: str) -> Task | None:
        task = self._world.ledger.find(task_id)
        return task if task and task.provider == "chanjing" else None

    def _count_tokens(self, _: Request) -> Reply:
        return json_reply({"issued": self._tokens.issued})


API = ChanjingApi
