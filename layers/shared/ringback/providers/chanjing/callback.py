"""Callbacks of Chanjing, which documents and signs none: a call is a hint at most."""

from dataclasses import dataclass
from datetime import datetime

from pydantic_core import from_json

from ringback.domain.errors import MalformedCallback
from ringback.providers.chanjing.tasks import read_task
from ringback.use_cases.ports import CallbackReport


@dataclass(frozen=True, slots=True)
class ChanjingCallbackReader:
    """Accepts both shapes that its other products send: the whole envelope, or the bare task."""

    def read(self, headers: dict[str, str], body: bytes, *, now: datetime) -> CallbackReport:
        try:
            content = from_json(body)
        except ValueError:
            raise MalformedCallback("not JSON") from None
        task = content.get("data", content) if isinstance(content, dict) else None
        if not isinstance(task, dict):
            raise MalformedCallback("not a JSON object")
        return CallbackReport(report=read_task(task), proven=False)
