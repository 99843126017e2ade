"""No handler of a queue acknowledges a message that it has not processed."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import pytest
from ringback.domain.checks import Check
from ringback.domain.drops import Progress
from ringback.domain.errors import ProviderUnavailable
from ringback.domain.jobs import Job

from tests.support.jobs import NOON, TASK, a_job, a_job_id
from tests.support.template import resources

DROP: Final = {"drop": {"bucket": "drops", "key": "requests/a.csv", "version": "v1"}}
ABOUT_A_JOB: Final = {"job_id": a_job_id()}
ANSWER: Final = {"attempt_id": "a", "kind": "created", "answer": {"task_id": TASK}}
MESSAGES: Final[list[tuple[str, dict[str, Any]]]] = [
    ("submit_job", {**ABOUT_A_JOB, "slot": None}),
    ("submit_job", {**ABOUT_A_JOB, **ANSWER}),
    ("check_jobs", {**ABOUT_A_JOB}),
    ("archive_images", {**ABOUT_A_JOB, "attempt": 1}),
    ("make_thumbnails", {**ABOUT_A_JOB, "number": 1}),
    (
        "answer_canary",
        {**ABOUT_A_JOB, "task_id": TASK, "callback_url": "https://callbacks.example"},
    ),
    ("take_drops", DROP),
    ("summarize_drops", DROP),
    ("delete_jobs", {**ABOUT_A_JOB}),
]


@dataclass
class Work:
    """Stands for any use case, and returns or raises the next outcome for each message."""

    outcomes: list[Job | Progress | Exception | None]
    done: int = 0

    def __call__(self, *_: object, **__: object) -> Job | Progress | None:
        self.done += 1
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    record = __call__

    def on_checks(self, checks: Sequence[Check]) -> list[Job | Progress | Exception | None]:
        self.done += len(checks)
        return self.outcomes[: len(checks)]

    def on_images(self, *_: object, **__: object) -> tuple[Job | Progress | None, dict[int, str]]:
        """Nothing is refused."""
        return self(), {}


@dataclass
class Handled:
    failed: list[str]
    log: list[dict[str, Any]]


@pytest.fixture
def deliver(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Handled]:
    def deliver(function: str, message: dict[str, Any], work: Work) -> Handled:
        app = import_module(f"functions.{function}.app")
        monkeypatch.setattr(app.logger.registered_handler, "stream", log := io.StringIO())
        event = {
            "Records": [
                {
                    "messageId": f"m{number}",
                    "body": json.dumps(message),
                    "attributes": {"ApproximateReceiveCount": "1"},
                }
                for number, _ in enumerate(work.outcomes)
            ]
        }
        together = {"check_jobs": work.on_checks, "make_thumbnails": work.on_images}
        use_case = together.get(function, work)
        others: dict[str, object] = {"submit_job": lambda: 60.0, "take_drops": work}
        reply = app.handle(event, use_case, *filter(None, [others.get(function)]))
        failed = [failure["itemIdentifier"] for failure in reply["batchItemFailures"]]
        return Handled(failed, [json.loads(line) for line in log.getvalue().splitlines()])

    return deliver


def test_every_queue_is_tried() -> None:
    fed_by_a_queue = {
        properties["CodeUri"].removeprefix("functions/")
        for properties in resources("AWS::Serverless::Function").values()
        if any(each["Type"] == "SQS" for each in properties.get("Events", {}).values())
    }
    # Its messages are processed at the same time: tests/integration/test_notify_client.py.
    assert {function for function, _ in MESSAGES} | {"notify_client"} == fed_by_a_queue


# The job itself says that it has a thumbnail.
SILENT = ("make_thumbnails",)


@pytest.mark.parametrize(("function", "message"), MESSAGES)
def test_only_a_message_that_fails_is_delivered_again(
    deliver: Callable[..., Handled], function: str, message: dict[str, Any]
) -> None:
    fails = ProviderUnavailable("out of order")
    job = None if message is DROP else a_job()
    work = Work([job, fails, job])
    handled = deliver(function, message, work)
    assert handled.failed == ["m1"]
    assert work.done == 3
    assert [line.get("message_id") for line in handled.log].count("m1") == 1
    assert len(handled.log) == (1 if function in SILENT else 3)


@pytest.mark.parametrize(("function", "message"), MESSAGES)
def test_each_message_leaves_a_line_in_the_log(
    deliver: Callable[..., Handled], function: str, message: dict[str, Any]
) -> None:
    job = None if message is DROP else a_job()
    log = deliver(function, message, Work([job])).log
    if function in SILENT:
        assert log == []
        return
    [line] = log
    if function == "answer_canary":
        assert line["job_id"] == message["job_id"]  # it reads no job
    elif job:
        assert (line["job_id"], line["status"]) == (job.job_id, job.status)
    else:
        assert line["drop"] == DROP["drop"]["key"]


def test_the_log_says_how_far_a_drop_is_read(deliver: Callable[..., Handled]) -> None:
    [line] = deliver("take_drops", DROP, Work([Progress(made_at=NOON, row=7, bad_rows=2)])).log
    assert line["row"] == 7


@pytest.mark.parametrize("message", [{}, {"Records": []}, {"Type": "Notification"}])
@pytest.mark.parametrize("function", sorted({function for function, _ in MESSAGES}))
def test_a_message_of_unknown_shape_fails_and_does_nothing(
    deliver: Callable[..., Handled], function: str, message: dict[str, Any]
) -> None:
    work = Work([a_job()])
    handled = deliver(function, message, work)
    assert (handled.failed, work.done) == (["m0"], 0)
    assert [line["message"] for line in handled.log] == ["message failed"]


def test_an_answer_for_an_unrecorded_job_is_acknowledged(deliver: Callable[..., Handled]) -> None:
    assert deliver("submit_job", {**ABOUT_A_JOB, **ANSWER}, Work([None])) == Handled([], [])


def test_a_check_of_an_unrecorded_job_is_acknowledged(deliver: Callable[..., Handled]) -> None:
    handled = deliver("check_jobs", {**ABOUT_A_JOB}, Work([None]))
    assert handled.failed == []
    assert [(line["message"], line["job_id"]) for line in handled.log] == [
        ("check of an unrecorded job", a_job_id())
    ]
