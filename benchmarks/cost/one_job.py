"""One job through all functions: what its queues, its stream and its provider lead to."""

import json
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import boto3

from benchmarks.cost.metering import START, Invocation, Meter
from benchmarks.cost.prices import (
    SECONDS_BETWEEN_JOBS,
)
from benchmarks.cost.units import Item
from tests.support.aws import Cloud, with_details
from tests.support.callbacks import signed_event
from tests.support.jobs import MODEL, TASK
from tests.support.lambdas import a_batch, an_event
from tests.support.loopback_provider import (
    CREATE,
    RECORD,
    LoopbackProvider,
)
from tests.support.posts import a_post
from tests.support.provider_apis import STUDIO_KEY
from tests.support.streams import SOURCE, is_told

# 500 characters. Repeated words would be compressed away.
PROMPT: Final = (
    "An old lighthouse keeper repairs fishing nets on a stone pier at dawn, wrapped in a "
    "patched wool coat, while gulls circle above anchored boats. Soft fog drifts over calm "
    "grey water; warm light from one window falls across wet granite, coiled rope and a "
    "chipped blue enamel mug. Shot on medium format film, 80 mm lens, shallow depth of field,"
    " muted teal and amber palette, fine grain, quiet documentary mood, honest texture of "
    "weathered hands, no text, no watermark, gentle vignette and natural light."
)
HOOK: Final = "/hook"
WINDOW: Final = timedelta(seconds=SOURCE["MaximumBatchingWindowInSeconds"])
# The function of each queue, and a recorded event of it.
LISTENERS: Final = {
    "submit_queue": ("submit_job", "queue_turn"),
    "archive_queue": ("archive_images", "archive"),
    "thumbnail_queue": ("make_thumbnails", "thumbnail"),
    "notify_queue": ("notify_client", "first_try"),
    "check_queue": ("check_jobs", "due"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    images: int = 1
    thumbnails: bool = True
    has_key: bool = False
    has_webhook: bool = False
    is_followed: bool = False
    is_called_back: bool = True


@dataclass
class World:
    case: Case
    cloud: Cloud
    meter: Meter
    provider: LoopbackProvider
    waiting: deque[tuple[str, dict[str, Any]]] = field(default_factory=deque)
    checks: deque[tuple[dict[str, Any], int]] = field(default_factory=deque)
    changes: list[dict[str, Any]] = field(default_factory=list)
    changed_at: datetime = START
    seen: int = 0

    def run(self) -> list[list[Invocation]]:
        """Return the invocations of a first job, and of a second one, whose containers are warm."""
        return [self._job(number) for number in range(2)]

    def _job(self, number: int) -> list[Invocation]:
        self.meter.invocations = []
        task = f"{TASK[:-1]}{number}"
        self.provider.will_answer(CREATE, {"code": 200, "msg": "success", "data": {"taskId": task}})
        offered = an_event("authorize_client", "bearer_key")
        offered["headers"]["authorization"] = f"Bearer {STUDIO_KEY}"
        check(self._invoke("authorize_client", offered), isAuthorized=True)
        reply = self._invoke("accept_job", self._post(number))
        job_id = json.loads(reply["body"])["job_id"]
        self._settle()
        self.provider.will_answer(RECORD, self._report(task))
        if self.case.is_called_back:
            self.meter.clock.advance(milliseconds=20_000)
            now, body = self.meter.clock(), json.dumps(self._report(task)).encode()
            event = signed_event(body, job_id=job_id, now=now, task_id=task)
            check(self._invoke("receive_callback", event), statusCode=200)
            self._settle()
        while self.checks:
            message, delay = self.checks.popleft()
            self.meter.clock.advance(milliseconds=1000 * delay)
            self.waiting.append(("check_queue", message))
            self._settle()
        found = boto3.client("dynamodb").get_item(
            TableName=self.cloud.table, Key={"job_id": {"S": job_id}}
        )["Item"]
        check(found, status={"S": "succeeded"})
        self.meter.clock.advance(milliseconds=1000 * SECONDS_BETWEEN_JOBS)
        return self.meter.invocations

    def _post(self, number: int) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": MODEL,
            "input": {"prompt": PROMPT, "max_images": self.case.images},
        }
        if self.case.has_webhook:
            request["callBackUrl"] = f"{self.provider.url}{HOOK}"
        return a_post(request, key=f"order-{number}" if self.case.has_key else None)

    @property
    def paths(self) -> list[str]:
        # With its host and port, each URL is as long as that of a provider's CDN.
        width = 60 - len(self.provider.url)
        return [f"/p/{n:0{width}}.png" for n in range(1, self.case.images + 1)]

    def _report(self, task: str) -> dict[str, Any]:
        """Return a callback's body, which is the same as the record of the task."""
        urls = [f"{self.provider.url}{path}" for path in self.paths]
        given = {"prompt": PROMPT, "max_images": self.case.images}
        url = self.provider.at(CREATE)[-1].body["callBackUrl"]
        data = {
            "taskId": task,
            "model": MODEL,
            "state": "success",
            "param": json.dumps({"input": json.dumps(given), "callBackUrl": url, "model": MODEL}),
            "resultJson": json.dumps({"resultUrls": urls}),
            "creditsConsumed": 5,
            "costTime": 20,
            "createTime": 1790000000000,
            "completeTime": 1790000020000,
            "updateTime": 1790000020000,
        }
        return {"code": 200, "msg": "Playground task completed successfully.", "data": data}

    def _invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        reply = self.meter.invoke(function, event)
        for call in self.meter.aws_calls[self.seen :]:
            if call.operation == "SendMessage":
                self._sent(call.parameters)
        self.seen = len(self.meter.aws_calls)
        return reply

    def _sent(self, parameters: Mapping[str, Any]) -> None:
        name = next(
            name for name in LISTENERS if getattr(self.cloud, name) == parameters["QueueUrl"]
        )
        message = with_details(parameters["MessageBody"], parameters.get("MessageAttributes", {}))
        if name == "check_queue":
            self.checks.append((message, parameters["DelaySeconds"]))
        else:
            self.waiting.append((name, message))

    def _settle(self) -> None:
        """Deliver each message alone, and together the changes of a batching window."""
        while self.waiting or self.changes:
            is_over = self.meter.clock() >= self.changed_at + WINDOW
            if self.changes and (is_over or not self.waiting):
                records, self.changes = self.changes, []
                self._invoke("publish_events", {"Records": records})
                continue
            name, message = self.waiting.popleft()
            function, recorded = LISTENERS[name]
            reply = self._invoke(function, a_batch(function, recorded, message))
            check(reply, batchItemFailures=[])

    def changed(self, key: str, old: Item, new: Item) -> None:
        (record,) = an_event("publish_events", "job_succeeded")["Records"]
        images = {"OldImage": as_json(old)} if old else {}
        changed: dict[str, Any] = {
            **record,
            "eventName": "MODIFY" if old else "INSERT",
            "dynamodb": {
                **images,
                "Keys": {"job_id": {"S": key}},
                "NewImage": as_json(new),
                "SequenceNumber": str(len(self.changes)),
            },
        }
        if new and is_told(changed):
            self.changed_at = self.changed_at if self.changes else self.meter.clock()
            self.changes.append(changed)


def as_json(item: Item) -> Item:
    """Return an item as Lambda's events have it: bytes in Base64."""

    def text_of(value: Any) -> str:
        return b64encode(bytes(value)).decode()

    as_text: Item = json.loads(json.dumps(item, default=text_of))
    return as_text


def check(found: Mapping[str, Any], **wanted: object) -> None:
    if {name: found.get(name) for name in wanted} != wanted:
        raise RuntimeError(f"{found} instead of {wanted}")
