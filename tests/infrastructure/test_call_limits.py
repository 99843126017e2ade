"""No call of an AWS service can outlast the function that makes it."""

import re
from importlib import import_module
from typing import Any, Final

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ParamValidationError
from botocore.session import Session
from ringback.aws import clients
from ringback.aws.clients import (
    AUTHORIZER_CALLS,
    CALLS,
    LIVE_CALLS,
    TRANSFERS,
    CallLimits,
    config_of,
)
from ringback.domain.version import USER_AGENT

from layers.dependencies.reduce_botocore import OPERATIONS
from tests.support.lambdas import function_properties, settings_given, use_lasting_clients
from tests.support.repository import files, text_of
from tests.support.template import ROOT

# What a function does beside one call that hangs: start, the other calls, the answer.
SECONDS_FOR_THE_REST: Final = 3
GATEWAY_SECONDS: Final = 30
GATEWAY_SECONDS_FOR_AN_AUTHORIZER: Final = 10
LIMITS: Final = {"authorize_client": AUTHORIZER_CALLS, "archive_images": TRANSFERS}
WITHOUT_CALLS: Final = ("describe_models", "serve_studio")
FUNCTIONS: Final = sorted(path.name for path in (ROOT / "functions").iterdir())


def test_the_longest_call_is_the_sum_of_its_attempts_and_pauses() -> None:
    assert CALLS.longest == 2 * (2 + 4) + 1
    assert CallLimits(connect=1, read=2, attempts=7).longest == 7 * 3 + 1 + 2 + 4 + 8 + 16 + 20
    assert AUTHORIZER_CALLS.longest == 6


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_outlasts_a_call_that_hangs(function: str) -> None:
    timeout = function_properties(function)["Timeout"]
    limits = LIMITS.get(function, CALLS)
    assert timeout >= limits.longest + SECONDS_FOR_THE_REST or function in WITHOUT_CALLS
    if function == "authorize_client":
        assert timeout <= GATEWAY_SECONDS_FOR_AN_AUTHORIZER
    elif function_properties(function).get("Events", {}).keys() & {"PostJob", "Call", "GetJob"}:
        assert timeout < GATEWAY_SECONDS


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_s_clients_have_its_limits(
    function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[Any, Any, Any]] = []

    def client(_self: Session, _service: str, *, config: Any, **_: Any) -> Any:
        made.append(
            (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"])
        )
        return object()

    monkeypatch.setattr(Session, "create_client", client)
    monkeypatch.setattr(clients, "shared_client", clients.shared_client.__wrapped__)
    for name in settings_given(function):
        monkeypatch.setenv(name, value_of(name))
    app = import_module(f"functions.{function}.app")
    for factory in [each for each in vars(app).values() if hasattr(each, "cache_clear")]:
        factory.cache_clear()
        factory()
        factory.cache_clear()
    allowed = {CALLS, LIVE_CALLS, LIMITS.get(function, CALLS)} - (
        {CALLS} if function == "authorize_client" else set()
    )
    assert set(made) <= {(each.connect, each.read, each.attempts) for each in allowed}
    assert bool(made) == (function not in WITHOUT_CALLS)


def value_of(setting: str) -> str:
    if setting.endswith("_ARN"):
        return "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x"
    if setting.endswith("_URL"):
        return "https://a.example/x"
    if setting.endswith(("_SECONDS", "_WINDOW", "_DAYS")):
        return "60"
    others = {
        "LARGEST_IMAGE_BYTES": "2048",
        "PASS_THROUGH": "false",
        "REQUIRE_IDEMPOTENCY_KEY": "false",
        "CLIENT_JOBS_PER_MINUTE": "0",
        "TELLS_EVENTS": "true",
        "EVENT_SOURCE": "/ringback/ringback",
    }
    return others.get(setting, "something")


def test_clients_are_made_in_one_place() -> None:
    ours = [name for name in files() if name.startswith(("layers/shared/ringback/", "functions/"))]
    makers = [
        name for name in ours if re.search(r"boto3\.|create_client\(|\bSession\(", text_of(name))
    ]
    assert makers == [str(ROOT.joinpath(clients.__file__).relative_to(ROOT))]


class Sent(Exception):
    """Instead of a call."""


def test_calls_have_our_user_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    """What botocore says otherwise takes it a tenth of each call."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    named: list[Any] = []

    def send(request: AWSPreparedRequest, **_: object) -> None:
        named.append(request.headers["User-Agent"])
        raise Sent

    client: Any = Session().create_client("sqs", "eu-west-1", config=config_of("sqs", CALLS))
    client.meta.events.register("before-send", send)
    with pytest.raises(Sent):
        client.send_message(QueueUrl="https://sqs.eu-west-1.amazonaws.com/1/q", MessageBody="x")
    (name,) = named
    assert name.startswith(USER_AGENT.encode())  # Powertools adds its own behind it


def test_parameters_are_checked_where_the_service_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    configs: dict[str, Any] = {service: config_of(service, CALLS) for service in OPERATIONS}
    unchecked = {service for service in configs if not configs[service].parameter_validation}
    assert unchecked == {"dynamodb", "sqs"}
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    # Those made here have no credentials.
    monkeypatch.setattr("tests.support.lambdas._clients", {})
    use_lasting_clients(monkeypatch)
    with pytest.raises(ParamValidationError):
        clients.dynamodb_client().get_item(TableName="jobs", Key={"job_id": {"N": 5}})
    with pytest.raises(ParamValidationError):
        clients.sqs_client().send_message(QueueUrl="https://sqs.example/q", MessageBody=5)  # type: ignore[arg-type]
