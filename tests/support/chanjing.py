"""Chanjing behind a mock transport, with scripted responses."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from ringback.providers.chanjing.client import ChanjingClient

from tests.support.in_memory import InMemoryTokens
from tests.support.jobs import NOON

TOKEN_PATH = "/open/v1/access_token"
SUBMIT_PATH = "/open/v1/ai_creation/task/submit"
PAGE_PATH = "/open/v1/ai_creation/task/page"
BASE_URL = "https://chanjing.example"

Answer = httpx.Response | Exception


def envelope(data: object, *, code: object = 0, status: int = 200) -> httpx.Response:
    content = {"trace_id": "t", "code": code, "msg": "no" if code else "success", "data": data}
    return httpx.Response(status, json=content)


def a_page(*tasks: object) -> httpx.Response:
    return envelope({"list": list(tasks), "page_info": {}})


@dataclass
class Chanjing:
    """Issues tokens, of which only the last is valid; other calls get the scripted ``answers``.

    Each answer is returned once, the last one repeatedly.
    """

    answers: list[Answer] = field(default_factory=list)
    tokens: InMemoryTokens = field(default_factory=InMemoryTokens)
    credentials: dict[str, Any] = field(
        default_factory=lambda: {"app_id": "app", "secret_key": "secret"}
    )
    token_answer: Callable[[str], Answer] = field(
        default=lambda token: envelope(
            {"access_token": token, "expire_in": int(NOON.timestamp()) + 86_400}
        )
    )
    issued: list[str] = field(default_factory=list)
    received: list[httpx.Request] = field(default_factory=list)
    live: str = ""
    now: datetime = NOON

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.received.append(request)
        if request.url.path == TOKEN_PATH:
            self.live = f"token-{len(self.issued) + 1}"
            self.issued.append(self.live)
            return self._give(self.token_answer(self.live))
        if request.headers["access_token"] != self.live:
            return envelope(None, code=10400)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return self._give(answer)

    def _give(self, answer: Answer) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self) -> ChanjingClient:
        return ChanjingClient(
            BASE_URL,
            lambda: self.credentials,
            self.tokens,
            now=lambda: self.now,
            transport=httpx.MockTransport(self),
        )

    def at(self, path: str) -> list[httpx.Request]:
        return [request for request in self.received if request.url.path == path]

    def body(self, path: str) -> Any:
        return json.loads(self.at(path)[-1].content)
