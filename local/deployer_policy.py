"""Write the IAM policies for deploying the stack: ``make policy``.

The actions are those that CloudFormation's own schemas name for each type of resource that the
template creates, without those of features that it does not use, and those of SAM and the
preflight.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from local.paths import ENVIRONMENTS, ROOT
from local.template import load_template, resolved

MAX_POLICY: Final = 6144
# Placeholders for the owner's own.
ACCOUNT, REGION, STACK = "ACCOUNT", "REGION", "STACK"
INVOKE_CONFIG: Final = "AWS::Lambda::EventInvokeConfig"
# What SAM makes of each of its types.
SAM_TYPES: Final[Mapping[str, Sequence[str]]] = {
    "AWS::Serverless::Function": (
        "AWS::Lambda::Function",
        "AWS::Lambda::Permission",
        "AWS::Lambda::EventSourceMapping",
        INVOKE_CONFIG,
    ),
    "AWS::Serverless::HttpApi": ("AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage"),
    "AWS::Serverless::LayerVersion": ("AWS::Lambda::LayerVersion",),
}
SERVICES: Final = (
    *("apigateway", "cloudwatch", "dynamodb", "events", "iam", "lambda", "logs", "s3"),
    *("secretsmanager", "sns", "sqs"),
)
# Actions of these services for properties that the template does not set, by a part of their name.
UNUSED: Final = (
    *("Abac", "Accelerate", "Acl", "Analytics", "Inventory", "Logging", "Metrics"),
    *("ObjectLock", "Replication", "Website", "IntelligentTiering", "Metadata", "ReplicateSecret"),
    *("Kinesis", "ContributorInsights", "Import", "Replica", "ResourcePolic", "ServiceLinkedRole"),
    *("CodeSigning", "Concurrency", "ScalingConfig", "CapacityProvider", "PublishVersion", "Alias"),
    *("RuntimeManagement", "AttachRolePolicy", "DetachRolePolicy", "PermissionsBoundary"),
    *("DataProtection", "IndexPolic", "LogDelivery", "KmsKey", "BearerToken", "REST.PUT"),
    *(
        "DeletionProtection",
        "GroupPolicy",
        "UserPolicy",
        "RoleDescription",
        "DeleteBucketEncryption",
        "DeleteBucketLifecycle",
    ),
)
# The data itself: no deployment reads or writes it.
DATA: Final = frozenset(
    {
        *("dynamodb:Scan", "dynamodb:Query", "dynamodb:BatchWriteItem"),
        *(f"dynamodb:{verb}Item" for verb in ("Get", "Put", "Update", "Delete")),
        *("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
        *("s3:GetObject", "s3:getObject", "s3:GetObjectVersion", "s3:DeleteObject"),
    }
)
# API Gateway creates the delivery of an access log in the deployer's name; no schema says so.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
ACCESS_LOGS: Final = (
    *("logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeResourcePolicies"),
    *("logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy"),
    "logs:UpdateLogDelivery",
)
# Actions that know no resource.
ON_EVERYTHING: Final = frozenset(
    {
        *("lambda:CreateEventSourceMapping", "lambda:GetAccountSettings", "lambda:ListFunctions"),
        *("lambda:ListEventSourceMappings", "lambda:ListLayers", "lambda:ListLayerVersions"),
        *(
            "dynamodb:ListTables",
            "events:ListRules",
            "iam:ListRoles",
            "logs:DescribeLogGroups",
            "sqs:ListQueues",
        ),
        *("s3:ListAllMyBuckets", "secretsmanager:GetRandomPassword", "secretsmanager:ListSecrets"),
        *("cloudwatch:ListDashboards", "sns:ListSubscriptions", "sns:ListTopics"),
        *("sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Unsubscribe"),
        *("logs:DeleteQueryDefinition", "logs:DescribeQueryDefinitions", "logs:PutQueryDefinition"),
    }
).union(ACCESS_LOGS)
PREFLIGHT: Final = ("dynamodb:ListTables", "lambda:GetAccountSettings", "s3:ListAllMyBuckets")
CLOUDFORMATION: Final = (
    *("CreateChangeSet", "DeleteChangeSet", "DeleteStack", "DescribeChangeSet"),
    *("DescribeStackEvents", "DescribeStackResources", "DescribeStacks", "ExecuteChangeSet"),
    *("GetTemplate", "GetTemplateSummary", "ListStackResources", "TagResource", "UntagResource"),
)
# SAM's own bucket for what is deployed; the stack aws-sam-cli-managed-default makes it.
ARTIFACTS: Final = (
    *("CreateBucket", "GetBucketLocation", "GetBucketPolicy", "GetEncryptionConfiguration"),
    *("GetBucketVersioning", "GetObject", "ListBucket", "PutBucketPolicy", "PutBucketTagging"),
    *("PutBucketPublicAccessBlock", "PutBucketVersioning", "PutEncryptionConfiguration"),
    *("GetBucketPublicAccessBlock", "PutObject"),
)


def _named(kind: str) -> list[str]:
    """Return the logical ids of the template's resources of a type."""
    declared = load_template()["Resources"].items()
    return sorted(name for name, each in declared if each["Type"] == kind)


