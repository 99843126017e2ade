"""A batch that finds no execution in the account is tried again, as by Lambda."""

from types import ModuleType
from typing import Any

import pytest

from local.throttled_batches import patch, visibility_seconds

VISIBILITY = 60.0
THROTTLED = {"throttle": True, "error": True}
DONE = {"body": "done"}
QUEUE = "http://queue"


class Emulator(ModuleType):
    """The two functions of the emulator, and a clock that sleeping turns."""

    def __init__(self) -> None:
        super().__init__("lambda_svc")
        self.answers: list[dict[str, Any]] = []
        self.seconds = 1000.0
        self.results: list[Any] = []
        patch(self, lambda url: VISIBILITY if url == QUEUE else 0, now=self._now, sleep=self._sleep)

    def _now(self) -> float:
        return self.seconds

    def _sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def _execute_function(self, _function: Any, _event: Any) -> Any:
        return self.answers.pop(0) if self.answers else THROTTLED

    def _run_sqs_batch(
        self, _mapping: Any, function: Any, event: Any, _batch: Any, *_queue: str
    ) -> None:
        self.results.append(self._execute_function(function, event))

    def run(self) -> Any:
        self._run_sqs_batch({}, {}, {}, [], QUEUE, "queue")
        return self.results[-1]

    def call(self) -> Any:
        return self._execute_function({}, {})


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


def test_a_batch_waits_until_there_is_an_execution(emulator: Emulator) -> None:
    emulator.answers = [THROTTLED, THROTTLED, DONE]
    assert emulator.run() == DONE
    assert emulator.seconds == 1000.75


def test_it_is_given_up_when_its_messages_become_visible(emulator: Emulator) -> None:
    assert emulator.run() == THROTTLED
    assert VISIBILITY - 5 <= emulator.seconds - 1000 < VISIBILITY


def test_an_error_of_the_function_is_not_repeated(emulator: Emulator) -> None:
    emulator.answers = [{"error": True}, DONE]
    assert emulator.run() == {"error": True}


def test_a_request_is_refused_at_once(emulator: Emulator) -> None:
    emulator.run()
    before, emulator.answers = emulator.seconds, [THROTTLED, DONE]
    assert emulator.call() == THROTTLED
    assert emulator.seconds == before


def test_the_visibility_timeout_is_the_queue_s() -> None:
    assert visibility_seconds({"attributes": {"VisibilityTimeout": "450"}}) == 450
    assert visibility_seconds({}) == 30
