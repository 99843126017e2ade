"""A Ringback in memory, for the client: its jobs, its bucket's links and its live line."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import httpx
from ringback_client import AsyncRingback, Environment, Ringback
from websockets.exceptions import ConnectionClosedOK

API: Final = "https://api.example"
LIVE: Final = "wss://live.example"
BUCKET: Final = "https://bucket.example"
KEY: Final = "rb_the-key-that-nobody-may-see"
NOW: Final = datetime(2026, 11, 27, 12, tzinfo=UTC)
IMAGE: Final = b"\x89PNG" + bytes(range(256)) * 4
FINAL: Final = ("succeeded", "failed", "cancelled")


def job_id(number: int) -> str:
    return f"job_{number:026d}"


def a_job(number: int = 1, status: str = "accepted", **more: Any) -> dict[str, Any]:
    moment = "2026-11-26T22:06:07.214974+00:00"
    images = [an_image(number)] if status == "succeeded" else []
    return {
        **{"job_id": job_id(number), "status": status, "changes": 4, "retry_of": None},
        **{
            "source": None,
            "row": None,
            "tags": [],
            "provider": "kie",
            "model": "bytedance/seedream",
        },
        **{"input": {"prompt": "A blue door"}, "input_checked": True, "attempts": 1},
        **{"created_at": moment, "updated_at": moment, "submitted_at": None},
        **{"finished_at": None, "task_id": None, "credits": 3.5, "error": None},
        **{"images": images, "missing_images": [], "waiting_for": None},
        **more,
    }


def an_image(number: int, position: int = 1, content: bytes = IMAGE) -> dict[str, Any]:
    key = f"images/{job_id(number)}/{position}.png"
    return {
        **{"key": key, "content_type": "image/png", "extension": "png", "width": 8, "height": 8},
        **{"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()},
        **{"thumbnail_key": None, "url": f"{BUCKET}/{key}?signature=1"},
    }


def an_event(number: int, status: str) -> dict[str, Any]:
    return {
        **{"id": f"{job_id(number)}:{status}:1", "type": f"ringback.job.{status}"},
        **{"subject": job_id(number), "time": "2026-11-27T12:00:00+00:00", "client": "studio"},
        "data": {"job_id": job_id(number), "status": status},
    }


def problem(status: int, name: str, **more: Any) -> httpx.Response:
    body = {"type": f"/docs#{name}", "title": "No.", "status": status, "detail": "Not so."}
    return httpx.Response(status, json=body | more)


Answer = httpx.Response | BaseException
Route = Callable[[httpx.Request], Answer]


@dataclass
class FakeApi:
    """``script`` are answers that come first; then jobs are answered as they are here.

    ``bucket`` are the bucket's, to links and to forms. ``uploads`` are digests, ``forms`` what was
    posted.
    ``others`` are the answers to other paths.

    ``told`` are the messages of the live line, a list for each connection; each ends when its
    messages do. ``slept`` are the seconds that were waited.
    """

    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    others: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    script: list[Answer] = field(default_factory=list)
    bucket: list[Answer] = field(default_factory=list)
    uploads: set[str] = field(default_factory=set)
    forms: list[Mapping[str, bytes]] = field(default_factory=list)
    told: list[list[Any]] = field(default_factory=list)
    models: list[dict[str, Any]] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    said: list[Mapping[str, Any]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    has_line: bool = True
    chance: float = 1.0
    closed: int = 0
    on_sleep: Callable[["FakeApi"], None] = lambda api: None

    def add(self, *jobs: dict[str, Any]) -> "FakeApi":
        self.jobs |= {job["job_id"]: job for job in jobs}
        return self

    def end(self, number: int = 1, status: str = "succeeded") -> None:
        self.add(a_job(number, status))

    def lines(self) -> list[str]:
        return [f"{each.method} {each.url.path}" for each in self.requests]

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answer(request)
        if isinstance(answer, BaseException):
            raise answer
        if not answer.is_closed:
            return answer  # a stream that breaks
        # The same answer may be given to several requests.
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def _answer(self, request: httpx.Request) -> Answer:
        if request.url.host == "bucket.example":
            assert "authorization" not in request.headers
            if request.method == "POST":
                return self._take_form(request)
            return self.bucket.pop(0) if self.bucket else httpx.Response(200, content=IMAGE)
        assert request.headers["authorization"] == f"Bearer {KEY}"
        if self.script:
            return self.script.pop(0)
        if request.url.path == "/uploads":
            return self._open_upload(json.loads(request.content))
        if request.url.path in self.others:
            return httpx.Response(200, json=self.others[request.url.path])
        parts = request.url.path.strip("/").split("/")
        if parts == ["jobs"]:
            return self._post(request) if request.method == "POST" else self._page(request)
        if parts[0] == "models":
            return self._models("/".join(parts[1:]))
        if len(parts) > 1 and parts[1] in self.jobs:
            return httpx.Response(200, json=self.jobs[parts[1]])
        return problem(404, "unknown-job" if parts[0] == "jobs" else "unknown-route")

    def _post(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        if request.url.params.get("dry_run"):
            return httpx.Response(200, json=a_dry_run(asked))
        key = request.headers["idempotency-key"]
        if key not in self.keys:
            job = a_job(len(self.jobs) + 1, model=asked["model"], input=asked["input"])
            self.add(job)
            self.keys[key] = job["job_id"]
        return httpx.Response(202, json=self.jobs[self.keys[key]])

    def _page(self, request: httpx.Request) -> httpx.Response:
        size = int(request.url.params.get("limit", "25"))
        source = request.url.params.get("source")
        found = [job for job in self.jobs.values() if source in (None, job["source"])]
        begin = int(request.url.params.get("cursor", "0"))
        rest = str(begin + size) if begin + size < len(found) else None
        return httpx.Response(200, json={"jobs": found[begin : begin + size], "cursor": rest})

    def _open_upload(self, said: Mapping[str, Any]) -> httpx.Response:
        is_there = said["sha256"] in self.uploads
        opened = {
            **{"image": f"s3://drops/uploads/{said['sha256']}", "uploaded": is_there},
            **{"url": None if is_there else f"{BUCKET}/", "expires_at": None},
            "fields": None if is_there else {"key": "uploads/1", "policy": said["sha256"]},
            "kept_until": "2026-12-04T12:00:00+00:00",
        }
        return httpx.Response(201, json=opened)

    def _take_form(self, request: httpx.Request) -> Answer:
        """Take a file as S3 does: after all fields, and with the checksum that was said."""
        parts = parts_of(request)
        self.forms.append(parts)
        if self.bucket:
            return self.bucket.pop(0)
        assert [*parts][-1] == "file"
        digest = hashlib.sha256(parts["file"]).hexdigest()
        if digest != parts["policy"].decode():
            return httpx.Response(400, text="<Error><Code>BadDigest</Code></Error>")
        self.uploads.add(digest)
        return httpx.Response(204)

    def _models(self, name: str) -> httpx.Response:
        if not name:
            return httpx.Response(200, json={"models": self.models})
        found = [each for each in self.models if each["id"] == name]
        return httpx.Response(200, json=found[0]) if found else problem(404, "unknown-model")

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.on_sleep(self)

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)

    def monotonic(self) -> float:
        return sum(self.slept)

    def connect(self, url: str) -> "FakeConnection":
        assert url == LIVE
        if not self.told:
            raise ConnectionRefusedError
        return FakeConnection(self, self.told.pop(0))

    async def connect_async(self, url: str) -> "FakeAsyncConnection":
        return FakeAsyncConnection(self.connect(url))

    def options(self) -> dict[str, Any]:
        numbers = iter(range(1, 1000))
        environment = Environment(
            random=lambda: self.chance,
            monotonic=self.monotonic,
            now=lambda: NOW,
            new_key=lambda: f"key-{next(numbers)}",
        )
        return {
            **{"api_url": API, "key": KEY, "live_url": LIVE if self.has_line else ""},
            **{"transport": httpx.MockTransport(self.handle), "environment": environment},
        }

    def client(self) -> Ringback:
        return Ringback(**self.options(), connect=self.connect, sleep=self.sleep)

    def async_client(self) -> AsyncRingback:
        return AsyncRingback(**self.options(), connect=self.connect_async, sleep=self.sleep_async)


FOLLOWING: Final = {"following": {"client": "studio", "missed": 0, "complete": True}}


@dataclass
class FakeConnection:
    """A message may be a function of the API: what happens before the next one, or silence."""

    api: FakeApi
    messages: list[Any]

    def send(self, message: str, /) -> None:
        self.api.said.append(json.loads(message))

    def recv(self, timeout: float | None = None) -> str:
        while self.messages:
            message = self.messages.pop(0)
            if not callable(message):
                return message if isinstance(message, str) else json.dumps(message)
            if message(self.api) is TimeoutError:
                raise TimeoutError
        raise ConnectionClosedOK(None, None)

    def close(self) -> None:
        self.api.closed += 1


@dataclass
class FakeAsyncConnection:
    connection: FakeConnection

    async def send(self, message: str, /) -> None:
        self.connection.send(message)

    async def recv(self) -> str:
        return self.connection.recv()

    async def close(self) -> None:
        self.connection.close()


def parts_of(request: httpx.Request) -> dict[str, bytes]:
    """Return the fields of a multipart form, in their order."""
    boundary = request.headers["content-type"].partition("boundary=")[2].encode()
    assert request.headers["content-length"] == str(len(request.content))
    found = {}
    for part in request.content.split(b"--" + boundary)[1:-1]:
        head, _, value = part.removesuffix(b"\r\n").partition(b"\r\n\r\n")
        name = head.partition(b'name="')[2].partition(b'"')[0]
        found[name.decode()] = value
    return found


def a_dry_run(asked: Mapping[str, Any]) -> dict[str, Any]:
    estimate = {"credits_low": 3.5, "credits_high": 7.0, "images": 2, "noted_on": "2026-08-19"}
    return {
        **{"dry_run": True, "provider": "kie", "model": asked["model"], "input": asked["input"]},
        **{"input_checked": True, "estimate": estimate | {"is_estimate": True}},
    }


def a_model(name: str = "bytedance/seedream", **properties: Any) -> dict[str, Any]:
    fields = {"prompt": {"type": "string"}} | properties
    return {
        **{"id": name, "provider": "kie", "description": "One image.", "price": None},
        **{"documentation": "https://docs.example", "checked_on": "2026-11-26"},
        "input": {"type": "object", "properties": fields, "required": ["prompt"]},
    }
