import io
import json
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from ringback.lambda_events import process_batch, process_together
from ringback.metrics import Metrics

from tests.support.jobs import a_job_id

METRICS = Metrics({})


def a_batch(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}


def a_logger(output: io.StringIO) -> Logger:
    return Logger(service=f"test-{id(output)}", stream=output)


def test_only_failed_messages_are_reported() -> None:
    done: list[dict[str, Any]] = []

    def process(message: dict[str, Any]) -> None:
        if message["n"] == 1:
            raise RuntimeError("no luck")
        done.append(message)

    output = io.StringIO()
    batch = a_batch('{"n": 0}', '{"n": 1}', "not JSON", '["a list"]', '{"n": 4}')
    reply = process_batch(batch, process, a_logger(output), METRICS)
    assert [failure["itemIdentifier"] for failure in reply["batchItemFailures"]] == [
        "m1",
        "m2",
        "m3",
    ]
    assert done == [{"n": 0}, {"n": 4}]


def test_a_successful_batch_has_no_failures() -> None:
    reply = process_batch(a_batch("{}", "{}"), lambda _: None, a_logger(io.StringIO()), METRICS)
    assert reply == {"batchItemFailures": []}


def test_a_batch_is_not_acknowledged_without_an_outcome_of_each_message() -> None:
    with pytest.raises(ValueError, match="shorter"):
        process_together(
            a_batch("{}", "{}"),
            lambda each: each,
            lambda _: [None],
            a_logger(io.StringIO()),
            METRICS,
        )


def test_a_failure_is_logged_without_the_body() -> None:
    def process(message: dict[str, Any]) -> None:
        raise RuntimeError("no luck")

    output = io.StringIO()
    body = json.dumps({"job_id": a_job_id(), "more": "not for the log"})
    process_batch(
        a_batch(body, "not JSON for the log", "[]", "7"), process, a_logger(output), METRICS
    )
    first, *others = [json.loads(line) for line in output.getvalue().splitlines()]
    assert (first["message"], first["message_id"]) == ("message failed", "m0")
    assert first["job_id"] == a_job_id()
    assert "RuntimeError: no luck" in first["exception"]
    assert [line.get("job_id") for line in others] == [None] * 3
    assert "for the log" not in output.getvalue()


@pytest.mark.parametrize("body", ["[" * 990, '{"a":' * 990 + "1" + "}" * 990, "{", "", "NaN"])
def test_a_body_that_cannot_be_read_fails_alone(body: str) -> None:
    done: list[Any] = []
    records = [
        {"messageId": "bad", "body": body},
        {"messageId": "good", "body": '{"job_id": "\\ud83d"}'},
    ]
    reply = process_batch(
        {"Records": records},
        done.append,
        Logger(service="unread", stream=io.StringIO()),
        METRICS,
    )
    assert reply == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert done == [{"job_id": "\ufffd"}]
