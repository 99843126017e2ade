"""The partition keys of requests to DynamoDB, as the local AWS shows them to policies."""

import json
from types import ModuleType
from typing import Any

import pytest

from local.leading_keys import LEADING_KEYS, check_leading_keys, leading_keys


def key(name: str) -> dict[str, Any]:
    return {"job_id": {"S": name}}


@pytest.mark.parametrize(
    ("request_body", "keys"),
    [
        ({"TableName": "t", "Key": key("a")}, ["a"]),
        ({"TableName": "t", "Item": {**key("a"), "x": {"M": {"Key": {"S": "b"}}}}}, ["a"]),
        ({"RequestItems": {"t": {"Keys": [key("b"), key("a"), key("a")]}}}, ["a", "b"]),
        ({"RequestItems": {"t": [{"PutRequest": {"Item": key("a")}}]}}, ["a"]),
        (
            {"TransactItems": [{"Put": {"Item": key("a")}}, {"Update": {"Key": key("b")}}]},
            ["a", "b"],
        ),
        (
            {
                "IndexName": "by_client",
                "KeyConditionExpression": "#c = :c AND job_id > :j",
                "ExpressionAttributeValues": {":c": {"S": "studio"}, ":j": {"S": "job_1"}},
            },
            ["studio"],
        ),
        ({"TableName": "t"}, []),
        ([], []),
    ],
)
def test_the_keys_of_a_request(request_body: Any, keys: list[str]) -> None:
    assert leading_keys(json.dumps(request_body).encode()) == keys


@pytest.mark.parametrize("body", [b"", b"{", b"\xff"])
def test_an_unreadable_request_has_none(body: bytes) -> None:
    assert leading_keys(body) == []


def test_the_emulator_s_other_keys_stay() -> None:
    actions = ModuleType("iam_actions")
    actions.dynamodb_service_context = lambda _body: {"dynamodb:Select": "x"}  # type: ignore[attr-defined]
    check_leading_keys(actions)
    given = actions.dynamodb_service_context(json.dumps({"Key": key("a")}).encode())
    assert given == {"dynamodb:Select": "x", LEADING_KEYS: ["a"]}
