"""Lets the local AWS count what Lambda, SQS and API Gateway count on AWS by themselves.

By itself the emulator counts only direct invocations. Each value is of something that it did:
an invocation that failed, a batch of a stream, an answer of an HTTP API, a message that waits.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import wraps
from types import ModuleType
from typing import Any, Final

# Received more often, a message goes to the back of its queue, and its age counts no more.
MAX_RECEIVES: Final = 3
STREAM: Final = "aws:dynamodb"
VISIBLE: Final = "ApproximateNumberOfMessagesVisible"
AGE: Final = "ApproximateAgeOfOldestMessage"

# Namespace, name, value, unit, dimensions.
Record = Callable[[str, str, float, str, dict[str, str]], None]


def count_by_service() -> None:
    """Patch the emulator, which this process is about to run."""
    from ministack.services import (  # type: ignore[import-not-found]
        apigateway,
        cloudwatch,
        lambda_svc,
        sqs,
    )

    count_invocations(lambda_svc, cloudwatch.record_metric)
    count_answers(apigateway, cloudwatch.record_metric)
    look_at_queues_when_asked(cloudwatch, sqs)


def count_invocations(
    lambda_svc: ModuleType, record: Record, *, now: Callable[[], float] = time.time
) -> None:
    """Count errors and throttles of whatever invokes a function, and how old a stream's batch is.

    Lambda counts zeros as well, which no alarm needs.
    """
    acquire, run = lambda_svc._acquire_execution_slot, lambda_svc._execute_function_dispatch
    execute = lambda_svc._execute_function

    def count(name: str, config: Mapping[str, Any]) -> None:
        record("AWS/Lambda", name, 1, "Count", {"FunctionName": config["FunctionName"]})

    @wraps(acquire)
    def acquire_execution_slot(function: Any, config: Mapping[str, Any]) -> Any:
        slot, limit = acquire(function, config)
        if slot is None:
            count("Throttles", config)
        return slot, limit

    @wraps(run)
    def execute_function_dispatch(function: Any, config: Mapping[str, Any], *rest: Any) -> Any:
        result = run(function, config, *rest)
        if isinstance(result, Mapping) and result.get("error"):
            count("Errors", config)
        return result

    @wraps(execute)
    def execute_function(function: Mapping[str, Any], event: Any) -> Any:
        age, name = age_of_stream(event, at=now()), (function.get("config") or function)
        if age is not None:
            of = {"FunctionName": name["FunctionName"]}
            record("AWS/Lambda", "IteratorAge", age, "Milliseconds", of)
        return execute(function, event)

    lambda_svc._acquire_execution_slot = acquire_execution_slot  # type: ignore[attr-defined]
    lambda_svc._execute_function_dispatch = execute_function_dispatch  # type: ignore[attr-defined]
    lambda_svc._execute_function = execute_function  # type: ignore[attr-defined]
    # Its own are of direct invocations only, which would count twice.
    lambda_svc._emit_lambda_metrics = lambda *_, **__: None  # type: ignore[attr-defined]


def age_of_stream(event: Any, *, at: float) -> float | None:
    """Return the milliseconds since the last record was written, ``None`` for other events."""
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not records or records[-1].get("eventSource") != STREAM:
        return None
    return (at - float(records[-1]["dynamodb"]["ApproximateCreationDateTime"])) * 1000


def count_answers(apigateway: ModuleType, record: Record) -> None:
    execute: Callable[..., Awaitable[tuple[int, Any, Any]]] = apigateway.handle_execute

    @wraps(execute)
    async def handle_execute(api_id: str, *rest: Any, **named: Any) -> tuple[int, Any, Any]:
        answer = await execute(api_id, *rest, **named)
        record("AWS/ApiGateway", "5xx", int(answer[0] >= 500), "Count", {"ApiId": api_id})
        return answer

    apigateway.handle_execute = handle_execute  # type: ignore[attr-defined]


def look_at_queues_when_asked(
    cloudwatch: ModuleType, sqs: ModuleType, *, now: Callable[[], float] = time.time
) -> None:
    """Measure the queues whenever metrics are listed; SQS does so every minute.

    On a clock the values would fill the memory of a stack that runs for days.
    """
    answer = cloudwatch._list_metrics

    @wraps(answer)
    def list_metrics(*asked: Any) -> Any:
        with sqs._queues_lock:
            measured = {
                queue["attributes"]["QueueArn"].rpartition(":")[2]: figures_of(
                    queue["messages"], at=now()
                )
                for queue in sqs._queues.values()
            }
        for name, figures in measured.items():
            for metric, value in figures.items():
                cloudwatch.record_metric("AWS/SQS", metric, value, "None", {"QueueName": name})
        return answer(*asked)

    cloudwatch._list_metrics = list_metrics  # type: ignore[attr-defined]


def figures_of(messages: Iterable[Mapping[str, Any]], *, at: float) -> dict[str, float]:
    known = list(messages)
    ages = [at - each["sent_at"] for each in known if each.get("receive_count", 0) <= MAX_RECEIVES]
    return {
        VISIBLE: float(sum(each["visible_at"] <= at for each in known)),
        AGE: max(0.0, *ages) if ages else 0.0,
    }
