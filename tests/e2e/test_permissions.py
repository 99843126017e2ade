"""Each function's own credentials against the local AWS, which enforces the deployed policies."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from local.deployment import Deployment, administrator
from local.sam import STACK_NAME
from tests.support.permissions import READ_STREAM, WRITE_LOGS, Permission, permissions_of
from tests.support.template import load_template, resources

DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException"})
FUNCTIONS: Final = sorted(
    properties["CodeUri"].removeprefix("functions/")
    for properties in resources("AWS::Serverless::Function").values()
)
# The local AWS names log groups without the ":*" of AWS's ARNs, so nothing matches them, and it
# reads a stream for its listener without that one's credentials.
UNPROVEN: Final = (*WRITE_LOGS, *READ_STREAM)
ALLOWED: Final = {
    function: {each for each in permissions_of(function) if each.action not in UNPROVEN}
    for function in FUNCTIONS
}
QUEUES: Final = sorted(resources("AWS::SQS::Queue"))
SECRETS: Final = sorted(resources("AWS::SecretsManager::Secret"))
# Whatever one function may do, and more that none may.
PROBES: Final = sorted(
    {
        *(permission for each in ALLOWED.values() for permission in each),
        *(Permission("sqs:ReceiveMessage", queue) for queue in QUEUES),
        *(Permission("sqs:SendMessage", queue) for queue in QUEUES),
        *(Permission("secretsmanager:GetSecretValue", secret) for secret in SECRETS),
        Permission("dynamodb:GetItem", "JobsTable/x"),
        Permission("dynamodb:Scan", "JobsTable"),
        Permission("dynamodb:DeleteItem", "JobsTable/job_*"),
        Permission("s3:PutObject", "DropBucket/requests/*"),
        Permission("s3:PutObject", "ImagesBucket/images/1/1.png"),
        Permission("s3:GetObject", "ImagesBucket/other/1"),
    },
    key=lambda each: (each.action, each.place),
)


@dataclass(frozen=True)
class Session:
    """The credentials of one function's role, and the stack's names by their logical ids."""

    clients: Mapping[str, Any]
    names: Mapping[str, str]

    def client(self, service: str) -> Any:
        return self.clients[service]

    def is_denied(self, permission: Permission) -> bool:
        name, _, rest = permission.place.partition("/")
        try:
            CALLS[permission.action](self, self.names[name], rest.replace("*", "x"))
        except ClientError as error:
            return error.response["Error"]["Code"] in DENIED
        return False


# Calls that change nothing where they are permitted: they fail after that was decided.
def _item(operation: str, **more: Any) -> Callable[[Session, str, str], Any]:
    def call(session: Session, table: str, key: str) -> Any:
        item = {"job_id": {"S": key}}
        given = {"Item": item} if operation == "put_item" else {"Key": item}
        return getattr(session.client("dynamodb"), operation)(TableName=table, **given, **more)

    return call


NEVER: Final = {"ConditionExpression": "attribute_exists(no_such_attribute)"}


def _query(session: Session, table: str, index: str) -> Any:
    name = index.removeprefix("index/")
    return session.client("dynamodb").query(
        TableName=table,
        IndexName=name,
        KeyConditionExpression=f"{name.removeprefix('by_')} = :value",
        ExpressionAttributeValues={":value": {"S": "nobody"}},
    )


CALLS: Final[Mapping[str, Callable[[Session, str, str], Any]]] = {
    "dynamodb:GetItem": _item("get_item"),
    "dynamodb:PutItem": _item("put_item", **NEVER),
    "dynamodb:DeleteItem": _item("delete_item", **NEVER),
    "dynamodb:UpdateItem": _item("update_item", UpdateExpression="REMOVE x", **NEVER),
    "dynamodb:BatchGetItem": lambda session, table, key: session.client("dynamodb").batch_get_item(
        RequestItems={table: {"Keys": [{"job_id": {"S": key}}]}}
    ),
    "dynamodb:BatchWriteItem": lambda session, table, key: session.client(
        "dynamodb"
    ).batch_write_item(RequestItems={table: [{"DeleteRequest": {"Key": {"job_id": {"S": key}}}}]}),
    "dynamodb:Query": _query,
    "dynamodb:Scan": lambda session, table, index: session.client("dynamodb").scan(
        TableName=table, **({"IndexName": index.removeprefix("index/")} if index else {})
    ),
    "events:PutEvents": lambda session, bus, _: session.client("events").put_events(
        Entries=[{"EventBusName": bus, "Source": "x", "DetailType": "x", "Detail": "no JSON"}]
    ),
    "execute-api:ManageConnections": lambda session, _, path: session.client(
        "execute-api"
    ).get_connection(ConnectionId=path.rpartition("/")[2]),
    "s3:GetObject": lambda session, bucket, key: session.client("s3").get_object(
        Bucket=bucket, Key=key
    ),
    "s3:GetObjectVersion": lambda session, bucket, key: session.client("s3").get_object(
        Bucket=bucket, Key=key, VersionId="none"
    ),
    "s3:ListBucketVersions": lambda session, bucket, _: session.client("s3").list_object_versions(
        Bucket=bucket, Prefix="images/job_x/"
    ),
    "s3:DeleteObject": lambda session, bucket, key: session.client("s3").delete_object(
        Bucket=bucket, Key=key, IfMatch="none"
    ),
    "s3:DeleteObjectVersion": lambda session, bucket, key: session.client("s3").delete_object(
        Bucket=bucket, Key=key, VersionId="none"
    ),
    "s3:ListBucket": lambda session, bucket, _: session.client("s3").list_objects_v2(Bucket=bucket),
    "s3:PutObject": lambda session, bucket, key: session.client("s3").put_object(
        Bucket=bucket, Key=key, IfMatch="none"
    ),
    "s3:PutObjectTagging": lambda session, bucket, key: session.client("s3").put_object_tagging(
        Bucket=bucket, Key=key, Tagging={"TagSet": []}
    ),
    "sqs:SendMessage": lambda session, queue, _: session.client("sqs").send_message(
        QueueUrl=queue, MessageBody="x", DelaySeconds=901
    ),
    "sqs:ReceiveMessage": lambda session, queue, _: session.client("sqs").receive_message(
        QueueUrl=queue, VisibilityTimeout=0
    ),
    "sqs:DeleteMessage": lambda session, queue, _: session.client("sqs").delete_message(
        QueueUrl=queue, ReceiptHandle="none"
    ),
    "sqs:GetQueueAttributes": lambda session, queue, _: session.client("sqs").get_queue_attributes(
        QueueUrl=queue, AttributeNames=["QueueArn"]
    ),
    "secretsmanager:GetSecretValue": lambda session, secret, _: session.client(
        "secretsmanager"
    ).get_secret_value(SecretId=secret),
}


@dataclass(frozen=True)
class Stack:
    endpoint_url: str

    @cached_property
    def names(self) -> dict[str, str]:
        stacks = administrator().client("cloudformation", endpoint_url=self.endpoint_url)
        pages = stacks.get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
        return {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for page in pages
            for each in page["StackResourceSummaries"]
        }

    def session(self, function: str) -> Session:
        sts = administrator().client("sts", endpoint_url=self.endpoint_url)
        role = self.names[f"{function.title().replace('_', '')}Role"]
        got = sts.assume_role(
            RoleArn=f"arn:aws:iam::{sts.get_caller_identity()['Account']}:role/{role}",
            RoleSessionName="probe",
        )["Credentials"]
        live_api = f"{self.endpoint_url}/_aws/execute-api/{self.names['LiveApi']}/live"
        apis = {"execute-api": ("apigatewaymanagementapi", live_api)}
        clients = {
            service: administrator().client(
                apis.get(service, (service,))[0],  # type: ignore[call-overload]
                endpoint_url=apis[service][1] if service in apis else self.endpoint_url,
                aws_access_key_id=got["AccessKeyId"],
                aws_secret_access_key=got["SecretAccessKey"],
                aws_session_token=got["SessionToken"],
            )
            for service in sorted({action.partition(":")[0] for action in CALLS})
        }
        return Session(clients, self.names)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_its_own_work_and_nothing_else(
    deployment: Deployment,
    function: str,
    record_property: Callable[[str, object], None],
) -> None:
    session = Stack(deployment.endpoint_url).session(function)
    denied = {permission for permission in PROBES if session.is_denied(permission)}
    # A place of one function may lie within a wider one of another.
    assert denied & ALLOWED[function] == set()
    assert {each for each in set(PROBES) - denied if not covers(function, each)} == set()
    assert len(denied) > len(PROBES) / 2
    record_property("tried: forbidden calls", len(denied))


def covers(function: str, wanted: Permission) -> bool:
    return any(
        each.action == wanted.action
        and (each.place == wanted.place or within(wanted.place, each.place))
        for each in ALLOWED[function]
    )


def within(narrow: str, wide: str) -> bool:
    return wide.endswith("/*") and narrow.startswith(wide.removesuffix("*"))


def test_the_processed_template_permits_nothing_on_everything(deployment: Deployment) -> None:
    """SAM attaches managed policies, which do, to the roles that it makes itself."""
    stacks = administrator().client("cloudformation", endpoint_url=deployment.endpoint_url)
    body = stacks.get_template(StackName=STACK_NAME, TemplateStage="Processed")["TemplateBody"]
    processed = (json.loads(body) if isinstance(body, str) else body)["Resources"]
    roles = {name: each for name, each in processed.items() if each["Type"] == "AWS::IAM::Role"}
    users = [
        each["Properties"]["Role"]["Fn::GetAtt"][0]
        for each in processed.values()
        if each["Type"] == "AWS::Lambda::Function"
    ]
    assert sorted(users) == sorted(roles)
    assert set(roles) == {
        name for name, each in load_template()["Resources"].items() if "Role" in each["Type"]
    }
    for role in roles.values():
        assert "ManagedPolicyArns" not in role["Properties"]
        for policy in role["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                assert "*" not in (statement["Resource"], statement["Action"])
    policies = {
        name: each for name, each in processed.items() if re.search("IAM.*Policy", each["Type"])
    }
    # X-Ray knows no resources, and only a deployment that traces has this policy.
    assert policies.pop("TracingPolicy", {"Condition": "Traces"})["Condition"] == "Traces"
    assert policies.keys() == {"CanaryKeyPolicy", "CanaryTaskPolicy"}
    for policy in policies.values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            assert "*" not in (statement["Resource"], statement["Action"])
