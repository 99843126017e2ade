"""What the services of AWS count by themselves is counted of what the emulator does."""

import threading
from types import ModuleType
from typing import Any

import pytest

from local.service_metrics import (
    AGE,
    VISIBLE,
    count_answers,
    count_invocations,
    figures_of,
    look_at_queues_when_asked,
)

FUNCTION: dict[str, Any] = {"config": {"FunctionName": "submit"}}
NOW = 1000.0


class Recorder:
    def __init__(self) -> None:
        self.points: list[tuple[str, float, str]] = []

    def __call__(self, _space: str, name: str, value: float, _unit: str, of: Any) -> None:
        self.points.append((name, value, *of.values()))


class Lambda(ModuleType):
    """The emulator's way from an event to a function that does what ``result`` says."""

    def __init__(self, result: Any, *, is_free: bool = True) -> None:
        super().__init__("lambda_svc")
        self.result, self.is_free = result, is_free

    def _emit_lambda_metrics(self, *_: Any) -> None:
        pytest.fail("counted twice")

    def _acquire_execution_slot(self, _function: Any, _config: Any) -> Any:
        return ("slot", None) if self.is_free else (None, "function")

    def _execute_function_dispatch(self, *_: Any) -> Any:
        return self.result

    def _execute_function(self, function: Any, event: Any) -> Any:
        slot, _ = self._acquire_execution_slot(function, function["config"])
        self._emit_lambda_metrics("submit", 0.0)
        return slot and self._execute_function_dispatch(function, function["config"], event)


def counted(service: Lambda, event: Any) -> list[tuple[str, float, str]]:
    recorder = Recorder()
    count_invocations(service, recorder, now=lambda: NOW)
    service._execute_function(FUNCTION, event)
    return recorder.points


@pytest.mark.parametrize(
    ("service", "points"),
    [
        (Lambda({"body": "done"}), []),
        (Lambda({"error": True}), [("Errors", 1, "submit")]),
        (Lambda({}, is_free=False), [("Throttles", 1, "submit")]),
    ],
)
def test_errors_and_throttles_of_any_invocation_are_counted_once(
    service: Lambda, points: list[tuple[str, float, str]]
) -> None:
    assert counted(service, {"Records": [{"eventSource": "aws:sqs"}]}) == points


def test_a_batch_of_a_stream_is_as_old_as_its_last_record() -> None:
    records = [
        {"eventSource": "aws:dynamodb", "dynamodb": {"ApproximateCreationDateTime": at}}
        for at in (900, 940)
    ]
    assert counted(Lambda({}), {"Records": records}) == [("IteratorAge", 60_000, "submit")]


@pytest.mark.parametrize(("status", "value"), [(200, 0), (404, 0), (500, 1), (503, 1)])
def test_answers_of_an_api_are_counted_by_their_status(status: int, value: int) -> None:
    async def execute(*_: Any) -> Any:
        return status, {}, b""

    service, recorder = ModuleType("apigateway"), Recorder()
    service.handle_execute = execute  # type: ignore[attr-defined]
    count_answers(service, recorder)
    with pytest.raises(StopIteration) as ended:  # without a loop, which would open sockets
        service.handle_execute("api", "$default").send(None)
    assert ended.value.value[0] == status
    assert recorder.points == [("5xx", value, "api")]


def message(*, sent: float, visible: float = 0, receives: int = 0) -> dict[str, float]:
    return {"sent_at": sent, "visible_at": visible, "receive_count": receives}


def test_the_oldest_message_counts_unless_it_was_received_more_than_three_times() -> None:
    messages = [
        message(sent=100, receives=4),
        message(sent=600, receives=3, visible=2000),
        message(sent=900),
    ]
    assert figures_of(messages, at=NOW) == {VISIBLE: 2, AGE: 400}
    assert figures_of([], at=NOW) == {VISIBLE: 0, AGE: 0}


def test_queues_are_measured_when_metrics_are_listed() -> None:
    cloudwatch, sqs, recorder = ModuleType("cloudwatch"), ModuleType("sqs"), Recorder()
    cloudwatch._list_metrics = lambda *asked: asked  # type: ignore[attr-defined]
    cloudwatch.record_metric = recorder  # type: ignore[attr-defined]
    queue = {"attributes": {"QueueArn": "a:b:jobs"}, "messages": [message(sent=990)]}
    sqs._queues, sqs._queues_lock = {"url": queue}, threading.Lock()  # type: ignore[attr-defined]
    look_at_queues_when_asked(cloudwatch, sqs, now=lambda: NOW)
    assert recorder.points == []
    assert cloudwatch._list_metrics("asked") == ("asked",)
    assert recorder.points == [(VISIBLE, 1, "jobs"), (AGE, 10, "jobs")]
