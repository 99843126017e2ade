"""Each check of ``make doctor`` is good on a healthy stack, and goes red with its own trouble."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from ringback.domain.accounts import ProbeAnswer
from ringback.domain.errors import CredentialsRefused, ProviderUnavailable
from ringback.domain.version import VERSION

from local import doctor
from local.chosen_stack import Stack
from local.doctor import CHECKS, examine, main
from local.health import account, alarms, callbacks, providers, queues
from local.health.findings import Finding, Level
from tests.support.repository import anchors_of
from tests.support.template import load_template, resources

HMAC_KEY = "webhook-key-of-many-letters"
SECRETS: dict[str, Any] = {
    "kie": {"api_key": "k-key", "webhook_hmac_keys": [HMAC_KEY]},
    "chanjing": {"app_id": "a", "secret_key": "c-key"},
    "callback": {"current": "c" * 64},
    "clients": {"studio": "5" * 64},
    "webhooks": {"studio": ["whsec_dGhlIHNlY3JldCBvZiBzdHVkaW8ncyB3ZWJob29rcw=="]},
}
OUTPUTS = {
    "Version": VERSION,
    "JobsTableName": "jobs",
    "ImagesBucketName": "images",
    "KieSecretArn": "kie",
    "ChanjingSecretArn": "chanjing",
    "CallbackSecretArn": "callback",
    "ClientKeysSecretArn": "clients",
    "WebhookSecretArn": "webhooks",
}
SOURCES = {
    f"{name}{event}": "Enabled"
    for name, function in resources("AWS::Serverless::Function").items()
    for event, described in function.get("Events", {}).items()
    if described["Type"] in ("SQS", "DynamoDB")
}


def a_refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


@dataclass
class Aws:
    """A healthy stack, in the place of a session and of all its clients."""

    status: str = "UPDATE_COMPLETE"
    outputs: dict[str, str] = field(default_factory=lambda: {**OUTPUTS})
    parameters: dict[str, str] = field(default_factory=lambda: {"AlarmEmail": "me@example.com"})
    secrets: dict[str, Any] = field(default_factory=lambda: {**SECRETS})
    runtime: str = "python3.13"
    state: str = "Active"
    executions: int = 1000
    sources: dict[str, str] = field(default_factory=lambda: {**SOURCES})
    last_result: str = "OK"
    due: dict[str, int] = field(default_factory=dict)
    being_read: dict[str, int] = field(default_factory=dict)
    untold: list[Any] = field(default_factory=list)
    subscription: str = "arn:aws:sns:eu-west-1:1:topic:1"
    alarm_states: dict[str, str] = field(default_factory=dict)
    actions_enabled: bool = True
    account: dict[str, Any] = field(default_factory=dict)
    error: Exception | None = None

    def client(self, _service: str) -> "Aws":
        return self

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        outputs = [{"OutputKey": key, "OutputValue": each} for key, each in self.outputs.items()]
        given = {"KieBaseUrl": "https://kie", "ChanjingBaseUrl": "https://c"} | self.parameters
        parameters = [
            {"ParameterKey": name, "ParameterValue": value} for name, value in given.items()
        ]
        described = {"StackStatus": self.status, "Outputs": outputs, "Parameters": parameters}
        return {"Stacks": [described]}

    def get_paginator(self, operation: str) -> "Aws":
        self.listed: Any = (
            {"StackResourceSummaries": self.all_resources()}
            if operation == "list_stack_resources"
            else {"Contents": self.untold}
        )
        return self

    def paginate(self, **_: Any) -> list[Any]:
        return [self.listed]

    def all_resources(self) -> list[dict[str, str]]:
        named: Mapping[str, Iterable[str]] = {
            "AWS::Lambda::Function": resources("AWS::Serverless::Function"),
            "AWS::SQS::Queue": resources("AWS::SQS::Queue"),
            "AWS::Lambda::EventSourceMapping": SOURCES,
            "AWS::SNS::Topic": ["AlarmTopic"],
            "AWS::CloudWatch::Alarm": ["SubmitDeadLettersAlarm", "AccountPausedAlarm"],
        }
        return [
            {"LogicalResourceId": name, "PhysicalResourceId": name, "ResourceType": kind}
            for kind, names in named.items()
            for name in names
        ]

    def get_function_configuration(self, **_: Any) -> dict[str, Any]:
        variables = {"CALLBACK_BASE_URL": "https://callbacks.example"}
        found = {"Runtime": self.runtime, "State": self.state, "StateReason": "no role"}
        return found | {"Environment": {"Variables": variables}}

    def get_account_settings(self) -> dict[str, Any]:
        if self.error:
            raise self.error
        return {"AccountLimit": {"UnreservedConcurrentExecutions": self.executions}}

    def get_event_source_mapping(self, *, UUID: str) -> dict[str, str]:  # noqa: N803
        return {"State": self.sources[UUID], "LastProcessingResult": self.last_result}

    def get_queue_attributes(self, *, QueueUrl: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        numbers = self.due.get(QueueUrl, 0), self.being_read.get(QueueUrl, 0)
        return {"Attributes": dict(zip(queues.COUNTS, map(str, numbers), strict=True))}

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803
        if SecretId not in self.secrets:
            raise a_refusal("ResourceNotFoundException", "GetSecretValue")
        return {"SecretString": json.dumps(self.secrets[SecretId])}

    def get_item(self, *, Key: Any, **_: Any) -> dict[str, Any]:  # noqa: N803
        return {"Item": self.account} if Key["job_id"]["S"] == "account#kie#state" else {}

    def list_subscriptions_by_topic(self, **_: Any) -> dict[str, Any]:
        found = [{"SubscriptionArn": self.subscription}] if self.subscription else []
        return {"Subscriptions": found}

    def describe_alarms(self, *, AlarmNames: list[str]) -> dict[str, Any]:  # noqa: N803
        return {
            "MetricAlarms": [
                {
                    "AlarmName": name,
                    "StateValue": self.alarm_states.get(name, "OK"),
                    "ActionsEnabled": self.actions_enabled,
                }
                for name in AlarmNames
            ]
        }


@dataclass
class FakeProvider:
    answer: ProbeAnswer | Exception

    def connect(self, _access: Any) -> "FakeProvider":
        return self

    def probe(self) -> ProbeAnswer:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def a_stack(**changes: Any) -> Stack:
    session: Any = Aws(**changes)
    return Stack("ringback", session)


def found(check: Callable[[Stack], Any], **changes: Any) -> list[Finding]:
    return [*check(a_stack(**changes))]


def texts(findings: list[Finding], level: Level) -> list[str]:
    return [each.text for each in findings if each.level is level]


def answers(url_answer: Callable[[httpx.Request], httpx.Response]) -> Callable[[Stack], Any]:
    transport = httpx.MockTransport(url_answer)
    return lambda stack: callbacks.callback_url(stack, transport)


def a_refused_token(request: httpx.Request) -> httpx.Response:
    assert str(request.url) == f"https://callbacks.example{callbacks.UNKNOWN}"
    assert request.method == "POST"
    return httpx.Response(404, headers={"content-type": "application/problem+json"})


def use(monkeypatch: pytest.MonkeyPatch, answer: ProbeAnswer | Exception) -> None:
    monkeypatch.setattr(providers, "EXTERNAL", {"kie": FakeProvider(answer)})


GOOD = ProbeAnswer(is_good=True, credits=Decimal(812))


def test_a_healthy_stack_has_nothing_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, GOOD)
    healthy = answers(a_refused_token)
    checks = [
        doctor.Check(each.name, healthy, each.section) if each.name == "callback URL" else each
        for each in CHECKS
    ]
    assert examine(a_stack(), checks) == 0
    shown = capsys.readouterr().out
    first, *lines = shown.splitlines()
    assert first == "Stack ringback, UPDATE_COMPLETE"
    assert {line[:6] for line in lines} == {"ok    "}
    assert {check.name for check in CHECKS} == {line[6:].split(":")[0] for line in lines}
    for secret in ("k-key", "c-key", HMAC_KEY, "c" * 64, "5" * 64, "whsec"):
        assert secret not in shown


BROKEN: Mapping[str, tuple[Callable[[Stack], Any], dict[str, Any], Level, str]] = {
    "a failed update": (
        account.versions,
        {"status": "UPDATE_ROLLBACK_COMPLETE"},
        Level.FAIL,
        "the stack is UPDATE_ROLLBACK_COMPLETE",
    ),
    "another version": (
        account.versions,
        {"outputs": OUTPUTS | {"Version": "0.0.9"}},
        Level.WARN,
        "the stack has 0.0.9",
    ),
    "a version before there was an output": (
        account.versions,
        {"outputs": {name: OUTPUTS[name] for name in OUTPUTS if name != "Version"}},
        Level.WARN,
        "an older version",
    ),
    "another runtime": (account.versions, {"runtime": "python3.11"}, Level.WARN, "python3.11"),
    "a function that cannot run": (account.versions, {"state": "Failed"}, Level.FAIL, "no role"),
    "few executions": (account.concurrency, {"executions": 29}, Level.FAIL, "3 are left"),
    "no key": (
        providers.keys,
        {"secrets": {name: SECRETS[name] for name in SECRETS if name not in ("kie", "chanjing")}},
        Level.WARN,
        "kie: no key is stored",
    ),
    "a key that was stored by itself": (
        providers.keys,
        {"secrets": SECRETS | {"kie": "k-key", "chanjing": "c-key"}},
        Level.FAIL,
        "kie: secret kie is not a JSON object",
    ),
    "an account without credits": (
        providers.paused_accounts,
        {
            "account": {
                "reason": {"S": "no_credits"},
                "since": {"N": "1795730000000"},
                "probe_at": {"N": "1795730000000"},
            }
        },
        Level.FAIL,
        "kie: paused since 2026-11-26 21:53 UTC, no_credits",
    ),
    "no webhook key": (
        callbacks.hmac_keys,
        {"secrets": SECRETS | {"kie": {"api_key": "k-key", "webhook_hmac_keys": []}}},
        Level.WARN,
        "no webhook_hmac_keys",
    ),
    "a webhook key that was mangled": (
        callbacks.hmac_keys,
        {"secrets": SECRETS | {"kie": {"webhook_hmac_keys": [f"{HMAC_KEY} "]}}},
        Level.FAIL,
        "white space",
    ),
    "a short callback secret": (
        callbacks.own_secrets,
        {"secrets": SECRETS | {"callback": {"current": "short"}}},
        Level.FAIL,
        "fewer than 32 bytes",
    ),
    "no client": (
        callbacks.own_secrets,
        {"secrets": SECRETS | {"clients": {}}},
        Level.WARN,
        "nobody can use the API",
    ),
    "a webhook secret that signs nothing": (
        callbacks.own_secrets,
        {"secrets": SECRETS | {"webhooks": {"studio": "hush", "shop": ["hush"]}}},
        Level.FAIL,
        "unusable for studio, shop",
    ),
    "a callback URL that leads elsewhere": (
        answers(lambda _: httpx.Response(404, headers={"content-type": "text/html"})),
        {},
        Level.FAIL,
        "404, text/html: not in Ringback's words",
    ),
    "a callback URL that takes any token": (
        answers(
            lambda _: httpx.Response(200, headers={"content-type": "application/problem+json"})
        ),
        {},
        Level.FAIL,
        "answered a wrong token with 200",
    ),
    "a disabled event source": (
        queues.event_sources,
        {"sources": SOURCES | {"SubmitJobFunctionTurn": "Disabled"}},
        Level.FAIL,
        "SubmitJobFunctionTurn is disabled",
    ),
    "one that is off on purpose": (
        queues.event_sources,
        {
            "sources": SOURCES | {"MakeThumbnailsFunctionThumbnail": "Disabled"},
            "parameters": {"Thumbnails": "false"},
        },
        Level.WARN,
        "off by a parameter: MakeThumbnailsFunctionThumbnail",
    ),
    "one that has a problem": (
        queues.event_sources,
        {"last_result": "PROBLEM: Function call failed"},
        Level.FAIL,
        "PROBLEM: Function call failed",
    ),
    "a message that nobody reads": (
        queues.waiting_messages,
        {"due": {"SubmitQueue": 3}},
        Level.WARN,
        "3 in SubmitQueue",
    ),
    "a dead letter": (
        queues.dead_letters,
        {"due": {"ArchiveDeadLetters": 2}},
        Level.FAIL,
        "2 in ArchiveDeadLetters",
    ),
    "a dead letter that somebody reads": (
        queues.dead_letters,
        {"being_read": {"ArchiveDeadLetters": 1}},
        Level.FAIL,
        "1 in ArchiveDeadLetters",
    ),
    "no alarms": (alarms.alarms, {"parameters": {}}, Level.WARN, "off: nobody is told"),
    "a subscription without an answer": (
        alarms.alarms,
        {"subscription": "PendingConfirmation"},
        Level.FAIL,
        "has not confirmed",
    ),
    "nobody subscribed": (alarms.alarms, {"subscription": ""}, Level.FAIL, "has not confirmed"),
    "an alarm that rings": (
        alarms.alarms,
        {"alarm_states": {"SubmitDeadLettersAlarm": "ALARM"}},
        Level.FAIL,
        "SubmitDeadLettersAlarm rings",
    ),
    "silenced alarms": (
        alarms.alarms,
        {"actions_enabled": False},
        Level.WARN,
        "2 alarms have their actions disabled",
    ),
}


@pytest.mark.parametrize("trouble", BROKEN)
def test_each_trouble_is_found(trouble: str) -> None:
    check, changes, level, text = BROKEN[trouble]
    assert any(text in each for each in texts(found(check, **changes), level))


@pytest.mark.parametrize(
    ("answer", "level", "text"),
    [
        (CredentialsRefused("kie.ai refuses the key"), Level.FAIL, "kie.ai refuses the key"),
        (ProviderUnavailable("ConnectTimeout"), Level.WARN, "no answer (ConnectTimeout)"),
        (ProbeAnswer(is_good=False, credits=Decimal(0)), Level.FAIL, "0 credits left"),
        (ProbeAnswer(is_good=True, credits=Decimal("99.5")), Level.WARN, "99.5 credits left"),
        (ProbeAnswer(is_good=True), Level.OK, "kie: the key works"),
    ],
)
def test_what_a_provider_says_of_the_key(
    monkeypatch: pytest.MonkeyPatch, answer: ProbeAnswer | Exception, level: Level, text: str
) -> None:
    use(monkeypatch, answer)
    [finding] = found(providers.keys)
    assert finding.level is level
    assert text in finding.text


def test_a_callback_url_that_can_t_be_reached() -> None:
    def no_name(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Name or service not known", request=request)

    [finding] = found(answers(no_name))
    assert finding.level is Level.FAIL
    assert "Name or service not known" in finding.text


def test_a_failure_names_its_section_and_fails_the_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ringing = {"SubmitDeadLettersAlarm": "ALARM"}
    assert examine(a_stack(alarm_states=ringing), CHECKS[-1:]) == 1
    line = capsys.readouterr().out.splitlines()[-1]
    assert line == (
        "fail  alarms: SubmitDeadLettersAlarm rings  -> docs/operate.md#alarm-submit-dead-letters"
    )


def test_a_check_without_permission_is_said_and_fails_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    denied = a_refusal("AccessDenied", "GetAccountSettings")
    [check] = [each for each in CHECKS if each.name == "concurrency"]
    assert examine(a_stack(error=denied), [check]) == 0
    assert "not checked: " in capsys.readouterr().out


def test_an_output_that_is_missing_fails(capsys: pytest.CaptureFixture[str]) -> None:
    [check] = [each for each in CHECKS if each.name == "webhook key"]
    assert examine(a_stack(outputs={}), [check]) == 1
    assert "stack ringback has no output KieSecretArn" in capsys.readouterr().out


def test_a_mistake_in_the_setting_up_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_session() -> None:
        raise NoCredentialsError

    monkeypatch.setattr("boto3.Session", no_session)
    assert main([]) == 1
    assert capsys.readouterr().err == "doctor: Unable to locate credentials\n"


def test_every_section_exists() -> None:
    named = {check.section for check in CHECKS} | {"without-thumbnails-deletions-drops-or-events"}
    named |= {"callback-secret", "client-keys", "webhook-secrets"}
    assert named <= anchors_of("docs/operate.md")


def test_the_template_names_the_version() -> None:
    assert load_template()["Outputs"]["Version"]["Value"] == VERSION


def test_it_is_known_how_long_the_runtime_is_mended() -> None:
    assert load_template()["Globals"]["Function"]["Runtime"] in account.MENDED_UNTIL


def test_the_alarm_s_own_limit_of_credits_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, GOOD)
    for limit, level in (("813", Level.WARN), ("812", Level.OK)):
        [finding] = found(providers.keys, parameters={"KieLowCredits": limit})
        assert finding.level is level
