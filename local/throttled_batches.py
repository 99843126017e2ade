"""Lets the local AWS try batches again that find no execution in the account, as Lambda does.

By itself the emulator leaves them until their visibility timeout is over: half an hour for images.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import wraps
from types import ModuleType
from typing import Any, Final

FIRST_PAUSE_SECONDS: Final = 0.25
MAX_PAUSE_SECONDS: Final = 5.0
DEFAULT_VISIBILITY_SECONDS: Final = 30

# When the messages that are being processed become visible again; 0 outside of batches.
_visible_at: ContextVar[float] = ContextVar("visible_at", default=0)


def retry_throttled_batches() -> None:
    """Patch the emulator, which this process is about to run."""
    from ministack.services import lambda_svc, sqs  # type: ignore[import-not-found]

    patch(lambda_svc, lambda url: visibility_seconds(sqs._queues.get(url) or {}))


def visibility_seconds(queue: Mapping[str, Any]) -> int:
    return int(queue.get("attributes", {}).get("VisibilityTimeout", DEFAULT_VISIBILITY_SECONDS))


def patch(
    lambda_svc: ModuleType,
    visibility: Callable[[str], float],
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """``visibility`` returns the timeout of the queue with this URL, in seconds."""
    run, execute = lambda_svc._run_sqs_batch, lambda_svc._execute_function

    @wraps(run)
    def run_sqs_batch(
        mapping: Any, function: Any, event: Any, batch: Any, queue_url: str, queue_name: str
    ) -> None:
        token = _visible_at.set(now() + visibility(queue_url))
        try:
            run(mapping, function, event, batch, queue_url, queue_name)
        finally:
            _visible_at.reset(token)

    @wraps(execute)
    def execute_function(function: Any, event: Any) -> Any:
        pause = FIRST_PAUSE_SECONDS
        while True:
            result = execute(function, event)
            if not result.get("throttle") or now() + pause >= _visible_at.get():
                return result
            sleep(pause)
            pause = min(2 * pause, MAX_PAUSE_SECONDS)

    lambda_svc._run_sqs_batch = run_sqs_batch  # type: ignore[attr-defined]
    lambda_svc._execute_function = execute_function  # type: ignore[attr-defined]
