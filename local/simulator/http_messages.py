"""Requests and replies, as all parts of the simulator use them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import parse_qs


class Ending(Enum):
    """How much of a reply reaches the client before the connection closes."""

    WHOLE = "whole"
    HALF_BODY = "half of the body, then cut"
    NOTHING = "cut without a byte"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """``headers`` have lower-case names."""

    method: str
    path: str
    raw_query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def query(self, name: str) -> str:
        return parse_qs(self.raw_query).get(name, [""])[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int = HTTPStatus.OK
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    ending: Ending = Ending.WHOLE
    about: str = ""
    """For the request log: the callback URL or the task id that the request was about."""


Handler: TypeAlias = Callable[[Request], Reply]
Routes: TypeAlias = Mapping[tuple[str, str], Handler]
"""Handlers by method and path; a path that ends in ``/`` matches everything below it."""

CUT = Reply(ending=Ending.NOTHING)


def json_reply(content: Any, status: int = HTTPStatus.OK) -> Reply:
    return Reply(status=status, body=json.dumps(content).encode())


def text_reply(text: str, status: int) -> Reply:
    return Reply(status=status, body=text.encode(), content_type="text/plain; charset=utf-8")


def find_handler(routes: Routes, request: Request) -> Handler | None:
    method = "GET" if request.method == "HEAD" else request.method
    exact = routes.get((method, request.path))
    if exact is not None:
        return exact
    below = (path for verb, path in routes if verb == method and path.endswith("/"))
    return next((routes[method, path] for path in below if request.path.startswith(path)), None)
