"""template.yaml matches the code, and has the documented properties."""

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from importlib import import_module
from typing import Any, Final
from urllib.parse import quote_plus

import pytest
from ringback import settings
from ringback.aws.image_bucket import KIND_TAG
from ringback.aws.job_items import to_item
from ringback.callbacks.tokens import CallbackUrls
from ringback.domain.check_steps import ANSWER_REDELIVERY, HELD_UP, MAX_COPYING, MAX_WAIT
from ringback.domain.checks import LAST_READ
from ringback.domain.drops import MAX_KEY_BYTES, NOT_DROPS, UPLOADS, Drop
from ringback.domain.pace import Pace
from ringback.domain.uploads import Upload
from ringback.drop_notifications import dropped_objects
from ringback.http_api.requests import callback_request
from ringback.providers.api_calls import CALL_SECONDS
from ringback.providers.registry import EXTERNAL, PROVIDERS
from ringback.use_cases.run_canary import PATIENCE
from ringback.variables import Settings, Whole

from local.template import resolved
from tests.support.jobs import a_job
from tests.support.openapi import described
from tests.support.permissions import (
    READ_QUEUE,
    READ_STREAM,
    WRITE_LOGS,
    Permission,
    as_list,
    permissions_of,
    place,
    role_of,
    statements_of,
)
from tests.support.repository import text_of
from tests.support.template import ROOT, load_template, resources, routes
from tests.support.variables import is_required, variables_of

FUNCTIONS: Final = resources("AWS::Serverless::Function")
QUEUES: Final = resources("AWS::SQS::Queue")
BUCKETS: Final = resources("AWS::S3::Bucket")
HTTP_APIS: Final = resources("AWS::Serverless::HttpApi")
PARAMETERS: Final[dict[str, dict[str, Any]]] = load_template()["Parameters"]
GLOBALS: Final[dict[str, Any]] = load_template()["Globals"]["Function"]
FOURTEEN_DAYS: Final = 14 * 24 * 3600

