"""kie.ai's answers: the envelope, and where each code appears."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.simulator.http_messages import Reply, json_reply


@dataclass(frozen=True, slots=True)
class Error:
    """An error: a code in the body, in the HTTP status or in both; two names for its text."""

    http_status: int
    text_field: str
    text: str


ERRORS: Final[Mapping[int, Error]] = {
    400: Error(400, "msg", "Invalid parameters"),
    401: Error(401, "message", "Unauthorized: API key missing or invalid"),
    402: Error(200, "msg", "Credits insufficient"),
    404: Error(404, "message", "Not found"),
    422: Error(200, "msg", "Validation error"),
    429: Error(429, "msg", "Your call frequency is too high. Please try again later."),
    433: Error(200, "msg", "The request limit of this API key is reached"),
    455: Error(200, "msg", "Service is under maintenance"),
    500: Error(500, "msg", "Server exception, please try again later"),
}


class Refused(Exception):
    """The request is answered with this code."""

    def __init__(self, code: int, text: str = "", *, about: str = "") -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.about = about


def success(content: Any) -> Reply:
    return json_reply({"code": 200, "msg": "success", "data": content})


def error(code: int, text: str = "") -> Reply:
    row = ERRORS[code]
    envelope = {"code": code, row.text_field: text or row.text, "data": None}
    return json_reply(envelope, row.http_status)
