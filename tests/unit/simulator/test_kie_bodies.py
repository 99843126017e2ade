import json
from typing import Any

from local.simulator.kie.bodies import callback_body, record_body
from local.simulator.ledger import Outcome, Task

SUCCESS = Outcome(verdict="success", at=1020.0, consumed=5, result_urls=("http://h/1.png",))
FAILURE = Outcome(verdict="fail", at=1030.0, consumed=0)
RESULT = '{"resultUrls": ["http://h/1.png"]}'


def a_task(outcome: Outcome | None = None) -> Task:
    return Task(
        id="task_seedream_1",
        provider="kie",
        number=0,
        model="seedream/4.5-edit",
        callback_url="http://127.0.0.1:9/hook",
        input={"prompt": "a red kite"},
        created_at=1000.0,
        due_at=1003.0,
        charged=5,
        faults={"fail": 500},
        outcome=outcome,
    )


def without_param(body: dict[str, Any]) -> dict[str, Any]:
    body["data"].pop("param")
    return body


def test_the_callback_of_a_success() -> None:
    assert without_param(callback_body(a_task(), SUCCESS)) == {
        "code": 200,
        "msg": "Playground task completed successfully.",
        "data": {
            "taskId": "task_seedream_1",
            "model": "seedream/4.5-edit",
            "state": "success",
            "resultJson": RESULT,
            "creditsConsumed": 5,
            "costTime": 20,
            "createTime": 1000000,
            "completeTime": 1020000,
            "updateTime": 1020000,
        },
    }


def test_the_callback_of_a_failure() -> None:
    assert without_param(callback_body(a_task(), FAILURE)) == {
        "code": 501,
        "msg": "Playground task failed.",
        "data": {
            "taskId": "task_seedream_1",
            "model": "seedream/4.5-edit",
            "state": "fail",
            "resultJson": None,
            "failCode": "500",
            "failMsg": "Internal server error",
            "costTime": 0,
            "createTime": 1000000,
            "completeTime": 1030000,
        },
    }


def test_param_echoes_the_request_with_its_input_as_a_string_in_a_string() -> None:
    param = json.loads(callback_body(a_task(), SUCCESS)["data"]["param"])
    assert json.loads(param["input"]) == {"prompt": "a red kite"}
    assert param["callBackUrl"] == "http://127.0.0.1:9/hook"
    assert param["model"] == "seedream/4.5-edit"


def test_the_record_of_a_success_counts_in_milliseconds() -> None:
    record = record_body(a_task(SUCCESS), now=2000)
    data = record["data"]
    assert (record["code"], data["state"], data["costTime"]) == (200, "success", 20000)
    assert (data["resultJson"], data["creditsConsumed"]) == (RESULT, 5)


def test_the_record_of_a_failure_has_its_code_and_the_envelope_501() -> None:
    record = record_body(a_task(FAILURE), now=2000)
    data = record["data"]
    assert (record["code"], data["state"], data["resultJson"]) == (501, "fail", None)
    assert (data["failCode"], data["failMsg"]) == ("500", "Internal server error")


def test_a_running_task_passes_all_states_without_a_result() -> None:
    records = [record_body(a_task(), now=now)["data"] for now in (999, 1000, 1001.5, 1002.5, 1099)]
    states = [record["state"] for record in records]
    assert states == ["waiting", "waiting", "queuing", "generating", "generating"]
    assert {record["resultJson"] for record in records} == {None}
    assert {record["completeTime"] for record in records} == {None}