# All permissions, by function, besides those to read its own queue and to write its own logs. Items
# of the table are named by the keys that ``dynamodb:LeadingKeys`` allows.
PERMITTED: Final[dict[str, dict[str, str | list[str]]]] = {
    "authorize_client": {
        "secretsmanager:GetSecretValue": ["CanarySecret", "ClientKeysSecret"],
    },
    "run_canary": {
        "secretsmanager:GetSecretValue": "CanarySecret",
        "sqs:ReceiveMessage": "CanaryEvents",
    },
    "answer_canary": {
        "s3:GetObject": "ImagesBucket/canary/*",
        "s3:PutObject": "ImagesBucket/canary/*",
        "secretsmanager:GetSecretValue": "CanarySecret",
    },
    "accept_job": {
        "dynamodb:GetItem": [
            *("JobsTable/count#*", "JobsTable/idempotency#*", "JobsTable/job_*"),
            "JobsTable/receiver#*",
        ],
        "dynamodb:PutItem": ["JobsTable/idempotency#*", "JobsTable/job_*"],
        "dynamodb:UpdateItem": ["JobsTable/count#*", "JobsTable/job_*"],
        "s3:GetObject": "DropBucket/*",
        "s3:GetObjectVersion": "DropBucket/*",
        "s3:ListBucket": "DropBucket",
        "sqs:SendMessage": ["CheckQueue", "SubmitQueue"],
    },
    "serve_provider_apis": {
        "dynamodb:GetItem": [
            "JobsTable/account#*",
            "JobsTable/idempotency#*",
            "JobsTable/job_*",
        ],
        "dynamodb:PutItem": ["JobsTable/idempotency#*", "JobsTable/job_*"],
        "dynamodb:BatchGetItem": "JobsTable/job_*",
        "dynamodb:UpdateItem": ["JobsTable/count#*", "JobsTable/job_*"],
        "dynamodb:Query": "JobsTable/index/by_client",
        "s3:GetObject": ["DropBucket/*", "ImagesBucket/images/*"],
        "s3:GetObjectVersion": "DropBucket/*",
        "s3:ListBucket": "DropBucket",
        "sqs:SendMessage": ["CheckQueue", "SubmitQueue"],
        "secretsmanager:GetSecretValue": ["CallbackSecret", "ClientKeysSecret"],
    },
    "take_drops": {
        "dynamodb:GetItem": ["JobsTable/drop#*", "JobsTable/job_*", "JobsTable/receiver#*"],
        "dynamodb:Query": "JobsTable/index/by_source",
        "dynamodb:BatchGetItem": "JobsTable/job_*",
        "dynamodb:PutItem": ["JobsTable/drop#*", "JobsTable/job_*"],
        "dynamodb:UpdateItem": "JobsTable/job_*",
        "s3:GetObject": "DropBucket/*",
        "s3:GetObjectVersion": "DropBucket/*",
        "s3:ListBucket": "DropBucket",
        "s3:PutObject": "DropBucket/receipts/*",
        "sqs:SendMessage": ["CheckQueue", "DropQueue", "SubmitQueue", "SummaryQueue"],
    },
    "submit_job": {
        "dynamodb:BatchGetItem": ["JobsTable/account#*", "JobsTable/job_*"],
        "dynamodb:GetItem": [
            "JobsTable/account#*",
            "JobsTable/job_*",
            "JobsTable/token#*",
            "JobsTable/window#*",
        ],
        "dynamodb:UpdateItem": [
            "JobsTable/account#*",
            "JobsTable/job_*",
            "JobsTable/token#*",
            "JobsTable/window#*",
        ],
        "s3:GetObject": "DropBucket/*",
        "s3:GetObjectVersion": "DropBucket/*",
        "sqs:SendMessage": ["CanaryQueue", "CheckQueue", "SubmitQueue"],
        "secretsmanager:GetSecretValue": ["CallbackSecret", "ChanjingSecret", "KieSecret"],
    },
    "change_job": {
        "dynamodb:GetItem": ["JobsTable/job_*", "JobsTable/receiver#*"],
        "dynamodb:BatchGetItem": "JobsTable/job_*",
        "dynamodb:UpdateItem": ["JobsTable/account#*", "JobsTable/job_*"],
        "dynamodb:Query": "JobsTable/index/by_source",
        "sqs:SendMessage": [
            "ArchiveQueue",
            "CheckQueue",
            "DeleteQueue",
            "DropQueue",
            "NotifyQueue",
            "SubmitQueue",
        ],
    },
    "receive_callback": {
        "dynamodb:GetItem": "JobsTable/job_*",
        "dynamodb:UpdateItem": ["JobsTable/account#*", "JobsTable/job_*"],
        "sqs:SendMessage": ["ArchiveQueue", "CheckQueue"],
        "secretsmanager:GetSecretValue": ["CallbackSecret", "CanarySecret", "KieSecret"],
    },
    "check_jobs": {
        "dynamodb:BatchGetItem": ["JobsTable/job_*", "JobsTable/told#*"],
        "dynamodb:GetItem": [
            "JobsTable/account#*",
            "JobsTable/job_*",
            "JobsTable/told#*",
            "JobsTable/token#*",
        ],
        "dynamodb:UpdateItem": ["JobsTable/account#*", "JobsTable/job_*", "JobsTable/token#*"],
        "sqs:SendMessage": ["ArchiveQueue", "CheckQueue", "SubmitQueue"],
        "secretsmanager:GetSecretValue": ["CallbackSecret", "ChanjingSecret", "KieSecret"],
    },
    "archive_images": {
        "dynamodb:GetItem": ["JobsTable/job_*", "JobsTable/token#*"],
        "dynamodb:UpdateItem": ["JobsTable/job_*", "JobsTable/token#*"],
        "s3:GetObject": ["ImagesBucket/images/*", "ImagesBucket/quarantine/*"],
        "s3:PutObject": ["ImagesBucket/images/*", "ImagesBucket/quarantine/*"],
        "s3:PutObjectTagging": ["ImagesBucket/images/*", "ImagesBucket/quarantine/*"],
        "sqs:SendMessage": ["ArchiveQueue", "ThumbnailQueue"],
        "secretsmanager:GetSecretValue": ["ChanjingSecret", "KieSecret"],
    },
    "make_thumbnails": {
        "dynamodb:GetItem": "JobsTable/job_*",
        "dynamodb:UpdateItem": "JobsTable/job_*",
        "s3:GetObject": "ImagesBucket/images/*",
        "s3:PutObject": "ImagesBucket/images/*/*.thumbnail.webp",
        "s3:PutObjectTagging": "ImagesBucket/images/*/*.thumbnail.webp",
    },
    "delete_jobs": {
        "dynamodb:GetItem": ["JobsTable/job_*", "JobsTable/told#*"],
        "dynamodb:PutItem": "JobsTable/job_*",
        "dynamodb:UpdateItem": ["JobsTable/job_*", "JobsTable/idempotency#*"],
        "dynamodb:DeleteItem": "JobsTable/deliveries#job_*",
        "s3:ListBucketVersions": "ImagesBucket",
        "s3:DeleteObject": ["ImagesBucket/images/job_*", "ImagesBucket/quarantine/job_*"],
        "s3:DeleteObjectVersion": ["ImagesBucket/images/job_*", "ImagesBucket/quarantine/job_*"],
    },
    "follow_jobs": {
        "dynamodb:UpdateItem": "JobsTable/live#*",
        "dynamodb:BatchGetItem": ["JobsTable/job_*", "JobsTable/live#*"],
        "execute-api:ManageConnections": "LiveApi/live/*/@connections/*",
        "secretsmanager:GetSecretValue": "ClientKeysSecret",
    },
    "publish_events": {
        **dict.fromkeys(READ_STREAM, "JobsTable/stream"),
        "dynamodb:BatchWriteItem": "JobsTable/told#*",
        "dynamodb:GetItem": ["JobsTable/live#*", "JobsTable/receiver#*"],
        "dynamodb:UpdateItem": "JobsTable/live#*",
        "events:PutEvents": "EventBus",
        "execute-api:ManageConnections": "LiveApi/live/*/@connections/*",
        "s3:ListBucket": "ImagesBucket",
        "s3:PutObject": "ImagesBucket/aws/lambda/*",
        "sqs:SendMessage": "NotifyQueue",
    },
    "summarize_drops": {
        "dynamodb:GetItem": "JobsTable/drop#*",
        "dynamodb:BatchGetItem": "JobsTable/job_*",
        "dynamodb:UpdateItem": "JobsTable/drop#*",
        "s3:GetObject": "DropBucket/*",
        "s3:GetObjectVersion": "DropBucket/*",
        "s3:ListBucket": "DropBucket",
        "s3:PutObject": "DropBucket/receipts/*",
        "sqs:SendMessage": "SummaryQueue",
    },
    "describe_models": {},
    "open_upload": {
        "s3:GetObject": "DropBucket/uploads/*",
        "s3:ListBucket": "DropBucket",
        "s3:PutObject": "DropBucket/uploads/*",
    },
    "serve_studio": {},
    "notify_client": {
        "dynamodb:GetItem": ["JobsTable/job_*", "JobsTable/receiver#*"],
        "dynamodb:UpdateItem": ["JobsTable/deliveries#*", "JobsTable/receiver#*"],
        "s3:GetObject": "ImagesBucket/images/*",
        "secretsmanager:GetSecretValue": "WebhookSecret",
        "sqs:SendMessage": "NotifyQueue",
    },
    "manage_account": {
        "dynamodb:GetItem": ["JobsTable/account#*", "JobsTable/receiver#*"],
        "dynamodb:BatchGetItem": ["JobsTable/job_*", "JobsTable/receiver#*"],
        "dynamodb:Query": "JobsTable/index/by_client",
        "dynamodb:Scan": "JobsTable/index/by_client",
        "dynamodb:UpdateItem": "JobsTable/receiver#*",
    },
    "show_progress": {
        "dynamodb:GetItem": [
            "JobsTable/account#*",
            "JobsTable/deliveries#*",
            "JobsTable/drop#*",
            "JobsTable/job_*",
            "JobsTable/told#*",
        ],
        "dynamodb:BatchGetItem": "JobsTable/drop#*",
        "dynamodb:Query": "JobsTable/index/by_source",
        "s3:GetObject": ["DropBucket/receipts/*", "ImagesBucket/images/*"],
    },
    "query_jobs": {
        "dynamodb:GetItem": [
            "JobsTable/account#*",
            "JobsTable/deliveries#*",
            "JobsTable/job_*",
            "JobsTable/receiver#*",
        ],
        "dynamodb:BatchGetItem": "JobsTable/job_*",
        "dynamodb:Query": ["JobsTable/index/by_client", "JobsTable/index/by_source"],
        "s3:GetObject": "ImagesBucket/images/*",
    },
}

every_function = pytest.mark.parametrize(
    ("name", "function"), [pytest.param(name, each, id=name) for name, each in FUNCTIONS.items()]
)
every_bucket = pytest.mark.parametrize("bucket", BUCKETS)


def folder_of(function: dict[str, Any]) -> str:
    code: str = function["CodeUri"]
    return code.removeprefix("functions/")


def settings_of(function: dict[str, Any]) -> type[Settings]:
    name = folder_of(function).title().replace("_", "") + "Settings"
    kind: type[Settings] = getattr(settings, name, Settings)
    return kind


def environment_of(function: dict[str, Any]) -> dict[str, Any]:
    """Return the variables as they are with the canary on."""
    variables: dict[str, Any] = function.get("Environment", {}).get("Variables", {})
    return {name: with_canary(value) for name, value in variables.items()}


def with_canary(value: Any) -> Any:
    is_choice = isinstance(value, dict) and value.get("Fn::If", [""])[0] == "RunsCanary"
    return value["Fn::If"][1] if is_choice else value


def layers_of(properties: dict[str, Any]) -> set[str]:
    return {each["Ref"] for each in properties.get("Layers", [])}


