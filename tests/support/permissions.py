"""The permissions that template.yaml gives each function's role."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from tests.support.template import resources

READ_QUEUE: Final = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
READ_STREAM: Final = (
    *("dynamodb:DescribeStream", "dynamodb:GetRecords"),
    *("dynamodb:GetShardIterator", "dynamodb:ListStreams"),
)
# The beginning of the ARN of an API's connections.
EXECUTE_API: Final = re.escape(
    "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:"
)
WRITE_LOGS: Final = ("logs:CreateLogStream", "logs:PutLogEvents")


@dataclass(frozen=True, slots=True)
class Permission:
    """``place`` is short for a resource: ``JobsTable/job_*``, ``ImagesBucket/images/*``."""

    action: str
    place: str


def role_of(function: str) -> dict[str, Any]:
    """Return the properties of the role of ``functions/{function}``."""
    name = function.title().replace("_", "")
    properties = resources("AWS::Serverless::Function")[f"{name}Function"]
    assert properties["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
    return resources("AWS::IAM::Role")[f"{name}Role"]


def statements_of(function: str) -> list[dict[str, Any]]:
    (policy,) = role_of(function)["Policies"]
    role = {"Ref": f"{function.title().replace('_', '')}Role"}
    # Whether the deployment traces concerns no function by itself.
    given_more = {**resources("AWS::IAM::Policy")}
    del given_more["TracingPolicy"]
    more = [each for each in given_more.values() if role in each["Roles"]]
    return [each for given in (policy, *more) for each in given["PolicyDocument"]["Statement"]]


def permissions_of(function: str) -> set[Permission]:
    return {
        Permission(action, place)
        for statement in statements_of(function)
        for action in as_list(statement["Action"])
        for place in _places(statement)
    }


def permits(function: str, action: str, *, key: str) -> bool:
    """Tell whether the function may use an item of the table with this key."""
    return any(
        each.action == action and fnmatchcase(f"JobsTable/{key}", each.place)
        for each in permissions_of(function)
    )


def _places(statement: dict[str, Any]) -> Iterator[str]:
    condition = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
    keys = condition.get("dynamodb:LeadingKeys")
    for resource in as_list(statement["Resource"]):
        yield from (f"{place(resource)}/{key}" for key in keys) if keys else (place(resource),)


def place(resource: Any) -> str:
    """Return a resource in short: ``JobsTable``, ``ImagesBucket/images/*``."""
    if "Fn::GetAtt" in resource:
        name, attribute = resource["Fn::GetAtt"]
        assert attribute in ("Arn", "Id", "StreamArn")
        return f"{name}/stream" if attribute == "StreamArn" else str(name)
    text = re.sub(r"\$\{(\w+)\.Arn\}", r"\1", resource["Fn::Sub"])
    text = re.sub(rf"{EXECUTE_API}\$\{{(\w+)\}}", r"\1", text)
    assert "$" not in text
    return text


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