RESOURCES: Final[Mapping[str, Sequence[str]]] = {
    "apigateway": (f"arn:aws:apigateway:{REGION}::/*",),
    "cloudwatch": (
        f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{STACK}-*",
        f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{STACK}-*",
    ),
    "dynamodb": (f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{STACK}-*",),
    "events": (
        f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{STACK}",
        # On that bus, and on the account's own, where the canary's clock is.
        f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{STACK}/{STACK}-*",
        f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{STACK}-*",
    ),
    "iam": (f"arn:aws:iam::{ACCOUNT}:role/{STACK}-*",),
    "lambda": (
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:*",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-*",
        # SAM names a layer after its logical id.
        *(
            f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{name}*"
            for name in _named("AWS::Serverless::LayerVersion")
        ),
    ),
    "logs": (
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{STACK}-*",
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/vendedlogs/{STACK}-*",
    ),
    "s3": (f"arn:aws:s3:::{STACK}-*",),
    # CloudFormation names a secret after its logical id.
    "secretsmanager": tuple(
        f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-*"
        for name in (*_named("AWS::SecretsManager::Secret"), STACK)
    ),
    "sns": (f"arn:aws:sns:{REGION}:{ACCOUNT}:{STACK}-*",),
    "sqs": (f"arn:aws:sqs:{REGION}:{ACCOUNT}:{STACK}-*",),
}


def policies() -> dict[Path, dict[str, Any]]:
    """Return as few policies as it takes, by file: a managed one has 6,144 characters at most.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    parts: list[list[dict[str, Any]]] = [[]]
    for statement in statements():
        if len(compact(_policy([*parts[-1], statement]))) > MAX_POLICY:
            parts.append([])
        parts[-1].append(statement)
    return {
        ROOT / f"docs/deployer-policy{f'-{number}' if number > 1 else ''}.json": _policy(part)
        for number, part in enumerate(parts, 1)
    }


def compact(policy: Mapping[str, Any]) -> str:
    return json.dumps(policy, separators=(",", ":"))


def _policy(part: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [*part]}


def statements() -> list[dict[str, Any]]:
    actions = sorted({*map(_spelt, _actions()), *PREFLIGHT, *ACCESS_LOGS})
    found = [
        _statement(
            "Stack",
            [f"cloudformation:{name}" for name in CLOUDFORMATION],
            [
                f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/*",
                f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/aws-sam-cli-managed-default/*",
                f"arn:aws:cloudformation:{REGION}:aws:transform/Serverless-2016-10-31",
            ],
        ),
        _statement(
            "Artifacts",
            [f"s3:{name}" for name in ARTIFACTS],
            [f"arn:aws:s3:::aws-sam-cli-managed-default-{end}" for end in ("*", "*/*")],
        ),
        _statement("Lists", [each for each in actions if each in ON_EVERYTHING], ["*"]),
        {
            **_statement("Roles", ["iam:PassRole"], RESOURCES["iam"]),
            "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        },
    ]
    for service in SERVICES:
        own = [
            each
            for each in actions
            if each.startswith(f"{service}:") and each not in {*ON_EVERYTHING, "iam:PassRole"}
        ]
        found.append(_statement(service.title(), own, RESOURCES[service]))
    return found


def resource_types(*, by_default: bool = False) -> set[str]:
    """Return the types of the resources that CloudFormation creates, for any parameters or none."""
    declared = load_template()["Resources"].values()
    return {
        made
        for each in declared
        if not by_default or _is_default(each)
        for made in SAM_TYPES.get(each["Type"], (each["Type"],))
        if made != INVOKE_CONFIG or "EventInvokeConfig" in each["Properties"]
    }


def _is_default(resource: Mapping[str, Any]) -> bool:
    condition = resource.get("Condition")
    return condition is None or bool(resolved({"Fn::If": [condition, True, False]}, {}))


def _actions() -> Iterator[str]:
    for kind in resource_types():
        for handler in _schema(kind)["handlers"].values():
            yield from (each for each in handler.get("permissions", []) if _is_needed(each))


def _is_needed(action: str) -> bool:
    service, _, name = action.partition(":")
    return service in SERVICES and action not in DATA and not any(part in name for part in UNUSED)


def _spelt(action: str) -> str:
    # Tags of an API are a resource of their own: https://docs.aws.amazon.com/service-authorization/
    return {
        "apigateway:TagResource": "apigateway:PUT",
        "apigateway:UntagResource": "apigateway:DELETE",
    }.get(action, action)


def _schema(kind: str) -> dict[str, Any]:
    """Return CloudFormation's schema of a type, which SAM's environment has for its linter."""
    (schemas,) = Path(ENVIRONMENTS / "sam").glob("lib/python*/site-packages/cfnlint/data/schemas")
    names = json.loads((schemas / "providers/eu-west-1.json").read_text())
    schema: dict[str, Any] = json.loads((schemas / f"resources/{names[kind]}.json").read_text())
    return schema


def _statement(sid: str, actions: Sequence[str], resources: Sequence[str]) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": list(resources),
    }


if __name__ == "__main__":
    for path, made in policies().items():
        path.write_text(json.dumps(made, indent=2) + "\n")
