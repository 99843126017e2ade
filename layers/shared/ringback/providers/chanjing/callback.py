"""Callbacks of Chanjing, which documents and signs none: a call is a hint at most."""

from dataclasses import dataclass
from datetime import datetime

from ringback.domain.errors import MalformedCallback
from ringback.json_bodies import NotJson, parse_json
from ringback.providers.chanjing.tasks import read_task
from ringback.use_cases.ports import CallbackReport


@dataclass(frozen=True, slots=True)
class ChanjingCallbackReader:
    """Accepts both shapes that its other products send: the whole envelope, or the bare task."""

    def read(self, headers: dict[str, str], body: bytes, *, now: datetime) -> CallbackReport:
        try:
            content = parse_json(body).value
        except NotJson as error:
            raise MalformedCallback(f"the body {error}") from None
        task = content.get("data", content) if isinstance(content, dict) else None
        if not isinstance(task, dict):
            raise MalformedCallback("not a JSON object")
        return CallbackReport(report=read_task(task), proven=False)
