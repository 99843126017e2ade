"""kie.ai's representations of a task: the callback's body and the record."""

import json
from typing import Any

from local.simulator.ledger import Outcome, Task


def callback_body(task: Task, outcome: Outcome) -> dict[str, Any]:
    """Return the callback of a finished task; its ``costTime`` is in seconds."""
    data: dict[str, Any] = {
        "taskId": task.id,
        "model": task.model,
        "state": outcome.verdict,
        "param": _param(task),
        "resultJson": _result_json(outcome),
    }
    times = {"createTime": _ms(task.created_at), "completeTime": _ms(outcome.at)}
    if outcome.verdict == "fail":
        data |= {**_failure(task), "costTime": 0, **times}
        return {"code": 501, "msg": "Playground task failed.", "data": data}
    seconds = round(outcome.at - task.created_at)
    data |= {"creditsConsumed": outcome.consumed, "costTime": seconds, **times}
    data["updateTime"] = times["completeTime"]
    return {"code": 200, "msg": "Playground task completed successfully.", "data": data}


def record_body(task: Task, *, now: float) -> dict[str, Any]:
    """Return the answer of recordInfo; its ``costTime`` is in milliseconds."""
    data: dict[str, Any] = {
        "taskId": task.id,
        "model": task.model,
        "state": task.state(now=now),
        "param": _param(task),
        "resultJson": None,
        "failCode": None,
        "failMsg": None,
        "costTime": None,
        "createTime": _ms(task.created_at),
        "completeTime": None,
        "updateTime": _ms(task.created_at),
        "creditsConsumed": None,
    }
    outcome = task.outcome
    if outcome is None:
        return {"code": 200, "msg": "success", "data": data}
    return _finished_record(task, outcome, data)


def _finished_record(task: Task, outcome: Outcome, data: dict[str, Any]) -> dict[str, Any]:
    completed = _ms(outcome.at)
    data |= {
        "state": outcome.verdict,
        "resultJson": _result_json(outcome),
        "costTime": completed - _ms(task.created_at),
        "completeTime": completed,
        "updateTime": completed,
        "creditsConsumed": outcome.consumed,
    }
    if outcome.verdict == "success":
        return {"code": 200, "msg": "success", "data": data}
    failure = _failure(task)
    return {"code": 501, "msg": failure["failMsg"], "data": data | failure}


def _failure(task: Task) -> dict[str, str]:
    return {"failCode": f"{task.faults['fail']:g}", "failMsg": "Internal server error"}


def _param(task: Task) -> str:
    # The whole request is echoed, its input as JSON in a JSON string.
    echo = {
        "input": json.dumps(task.input),
        "callBackUrl": task.callback_url,
        "model": task.model,
    }
    return json.dumps(echo)


def _result_json(outcome: Outcome) -> str | None:
    if outcome.verdict == "fail":
        return None
    return json.dumps({"resultUrls": outcome.result_urls})


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