def events_of(function: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found = function.get("Events", {}).values()
    return [event["Properties"] for event in found if event["Type"] == kind]


def references(value: Any) -> Iterator[str]:
    """Yield the logical ids that a part of the template refers to."""
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            match key:
                case "Ref" | "Condition" if isinstance(each, str):
                    yield each
                case "Fn::GetAtt":
                    yield each[0]
                case "Fn::If":
                    yield each[0]
                    yield from references(each[1:])
                case "Fn::Sub":
                    text, own = each if isinstance(each, list) else (each, {})
                    yield from set(re.findall(r"\$\{([A-Za-z0-9]+)", text)) - own.keys()
                    yield from references(list(own.values()))
                case _:
                    yield from references(each)


# ---------------------------------------------------------------- functions


def test_folders_and_functions_match() -> None:
    folders = {path.name for path in (ROOT / "functions").iterdir()}
    assert {folder_of(function) for function in FUNCTIONS.values()} == folders
    assert len(FUNCTIONS) == len(folders)


@every_function
def test_the_handler_exists(name: str, function: dict[str, Any]) -> None:
    assert name == folder_of(function).title().replace("_", "") + "Function"
    module, handler = GLOBALS["Handler"].split(".")
    assert "Handler" not in function
    assert (ROOT / function["CodeUri"] / f"{module}.py").is_file()
    app = import_module(f"functions.{folder_of(function)}.{module}")
    assert list(inspect.signature(getattr(app, handler)).parameters) == ["event", "context"]


@every_function
def test_the_environment_matches_the_settings(name: str, function: dict[str, Any]) -> None:
    known = variables_of(settings_of(function))
    needed = {variable for variable, place in known.items() if is_required(place)}
    assert needed <= set(environment_of(function)) <= known.keys()


@every_function
def test_parameter_defaults_are_valid_settings(name: str, function: dict[str, Any]) -> None:
    stand_ins = {
        "_SOURCE": "/ringback/x",
        "_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x",
        "_URL": "https://a.example/x",
        "": "something",
    }

    def value_of(setting: str, given: Any) -> str:
        if "Fn::Join" in given:
            given = given["Fn::Join"][1]
        if given.get("Ref") in PARAMETERS:
            return str(PARAMETERS[given["Ref"]]["Default"])
        return next(text for end, text in stand_ins.items() if setting.endswith(end))

    given = environment_of(function).items()
    settings_of(function).from_environ(
        {name: value_of(name, value) for name, value in given}, providers=EXTERNAL
    )


@every_function
def test_a_parameter_has_the_bounds_of_its_setting(name: str, function: dict[str, Any]) -> None:
    known = variables_of(settings_of(function))
    for setting, given in environment_of(function).items():
        parameter = PARAMETERS.get(given.get("Ref", ""), {})
        if parameter.get("Type") == "Number":
            _, _, read = known[setting]
            assert isinstance(read, Whole)
            limits = parameter.get("MinValue"), parameter.get("MaxValue")
            assert (read.least, read.most) == limits, setting


@every_function
def test_functions_run_on_the_runtime_of_the_layers(name: str, function: dict[str, Any]) -> None:
    assert (GLOBALS["Runtime"], GLOBALS["Architectures"]) == ("python3.13", ["arm64"])
    assert function.keys().isdisjoint({"Runtime", "Architectures", "FunctionUrlConfig"})
    usual, all_layers = layers_of(GLOBALS), set(resources("AWS::Serverless::LayerVersion"))
    assert usual == {"DependenciesLayer", "SharedLayer"}
    own = all_layers - usual if name == "MakeThumbnailsFunction" else set()
    assert layers_of(function) == own
    assert 1 <= function["Timeout"] <= 900


def test_http_functions_time_out_before_the_api() -> None:
    for name, function in FUNCTIONS.items():
        if events_of(function, "HttpApi"):
            assert function["Timeout"] < 30, name


def test_makefiles_build_the_layers_for_that_runtime() -> None:
    for name, layer in resources("AWS::Serverless::LayerVersion").items():
        assert layer["CompatibleRuntimes"] == ["python3.13"]
        assert layer["CompatibleArchitectures"] == ["arm64"]
        metadata = load_template()["Resources"][name]["Metadata"]
        assert metadata == {"BuildMethod": "makefile", "BuildArchitecture": "arm64"}
        makefile = (ROOT / layer["ContentUri"] / "Makefile").read_text()
        assert f"build-{name}:" in makefile


@every_function
def test_a_function_has_its_own_log_group_with_retention(
    name: str, function: dict[str, Any]
) -> None:
    groups = resources("AWS::Logs::LogGroup")
    own = function["LoggingConfig"]["LogGroup"]["Ref"]
    assert groups[own]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    users = [each for each in FUNCTIONS.values() if each["LoggingConfig"]["LogGroup"]["Ref"] == own]
    assert len(users) == 1


def test_every_log_group_belongs_to_a_function_or_an_api() -> None:
    apis = [*resources("AWS::Serverless::HttpApi"), *resources("AWS::ApiGatewayV2::Api")]
    functions = {name.removesuffix("Function") + "Logs" for name in FUNCTIONS}
    assert resources("AWS::Logs::LogGroup").keys() == functions | {f"{api}Logs" for api in apis}


def access_logs() -> dict[str, dict[str, Any]]:
    """Return the settings of each API's access log; those of the live one have a condition."""
    stages = resources("AWS::ApiGatewayV2::Stage")
    logs = {name: api["AccessLogSettings"] for name, api in HTTP_APIS.items()}
    logs["StudioApi"] = stages["StudioStage"]["AccessLogSettings"]
    return {**logs, "LiveApi": stages["LiveStage"]["AccessLogSettings"]["Fn::If"][1]}


@pytest.mark.parametrize("api", [*HTTP_APIS, "StudioApi", "LiveApi"])
def test_an_access_log_has_no_path_query_header_or_address(api: str) -> None:
    """A callback's path has its token, and a path its job: only what is listed here is logged."""
    log = access_logs()[api]
    assert log["DestinationArn"] == {"Fn::GetAtt": [f"{api}Logs", "Arn"]}
    line = json.loads(log["Format"])
    assert line.keys() >= {"requestId", "routeKey", "status", "responseLatency", "error"}
    assert set(line.values()) <= {
        *("$context.requestId", "$context.routeKey", "$context.status"),
        *("$context.responseLatency", "$context.integrationLatency"),
        *("$context.integrationStatus", "$context.error.responseType"),
    }


@pytest.mark.parametrize("api", [*HTTP_APIS, "StudioApi"])
def test_the_access_log_of_an_http_api_takes_no_room_in_the_account_s_policy(api: str) -> None:
    """Otherwise no stage can be made any more once that policy has 5,120 characters."""
    name = resources("AWS::Logs::LogGroup")[f"{api}Logs"]["LogGroupName"]["Fn::Sub"]
    assert name.startswith("/aws/vendedlogs/${AWS::StackName}-")


def test_the_live_api_has_an_access_log_only_if_wanted() -> None:
    live = resources("AWS::ApiGatewayV2::Stage")["LiveStage"]
    assert live["AccessLogSettings"]["Fn::If"][0] == "LogsLive"
    assert load_template()["Resources"]["LiveApiLogs"]["Condition"] == "LogsLive"
    assert PARAMETERS["LiveAccessLogs"]["Default"] == "false"


def test_every_role_may_trace_only_if_functions_do() -> None:
    policy = load_template()["Resources"]["TracingPolicy"]
    assert policy["Condition"] == "Traces"
    # The reference has the policy made before a function is.
    active = {"Fn::Select": [0, ["Active", {"Ref": "TracingPolicy"}]]}
    assert GLOBALS["Tracing"] == {"Fn::If": ["Traces", active, "PassThrough"]}
    assert PARAMETERS["Tracing"]["Default"] == "false"
    roles = {with_canary(role)["Ref"] for role in policy["Properties"]["Roles"]}
    assert roles == resources("AWS::IAM::Role").keys()
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert {action.partition(":")[0] for action in statement["Action"]} == {"xray"}


def test_logs_are_json_without_events() -> None:
    # Lambda's own lines only about invocations that fail: half of all that was logged.
    assert GLOBALS["LoggingConfig"] == {"LogFormat": "JSON", "SystemLogLevel": "WARN"}
    assert GLOBALS["Environment"]["Variables"] == {
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "POWERTOOLS_LOGGER_LOG_EVENT": "false",
        "METRICS_NAMESPACE": {"Fn::Sub": "Ringback/${AWS::StackName}"},
    }


@every_function
def test_a_function_has_exactly_its_permissions(name: str, function: dict[str, Any]) -> None:
    folder = folder_of(function)
    expected = {
        Permission(action, place)
        for action, places in PERMITTED[folder].items()
        for place in as_list(places)
    }
    own_logs = function["LoggingConfig"]["LogGroup"]["Ref"]
    own_queues = [event["Queue"]["Fn::GetAtt"][0] for event in events_of(function, "SQS")]
    expected |= {Permission(action, own_logs) for action in WRITE_LOGS}
    expected |= {Permission(action, queue) for action in READ_QUEUE for queue in own_queues}
    assert permissions_of(folder) == expected
    assert not any("*" in each.action or each.place == "*" for each in expected)
    assert function.keys().isdisjoint(
        {"Policies", "PermissionsBoundary", "AssumeRolePolicyDocument"}
    )


@every_function
def test_a_role_is_its_function_s_alone(name: str, function: dict[str, Any]) -> None:
    role = role_of(folder_of(function))
    assert role.keys() == {"AssumeRolePolicyDocument", "Policies"}
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust == {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    assert len(resources("AWS::IAM::Role")) == len(FUNCTIONS)


@every_function
def test_items_are_permitted_by_their_keys(name: str, function: dict[str, Any]) -> None:
    """``ForAllValues`` also holds for a request that names no key, so only for actions that must.

    On an index the leading key is the client or the source, which no pattern describes.
    """
    for statement in statements_of(folder_of(function)):
        assert statement["Effect"] == "Allow"
        assert statement.keys() <= {"Effect", "Action", "Resource", "Condition"}
        actions = set(as_list(statement["Action"]))
        if actions == {"s3:ListBucketVersions"}:
            prefixes = [f"{folder}/job_*/" for folder in ("images", "quarantine")]
            assert statement["Condition"] == {"StringLike": {"s3:prefix": prefixes}}
            continue
        on_the_table = statement["Resource"] == {"Fn::GetAtt": ["JobsTable", "Arn"]}
        assert on_the_table == ("Condition" in statement)
        if on_the_table:
            assert actions <= {
                f"dynamodb:{each}Item"
                for each in ("Get", "BatchGet", "Put", "Update", "Delete", "BatchWrite")
            }
            assert statement["Condition"].keys() == {"ForAllValues:StringLike"}
            assert statement["Condition"]["ForAllValues:StringLike"].keys() == {
                "dynamodb:LeadingKeys"
            }


@every_function
def test_secrets_are_given_by_arn_only(name: str, function: dict[str, Any]) -> None:
    secrets = resources("AWS::SecretsManager::Secret")
    for setting, value in environment_of(function).items():
        assert setting.endswith("_ARN") == ("SECRET" in setting)
        if setting.endswith("_ARN"):
            secret, attribute = value["Fn::GetAtt"]
            assert (secret in secrets, attribute) == (True, "Id")
    assert "{{resolve:" not in (ROOT / "template.yaml").read_text()


@every_function
def test_a_function_may_read_the_secrets_in_its_settings(
    name: str, function: dict[str, Any]
) -> None:
    secrets_in_settings = sorted(
        value["Fn::GetAtt"][0]
        for setting, value in environment_of(function).items()
        if setting.endswith("_ARN")
    )
    readable = PERMITTED[folder_of(function)].get("secretsmanager:GetSecretValue", [])
    assert secrets_in_settings == as_list(readable)


SECRETS: Final = resources("AWS::SecretsManager::Secret")


@pytest.mark.parametrize("name", SECRETS)
def test_the_owner_s_secrets_have_no_value(name: str) -> None:
    """CloudFormation would write it over the owner's whenever its text changes."""
    is_ours = name in ("CallbackSecret", "CanarySecret")
    assert ("GenerateSecretString" in SECRETS[name]) == is_ours
    assert SECRETS[name].keys().isdisjoint({"SecretString", "KmsKeyId"})


def test_there_is_a_secret_for_each_provider_and_its_fields_are_described() -> None:
    for name, provider in PROVIDERS.items():
        described = SECRETS[f"{name.title()}Secret"]["Description"]
        assert [field for field in provider.secret_fields if field not in described] == []


def test_the_callback_secret_is_made_once() -> None:
    """CloudFormation makes it anew if any of this changes, and open jobs' callbacks are refused."""
    assert SECRETS["CallbackSecret"]["GenerateSecretString"] == {
        "SecretStringTemplate": "{}",
        "GenerateStringKey": "current",
        "PasswordLength": 64,
        "ExcludePunctuation": True,
    }


def test_secrets_and_apis_say_whose_stack_they_are() -> None:
    """A secret's name cannot be changed: it would be replaced by one without a value."""
    for secret in SECRETS.values():
        assert secret["Tags"] == [{"Key": "stack", "Value": {"Ref": "AWS::StackName"}}]
        assert "Name" not in secret
    for api in resources("AWS::Serverless::HttpApi").values():
        assert api["Name"]["Fn::Sub"].startswith("${AWS::StackName}-")


def test_a_provider_s_defaults_match_its_parameters() -> None:
    """The template cannot import them, so they stand in both places."""
    variables = environment_of(FUNCTIONS["SubmitJobFunction"])

    def default(variable: str) -> int:
        return int(PARAMETERS[variables[variable]["Ref"]]["Default"])

    for name, provider in EXTERNAL.items():
        start = name.upper()
        pace = Pace(
            limit=default(f"{start}_CREATES_PER_WINDOW"), seconds=default(f"{start}_WINDOW_SECONDS")
        )
        deadline = timedelta(seconds=default(f"{start}_DEADLINE_SECONDS"))
        assert (provider.pace, provider.deadline) == (pace, deadline)


# ---------------------------------------------------------------- queues

DEAD_LETTERS: Final = {
    queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]: name
    for name, queue in QUEUES.items()
    if "RedrivePolicy" in queue
}
# What is in them is worth nothing after the canary's run; a run reads the second one itself.
SHORT_LIVED: Final = ("CanaryQueue", "CanaryEvents")
WORKING: Final = [name for name in QUEUES if name not in {*DEAD_LETTERS, *SHORT_LIVED}]


@pytest.mark.parametrize("name", sorted(QUEUES.keys() - {*SHORT_LIVED}))
def test_a_queue_is_encrypted_with_long_retention(name: str) -> None:
    assert QUEUES[name]["SqsManagedSseEnabled"] is True
    assert QUEUES[name]["MessageRetentionPeriod"] == FOURTEEN_DAYS


@pytest.mark.parametrize("name", WORKING)
def test_a_queue_has_its_own_dead_letter_queue(name: str) -> None:
    policy = QUEUES[name]["RedrivePolicy"]
    target, attribute = policy["deadLetterTargetArn"]["Fn::GetAtt"]
    assert attribute == "Arn"
    assert DEAD_LETTERS[target] == name
    assert "RedrivePolicy" not in QUEUES[target]
    assert policy["maxReceiveCount"] >= 5


def test_a_failing_message_of_a_job_is_received_for_a_day() -> None:
    """An hour without a permission, a table or a secret leaves no dead letter."""
    for name in ("SubmitQueue", "DropQueue", "CheckQueue", "ArchiveQueue", "DeleteQueue"):
        receives = QUEUES[name]["RedrivePolicy"]["maxReceiveCount"]
        # SQS takes 1000 at most.
        assert receives <= 1000
        assert receives * QUEUES[name]["VisibilityTimeout"] >= 24 * 3600, name


def test_a_job_is_remembered_longer_than_it_can_last() -> None:
    """It waits, is read for a day or twice its deadline, is copied, and is redriven."""
    deadlines = [
        timedelta(seconds=PARAMETERS[name]["MaxValue"])
        for name in PARAMETERS
        if name.endswith("DeadlineSeconds")
    ]
    assert deadlines
    letters = timedelta(seconds=FOURTEEN_DAYS)
    longest = MAX_WAIT + max(LAST_READ, *(2 * each for each in deadlines)) + MAX_COPYING + letters
    assert timedelta(days=PARAMETERS["JobRetentionDays"]["MinValue"]) > longest


def test_an_answer_is_delivered_again_before_its_job_expires() -> None:
    """A message that failed comes back after its visibility timeout and is given another run."""
    run = timedelta(seconds=FUNCTIONS["SubmitJobFunction"]["Timeout"])
    hidden = timedelta(seconds=QUEUES["SubmitQueue"]["VisibilityTimeout"])
    assert hidden + run <= ANSWER_REDELIVERY
    assert timedelta(seconds=QUEUES["CheckQueue"]["VisibilityTimeout"]) >= HELD_UP


def consumers() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for function in FUNCTIONS.values():
        for event in events_of(function, "SQS"):
            yield event["Queue"]["Fn::GetAtt"][0], event, function


def test_every_queue_has_one_consumer() -> None:
    assert sorted(queue for queue, *_ in consumers()) == sorted([*WORKING, "CanaryQueue"])


def test_batches_report_failed_items() -> None:
    for queue, event, _ in consumers():
        assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"], queue


def test_the_visibility_timeout_is_six_function_timeouts() -> None:
    for queue, event, function in consumers():
        batching = event.get("MaximumBatchingWindowInSeconds", 0)
        assert QUEUES[queue]["VisibilityTimeout"] >= 6 * function["Timeout"] + batching, queue


CANARY_ON: Final = {"CanaryMinutes": "15"}
CANARY_PARTS: Final = {
    name
    for name, each in load_template()["Resources"].items()
    if each.get("Condition") in ("RunsCanary", "RingsCanaryAlarm")
}


def test_without_the_canary_there_is_nothing_of_it() -> None:
    """Whatever refers to a part of it is a part of it as well, or is told that there is none."""
    assert {name for name in load_template()["Resources"] if "Canary" in name} == CANARY_PARTS
    for name, each in load_template()["Resources"].items():
        if name not in CANARY_PARTS:
            assert CANARY_PARTS.isdisjoint(references(resolved(each, {}))), name
    assert CANARY_PARTS.isdisjoint(references(load_template()["Outputs"]))
    assert [resolved({"Fn::If": ["RunsCanary", 1, 0]}, each) for each in ({}, CANARY_ON)] == [0, 1]


def test_only_the_canary_runs_on_a_clock() -> None:
    clocks = {name: events_of(each, "Schedule") for name, each in FUNCTIONS.items()}
    (clock,) = clocks.pop("RunCanaryFunction")
    assert clock == {"Schedule": {"Fn::Sub": "rate(${CanaryMinutes} minutes)"}}
    assert not any(clocks.values())
    # Runs don't overlap.
    run = timedelta(seconds=FUNCTIONS["RunCanaryFunction"]["Timeout"])
    (shortest, *_) = sorted(PARAMETERS["CanaryMinutes"]["AllowedValues"])[1:]
    assert run < timedelta(minutes=shortest)


def test_a_run_of_the_canary_ends_by_itself() -> None:
    """It reports what is missing: a function that is stopped reports nothing."""
    assert FUNCTIONS["RunCanaryFunction"]["Timeout"] >= PATIENCE + 3 * CALL_SECONDS


def test_only_events_of_the_canary_reach_its_queue() -> None:
    policy = resources("AWS::SQS::QueuePolicy")["CanaryEventsPolicy"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert policy["Queues"] == [{"Ref": "CanaryEvents"}]
    assert statement["Condition"] == {
        "ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["CanaryRule", "Arn"]}}
    }
    pattern = resources("AWS::Events::Rule")["CanaryRule"]["EventPattern"]
    assert pattern["detail-type"] == [{"prefix": "ringback.canary."}]


@pytest.mark.parametrize("name", SHORT_LIVED)
def test_what_the_canary_leaves_in_its_queues_is_gone_soon_after_its_run(name: str) -> None:
    assert QUEUES[name]["SqsManagedSseEnabled"] is True
    assert PATIENCE <= QUEUES[name]["MessageRetentionPeriod"] <= 300
    assert "RedrivePolicy" not in QUEUES[name]


def test_only_our_own_buckets_may_send_to_the_drop_queue() -> None:
    policy = resources("AWS::SQS::QueuePolicy")["DropQueuePolicy"]
    assert policy["Queues"] == [{"Ref": "DropQueue"}]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": {"Fn::GetAtt": ["DropQueue", "Arn"]},
        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
    }


# ---------------------------------------------------------------- stores


def test_the_table_has_the_keys_and_indexes_of_the_code() -> None:
    ((_, table),) = resources("AWS::DynamoDB::Table").items()
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    # Encrypted all the same; with it, KMS charges for requests.
    assert "SSESpecification" not in table
    assert table["KeySchema"] == [{"AttributeName": "job_id", "KeyType": "HASH"}]
    assert table["GlobalSecondaryIndexes"] == [
        {
            "IndexName": f"by_{field}",
            "KeySchema": [
                {"AttributeName": field, "KeyType": "HASH"},
                {"AttributeName": "job_id", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
        for field in ("client", "source")
    ]
    item = to_item(a_job(source="requests/a.csv"))
    for attribute in table["AttributeDefinitions"]:
        assert list(item[attribute["AttributeName"]]) == [attribute["AttributeType"]]
    forgotten_at = table["TimeToLiveSpecification"]
    assert forgotten_at["Enabled"] is True
    assert list(item[forgotten_at["AttributeName"]]) == ["N"]


@every_bucket
def test_a_bucket_is_private_encrypted_and_versioned(bucket: str) -> None:
    described = BUCKETS[bucket]
    assert described["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    (rule,) = described["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] in ("AES256", "aws:kms")
    assert described["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert described["VersioningConfiguration"] == {"Status": "Enabled"}
    assert described.keys().isdisjoint({"AccessControl", "WebsiteConfiguration"})


def test_the_archiver_has_room_for_its_images() -> None:
    room = FUNCTIONS["ArchiveImagesFunction"]["EphemeralStorage"]["Size"] * 1024 * 1024
    assert room >= 6 * PARAMETERS["LargestImageBytes"]["MaxValue"]


# What came instead of an image: a copy that the job names, for a while.
QUARANTINE: Final = {
    "Id": "quarantine",
    "Status": "Enabled",
    "Prefix": "quarantine/",
    "ExpirationInDays": {"Ref": "QuarantineDays"},
}


# Where Lambda puts what publish_events could not tell.
UNTOLD: Final = {
    "Id": "untold-records",
    "Status": "Enabled",
    "Prefix": "aws/lambda/",
    "ExpirationInDays": 30,
}


# What the canary's jobs made, and nothing else has this tag.
CANARY: Final = {
    "Id": "canary",
    "Status": "Enabled",
    "TagFilters": [{"Key": KIND_TAG, "Value": "canary"}],
    "ExpirationInDays": 1,
    "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
}


# Inputs of jobs, for a while; a job that was accepted has its version for 30 days more.
# Only if their owner wants that; otherwise the days mean nothing.
IMAGES: Final = {
    "Id": "images",
    "Status": {"Fn::If": ["ExpiresImages", "Enabled", "Disabled"]},
    "Prefix": "images/",
    "ExpirationInDays": {"Fn::If": ["ExpiresImages", {"Ref": "ImageDays"}, 3650]},
}
UPLOADED: Final = {
    "Id": "uploads",
    "Status": "Enabled",
    "Prefix": UPLOADS,
    "ExpirationInDays": {"Ref": "UploadDays"},
}


@every_bucket
def test_lifecycle_rules_delete_no_current_image(bucket: str) -> None:
    rules = BUCKETS[bucket]["LifecycleConfiguration"]["Rules"]
    assert all(rule["Status"] == "Enabled" for rule in rules if rule["Id"] != "images")
    assert any("AbortIncompleteMultipartUpload" in rule for rule in rules)
    current = [
        rule for rule in rules if any(k.startswith(("Expiration", "Transition")) for k in rule)
    ]
    assert current == (
        [CANARY, IMAGES, QUARANTINE, UNTOLD] if bucket == "ImagesBucket" else [UPLOADED]
    )


@every_bucket
def test_a_bucket_requires_tls(bucket: str) -> None:
    (policy,) = (
        each
        for each in resources("AWS::S3::BucketPolicy").values()
        if each["Bucket"] == {"Ref": bucket}
    )
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == (
        "Deny",
        "*",
        "s3:*",
    )
    assert [place(each) for each in statement["Resource"]] == [bucket, f"{bucket}/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("kept", ["JobsTable", *BUCKETS])
def test_data_outlives_the_stack_but_not_a_failed_first_deployment(kept: str) -> None:
    resource = load_template()["Resources"][kept]
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"


def test_every_new_object_of_the_drop_bucket_notifies_the_drop_queue() -> None:
    """Also one in no known folder, so that it is answered."""
    rule = {"Event": "s3:ObjectCreated:*", "Queue": {"Fn::GetAtt": ["DropQueue", "Arn"]}}
    bucket = resolved(BUCKETS["DropBucket"], {})
    assert bucket["NotificationConfiguration"] == {"QueueConfigurations": [rule]}
    assert "NotificationConfiguration" not in BUCKETS["ImagesBucket"]


@pytest.mark.parametrize(
    ("parameters", "off"),
    [
        ({"Drops": "false"}, {"DropQueue", "SummaryQueue"}),
        ({"Thumbnails": "false"}, {"ThumbnailQueue"}),
    ],
)
def test_what_is_switched_off_reads_no_queue_and_is_sent_nothing(
    parameters: dict[str, str], off: set[str]
) -> None:
    """Only its own functions, which don't run, still name the queue. No function is left out."""
    for name, each in FUNCTIONS.items():
        function, before = resolved(each, parameters), resolved(each, {})
        for event in events_of(function, "SQS"):
            queue = event["Queue"]["Fn::GetAtt"][0]
            assert event.get("Enabled", True) == (queue not in off), name
        if all(event.get("Enabled", True) for event in events_of(function, "SQS")):
            assert off.isdisjoint(references(environment_of(function))), name
        else:
            assert environment_of(function) == environment_of(before), name
    bucket = resolved(BUCKETS["DropBucket"], parameters)
    assert ("NotificationConfiguration" in bucket) == ("DropQueue" not in off)


def test_what_ringback_may_write_to_the_drop_bucket_is_never_a_drop() -> None:
    """Otherwise a receipt would get a receipt, without end: nothing else breaks this loop."""
    written = {
        target
        for statements in PERMITTED.values()
        for action, targets in statements.items()
        if action.startswith("s3:Put")
        for target in ([targets] if isinstance(targets, str) else targets)
        if target.startswith("DropBucket")
    }
    assert written == {f"DropBucket/{prefix}*" for prefix in NOT_DROPS}
    for key in ("requests/a.csv", f"requests/{'ü' * 507}.csv"):
        drop = Drop(bucket="drops", key=key, version="v")
        upload = Upload(client=key, sha256="5e" * 32, size=1, content_type="image/png")
        for ours in (drop.receipt_key, drop.table_key, drop.summary_key, upload.key):
            assert len(ours.encode()) <= MAX_KEY_BYTES
            record = {"bucket": {"name": "drops"}, "object": {"key": quote_plus(ours)}}
            created = {"eventName": "ObjectCreated:Put", "s3": record}
            assert dropped_objects({"Records": [created]}) == []


# ---------------------------------------------------------------- APIs

CALLBACK_ROUTE: Final = "/callbacks/{provider}/{job_id}/{token}"


def test_the_routes_are_complete() -> None:
    assert list(routes("CallbackApi")) == [("receive_callback", f"POST {CALLBACK_ROUTE}")]
    assert sorted(routes("JobsApi")) == [
        ("accept_job", "POST /jobs"),
        ("accept_job", "POST /jobs/batch"),
        ("accept_job", "POST /jobs/{job_id}/retry"),
        ("change_job", "DELETE /jobs/{job_id}"),
        ("change_job", "POST /jobs/retry"),
        ("change_job", "POST /jobs/{job_id}/archive"),
        ("change_job", "POST /jobs/{job_id}/cancel"),
        ("change_job", "POST /jobs/{job_id}/notify"),
        ("change_job", "POST /providers/{name}/resume"),
        ("describe_models", "$default"),
        ("describe_models", "GET /docs"),
        ("describe_models", "GET /models"),
        ("describe_models", "GET /models/{model_id+}"),
        ("describe_models", "GET /openapi.json"),
        ("manage_account", "GET /account"),
        ("manage_account", "GET /usage"),
        ("manage_account", "POST /account/receivers/{id}/resume"),
        ("open_upload", "POST /uploads"),
        ("query_jobs", "GET /jobs"),
        ("query_jobs", "GET /jobs/{job_id}"),
        ("query_jobs", "GET /jobs/{job_id}/deliveries"),
        ("serve_provider_apis", "GET /api/v1/chat/credit"),
        ("serve_provider_apis", "GET /api/v1/jobs/recordInfo"),
        ("serve_provider_apis", "GET /open/v1/ai_creation/task"),
        ("serve_provider_apis", "POST /api/v1/jobs/createTask"),
        ("serve_provider_apis", "POST /open/v1/access_token"),
        ("serve_provider_apis", "POST /open/v1/ai_creation/task/page"),
        ("serve_provider_apis", "POST /open/v1/ai_creation/task/submit"),
        ("show_progress", "GET /drops"),
        ("show_progress", "GET /drops/{file+}"),
        ("show_progress", "GET /jobs/{job_id}/timeline"),
    ]
    assert {event["Type"] for each in FUNCTIONS.values() for event in all_events(each)} == {
        "DynamoDB",
        "HttpApi",
        "SQS",
        "Schedule",
    }
    assert set(resources("AWS::Serverless::HttpApi")) == {"JobsApi", "CallbackApi"}


def test_what_is_read_by_get_is_asked_for_by_head() -> None:
    """But for the providers' own APIs, which have no HEAD."""
    by_method: dict[str, set[tuple[str, ...]]] = {"GET": set(), "HEAD": set()}
    for function in FUNCTIONS.values():
        for event in events_of(function, "HttpApi"):
            if event.get("Method") in by_method and folder_of(function) != "serve_provider_apis":
                access = event.get("Auth", {}).get("Authorizer", "")
                found = (folder_of(function), event["Path"], access)
                by_method[event["Method"]].add(found)
    assert len(by_method["GET"]) >= 7
    assert by_method["HEAD"] == by_method["GET"]


STUDIO_ORIGIN: Final = {
    "Fn::Sub": "https://${StudioApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
}


def origins_in(rules: Any) -> list[Any]:
    """Return the studio's origin, which is always there, and the others without a parameter."""
    (comma, (between, origins)) = rules["Fn::Split"][0], rules["Fn::Split"][1]["Fn::Join"]
    assert (comma, between) == (",", ",")
    (studio, others) = origins
    assert others == {
        "Fn::If": ["AllowsOrigins", {"Ref": "AllowedOrigins"}, {"Ref": "AWS::NoValue"}]
    }
    return [studio, *resolved(others, {}).values()]


def test_pages_of_the_studio_and_of_allowed_origins_may_use_api_and_buckets() -> None:
    assert load_template()["Conditions"]["AllowsOrigins"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "AllowedOrigins"}, ""]}]
    }
    # SAM takes computed origins for the whole of the rules unless the whole is computed.
    condition, rules, otherwise = HTTP_APIS["JobsApi"]["CorsConfiguration"]["Fn::If"]
    assert (condition, otherwise) == ("AllowsPages", {"Ref": "AWS::NoValue"})
    assert origins_in(rules["AllowOrigins"]) == [STUDIO_ORIGIN, "AWS::NoValue"]
    for bucket, methods in (("ImagesBucket", ["GET", "HEAD"]), ("DropBucket", ["POST"])):
        (rule,) = BUCKETS[bucket]["CorsConfiguration"]["CorsRules"]
        assert rule["AllowedOrigins"] == rules["AllowOrigins"]
        assert rule["AllowedMethods"] == methods
    assert "CorsConfiguration" not in HTTP_APIS["CallbackApi"]
    used = {event["Method"] for each in FUNCTIONS.values() for event in methods_of(each)}
    assert set(rules["AllowMethods"]) >= used - {"OPTIONS"}
    asked = {"Authorization", "Content-Type", "Idempotency-Key", "If-None-Match"}
    assert set(rules["AllowHeaders"]) == asked
    # By the API's clock, the studio tells how old a job is.
    exposed = {"Date", *(name for headers in described_headers() for name in headers)}
    assert set(rules["ExposeHeaders"]) >= exposed
    # With credentials, a page could act for whoever is signed in; keys are sent by the page itself.
    assert "AllowCredentials" not in rules


def methods_of(function: dict[str, Any]) -> list[dict[str, Any]]:
    found = events_of(function, "HttpApi")
    return [event for event in found if event["ApiId"] == {"Ref": "JobsApi"} and "Method" in event]


def described_headers() -> Iterator[Mapping[str, Any]]:
    for methods in described()["paths"].values():
        for operation in methods.values():
            for answer in operation["responses"].values():
                yield answer.get("headers", {})


@pytest.mark.parametrize(
    ("given", "fits"),
    [
        ("", True),
        ("https://studio.example", True),
        ("http://127.0.0.1:8080,https://studio.example", True),
        ("*", False),
        ("studio.example", False),
        ("https://studio.example/", False),
        ("https://Studio.example", False),
        ("https://a.example, https://b.example", False),
        ("https://a.example,", False),
    ],
)
def test_an_origin_is_what_a_browser_sends(given: str, fits: object) -> None:
    assert bool(re.fullmatch(PARAMETERS["AllowedOrigins"]["AllowedPattern"], given)) is fits


def test_a_preflight_needs_no_key() -> None:
    """The route ``$default`` would take it and ask for one."""
    (event,) = [
        event
        for event in events_of(FUNCTIONS["DescribeModelsFunction"], "HttpApi")
        if event.get("Method") == "OPTIONS"
    ]
    assert (event["Path"], event["Auth"]) == ("/{proxy+}", {"Authorizer": "NONE"})


OPEN: Final = ("/openapi.json", "/docs", "/{proxy+}")


def test_no_other_route_does_without_the_authorizer_of_its_api() -> None:
    for function in FUNCTIONS.values():
        for event in events_of(function, "HttpApi"):
            # This function checks the key itself, to refuse it as the provider does; the API's own
            # description is for everybody, and a preflight has no key.
            is_open = folder_of(function) == "serve_provider_apis" or event.get("Path") in OPEN
            assert event.get("Auth") == ({"Authorizer": "NONE"} if is_open else None)
            assert event.keys() - {"Auth"} <= {"ApiId", "Method", "Path"}


def all_events(function: dict[str, Any]) -> list[dict[str, Any]]:
    return list(function.get("Events", {}).values())


def test_every_route_except_callbacks_requires_a_key() -> None:
    apis = resources("AWS::Serverless::HttpApi")
    auth = apis["JobsApi"]["Auth"]
    authorizer = auth["Authorizers"][auth["DefaultAuthorizer"]]
    assert authorizer["FunctionArn"] == {"Fn::GetAtt": ["AuthorizeClientFunction", "Arn"]}
    assert authorizer["AuthorizerPayloadFormatVersion"] == "2.0"
    assert authorizer["EnableSimpleResponses"] is True
    assert authorizer["EnableFunctionDefaultPermissions"] is True
    assert authorizer["Identity"]["Headers"] == ["Authorization"]
    assert 0 < authorizer["Identity"]["ReauthorizeEvery"] <= 3600
    assert apis["CallbackApi"]["Auth"] == {"EnableIamAuthorizer": False}


@pytest.mark.parametrize("api", ["JobsApi", "CallbackApi"])
def test_an_api_is_throttled(api: str) -> None:
    limits = resources("AWS::Serverless::HttpApi")[api]["DefaultRouteSettings"]
    assert limits["ThrottlingBurstLimit"] > 0
    assert limits["ThrottlingRateLimit"] > 0


# Those that SAM has no events for: name, protocol, stage and function.
OTHER_APIS: Final = [
    ("Live", "WEBSOCKET", "live", "FollowJobsFunction"),
    ("Studio", "HTTP", "$default", "ServeStudioFunction"),
]


@pytest.mark.parametrize(("api", "protocol", "stage", "function"), OTHER_APIS)
def test_the_live_line_and_the_studio_have_one_route_which_calls_their_function(
    api: str, protocol: str, stage: str, function: str
) -> None:
    """Nothing runs for who only connects, and the live line's function checks the key itself."""
    assert len(resources("AWS::ApiGatewayV2::Api")) == len(OTHER_APIS)
    assert resources("AWS::ApiGatewayV2::Api")[f"{api}Api"]["ProtocolType"] == protocol
    route = resources("AWS::ApiGatewayV2::Route")[f"{api}Route"]
    assert (route["RouteKey"], route["AuthorizationType"]) == ("$default", "NONE")
    assert route["Target"] == {"Fn::Sub": f"integrations/${{{api}Integration}}"}
    integration = resources("AWS::ApiGatewayV2::Integration")[f"{api}Integration"]
    assert integration["IntegrationType"] == "AWS_PROXY"
    assert f"${{{function}.Arn}}/invocations" in integration["IntegrationUri"]["Fn::Sub"]
    # API Gateway waits 29 s for a function.
    assert FUNCTIONS[function]["Timeout"] < 29
    permission = resources("AWS::Lambda::Permission")[f"{api}Permission"]
    assert permission["FunctionName"] == {"Ref": function}
    assert permission["SourceArn"]["Fn::Sub"].endswith(f"${{{api}Api}}/{stage}/$default")


@pytest.mark.parametrize(("api", "protocol", "stage", "function"), OTHER_APIS)
def test_the_live_line_and_the_studio_are_throttled_and_log_no_message(
    api: str, protocol: str, stage: str, function: str
) -> None:
    described = resources("AWS::ApiGatewayV2::Stage")[f"{api}Stage"]
    assert (described["StageName"], described["AutoDeploy"]) == (stage, True)
    settings = described["DefaultRouteSettings"]
    assert settings.get("DataTraceEnabled", False) is False
    assert settings["ThrottlingBurstLimit"] > 0
    assert settings["ThrottlingRateLimit"] > 0
    # Without a route, there is nothing to deploy.
    assert load_template()["Resources"][f"{api}Stage"]["DependsOn"] == f"{api}Route"


def test_the_studio_is_off_where_it_is_not_wanted() -> None:
    """It can't be reached then; nothing else changes."""
    api = resources("AWS::ApiGatewayV2::Api")["StudioApi"]
    off = [resolved(api, each)["DisableExecuteApiEndpoint"] for each in ({}, {"Studio": "false"})]
    assert off == [False, True]


def test_the_studio_knows_the_hosts_that_its_links_have() -> None:
    """Those that presigned links have: tests/contract/test_aws_adapters.py."""
    for variable, bucket in (
        ("IMAGES_BUCKET_URL", "ImagesBucket"),
        ("DROP_BUCKET_URL", "DropBucket"),
    ):
        assert environment_of(FUNCTIONS["ServeStudioFunction"])[variable] == {
            "Fn::Sub": f"https://${{{bucket}}}.s3.${{AWS::Region}}.${{AWS::URLSuffix}}"
        }


def test_functions_reach_the_stage_of_the_live_api() -> None:
    for name in ("FollowJobsFunction", "PublishEventsFunction", "ServeStudioFunction"):
        url = environment_of(FUNCTIONS[name])["LIVE_API_URL"]["Fn::Sub"]
        assert url.startswith("https://${LiveApi}.execute-api.")
        assert url.endswith("/live")


def test_the_callback_route_matches_callback_urls() -> None:
    url = CallbackUrls(base_url="", secrets=lambda: [b"x" * 32])("kie", a_job().job_id)
    shape = re.sub(r"\{\w+\}", r"([^/]+)", CALLBACK_ROUTE)
    found = re.fullmatch(shape, url)
    assert found is not None
    names = re.findall(r"\{(\w+)\}", CALLBACK_ROUTE)
    call = callback_request({"pathParameters": dict(zip(names, found.groups(), strict=True))})
    assert (call.provider, call.job_id) == ("kie", a_job().job_id)
    assert f"/kie/{a_job().job_id}/{call.token}" in url


# ---------------------------------------------------------------- parameters and outputs


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_has_a_default_and_a_description(name: str) -> None:
    parameter = PARAMETERS[name]
    assert "Default" in parameter
    assert parameter["Description"].endswith(".")
    assert parameter["Type"] in ("String", "Number", "CommaDelimitedList")
    if parameter["Type"] == "Number":
        low, high = parameter.get("MinValue", 0), parameter.get("MaxValue", float("inf"))
        assert low <= parameter["Default"] <= high
    assert parameter["Default"] in parameter.get("AllowedValues", [parameter["Default"]])


def test_every_parameter_and_condition_is_used() -> None:
    template = load_template()
    used = set(references([template["Resources"], template["Conditions"], template["Outputs"]]))
    assert set(PARAMETERS) <= used
    assert set(template["Conditions"]) <= used


def test_every_reference_resolves() -> None:
    template = load_template()
    known = {*PARAMETERS, *template["Resources"], *template["Conditions"]}
    mentioned = set(
        references([template["Resources"], template["Conditions"], template["Outputs"]])
    )
    assert {name for name in mentioned if not name.startswith("AWS")} <= known


def test_the_outputs_are_complete() -> None:
    outputs = load_template()["Outputs"]
    assert set(outputs) == {
        "Version",
        "JobsApiUrl",
        "JobsApiId",
        "CallbackApiUrl",
        "CallbackApiId",
        "LiveApiUrl",
        "LiveApiId",
        "StudioUrl",
        "StudioApiId",
        "EventBusName",
        "ImagesBucketName",
        "DropBucketName",
        "JobsTableName",
        "KieSecretArn",
        "ChanjingSecretArn",
        "ClientKeysSecretArn",
        "CallbackSecretArn",
        "WebhookSecretArn",
        "SubmitQueueUrl",
        "CheckQueueUrl",
        "ArchiveQueueUrl",
        "DeleteQueueUrl",
    }
    assert all(output["Description"].endswith(".") for output in outputs.values())


# ---------------------------------------------------------------- other linters


def test_every_finding_of_checkov_is_answered() -> None:
    lines = text_of(".checkov.yaml").splitlines()
    skipped = [number for number, line in enumerate(lines) if "CKV_" in line]
    assert skipped
    for number in skipped:
        before = [line for line in lines[:number] if "CKV_" not in line][-1]
        assert before.strip().startswith("# "), lines[number]
