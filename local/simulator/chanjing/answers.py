"""Chanjing's answers: always HTTP 200, with a code in the envelope."""

import secrets
from collections.abc import Mapping
from typing import Any, Final

from local.simulator.http_messages import Reply, json_reply

BAD_FORMAT: Final = 400
BAD_TOKEN: Final = 10400
BAD_PARAMETER: Final = 40000
TOO_FAST: Final = 40001
BROKEN: Final = 50000

TEXTS: Final[Mapping[int, str]] = {
    BAD_FORMAT: "传入参数格式错误",
    BAD_TOKEN: "AccessToken 验证失败",
    BAD_PARAMETER: "参数错误",
    TOO_FAST: "超出 QPS 限制",
    BROKEN: "系统内部错误",
}


class Refused(Exception):
    """The request is answered with this code."""

    def __init__(self, code: int, text: str = "", *, about: str = "") -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.about = about


def envelope(code: int, text: str, data: Any) -> dict[str, Any]:
    return {"trace_id": secrets.token_hex(16), "code": code, "msg": text, "data": data}


def success(data: Any) -> Reply:
    return json_reply(envelope(0, "success", data))


def error(code: int, text: str = "") -> Reply:
    return json_reply(envelope(code, text or TEXTS[code], None))
