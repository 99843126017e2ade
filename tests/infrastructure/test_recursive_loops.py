"""Functions that feed themselves through queues, and only those, are exempt from loop detection."""

from typing import Any

import pytest

from tests.support.queue_graph import in_a_loop, may_recur
from tests.support.template import load_template

RESOURCES: dict[str, Any] = load_template()["Resources"]


def test_functions_in_a_loop_and_no_others_may_recur() -> None:
    """Lambda refuses about the 17th invocation of a function in one chain of messages."""
    assert may_recur(RESOURCES) == in_a_loop(RESOURCES)
    assert len(in_a_loop(RESOURCES)) == 6


def a_queue() -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {}}


def a_function(queue: str | None = None, *policies: dict[str, Any], **more: Any) -> dict[str, Any]:
    event = {"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": [queue, "Arn"]}}}
    return {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "Events": {"Message": event} if queue else {},
            "Policies": [{"Statement": [each]} for each in policies],
            **more,
        },
    }


def may(action: str, *places: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": [*places]}


def arn(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


QUEUES = {name: a_queue() for name in ("A", "B", "C")}
NOTIFICATIONS = {
    "QueueConfigurations": [
        {
            "Event": "s3:ObjectCreated:*",
            "Queue": arn("A"),
            "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "in/"}]}},
        }
    ]
}


def a_bucket(notifications: dict[str, Any]) -> dict[str, Any]:
    properties = {"NotificationConfiguration": notifications}
    return {"Type": "AWS::S3::Bucket", "Properties": properties}


SWITCHED = {"Fn::If": ["IsOn", NOTIFICATIONS, {"Ref": "AWS::NoValue"}]}


@pytest.mark.parametrize(
    ("functions", "looping"),
    [
        ({"One": a_function("A", may("sqs:SendMessage", arn("B")))}, set()),
        ({"One": a_function("A", may("sqs:SendMessage", arn("A")))}, {"One"}),
        ({"One": a_function("A", may("sqs:*", "*"))}, {"One"}),
        (
            {"One": a_function("A", Environment={"Variables": {"QUEUE_URL": {"Ref": "A"}}})},
            {"One"},
        ),
        (
            {
                "One": a_function("A", may("sqs:SendMessage", arn("B"))),
                "Two": a_function("B", may("sqs:SendMessage", arn("C"))),
                "Three": a_function("C", may("sqs:SendMessage", arn("A"))),
                "Before": a_function(None, may("sqs:SendMessage", arn("A"))),
            },
            {"One", "Two", "Three"},
        ),
        ({"One": a_function("A", may("s3:PutObject", {"Fn::Sub": "${Bucket.Arn}/in/x"}))}, {"One"}),
        ({"One": a_function("A", may("s3:PutObject", {"Fn::Sub": "${Bucket.Arn}/*"}))}, {"One"}),
        ({"One": a_function("A", may("s3:PutObject", {"Fn::Sub": "${Bucket.Arn}/out/*"}))}, set()),
        ({"One": a_function("B", may("s3:PutObject", {"Fn::Sub": "${Bucket.Arn}/*"}))}, set()),
    ],
)
def test_a_loop_is_found_by_permissions_settings_and_notifications(
    functions: dict[str, Any], looping: set[str]
) -> None:
    for notifications in (NOTIFICATIONS, SWITCHED):
        resources = QUEUES | {"Bucket": a_bucket(notifications)} | functions
        assert in_a_loop(resources) == looping


def test_a_role_of_its_own_counts() -> None:
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Policies": [{"PolicyDocument": {"Statement": [may("sqs:SendMessage", arn("A"))]}}]
        },
    }
    mapping = {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {"FunctionName": {"Ref": "One"}, "EventSourceArn": arn("A")},
    }
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Role": arn("Role")}}
    assert in_a_loop(QUEUES | {"One": function, "Role": role, "Mapping": mapping}) == {"One"}


def test_an_unknown_kind_of_trigger_is_not_overlooked() -> None:
    function = a_function(None, Events={"Stream": {"Type": "Kinesis", "Properties": {}}})
    with pytest.raises(ValueError, match="Kinesis"):
        in_a_loop({"One": function})
