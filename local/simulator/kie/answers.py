"""kie.ai's answers: the envelope, and where each code appears."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.simulator.http_messages import Reply, json_reply


@dataclass(frozen=True, slots=True)
class No:
    """An error: a code in the body, in the HTTP status or in both; two names for its text."""

    http_status: int
    text_field: str
    text: str


NOES: Final[Mapping[int, No]] = {
    400: No(400, "msg", "Invalid parameters"),
    401: No(401, "message", "Unauthorized: API key missing or invalid"),
    402: No(200, "msg", "Credits insufficient"),
    404: No(404, "message", "Not found"),
    422: No(200, "msg", "Validation error"),
    429: No(429, "msg", "Your call frequency is too high. Please try again later."),
    455: No(200, "msg", "Service is under maintenance"),
    500: No(500, "msg", "Server exception, please try again later"),
}


class Refused(Exception):
    """The request is answered with this code."""

    def __init__(self, code: int, text: str = "", *, about: str = "") -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.about = about


def yes(content: Any) -> Reply:
    return json_reply({"code": 200, "msg": "success", "data": content})


def no(code: int, text: str = "") -> Reply:
    row = NOES[code]
    envelope = {"code": code, row.text_field: text or row.text, "data": None}
    return json_reply(envelope, row.http_status)
