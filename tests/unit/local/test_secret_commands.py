"""``make callback-secret`` and ``make provider-secret`` change what they are told to, unseen."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ringback.aws.secrets import LASTING_SECONDS

from local import callback_secret, provider_secrets

OLD, HMAC_KEY = "c" * 64, "webhook-key-of-many-letters"
OUTPUTS = {
    "CallbackSecretArn": "callback",
    "KieSecretArn": "kie",
    "ChanjingSecretArn": "chanjing",
}


class Aws:
    """A stack and its secrets, in the place of a session and of both of its clients."""

    def __init__(self) -> None:
        self.secrets: dict[str, Any] = {
            "callback": {"current": OLD},
            "kie": {"api_key": "kie-key", "webhook_hmac_keys": [HMAC_KEY]},
        }
        self.writes: list[Any] = []

    def client(self, _service: str) -> "Aws":
        return self

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        listed = [{"OutputKey": name, "OutputValue": value} for name, value in OUTPUTS.items()]
        return {"Stacks": [{"Outputs": listed}]}

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803
        if SecretId not in self.secrets:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")
        return {"SecretString": json.dumps(self.secrets[SecretId])}

    def put_secret_value(self, *, SecretId: str, SecretString: str) -> None:  # noqa: N803
        self.secrets[SecretId] = json.loads(SecretString)
        self.writes.append(self.secrets[SecretId])


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Aws]:
    """No test's command may print a secret."""
    for name in ("STACK", "LOCAL", "ROTATE", "END_ROTATION", "REPLACE", "PROVIDER"):
        monkeypatch.delenv(name, raising=False)
    aws = Aws()
    monkeypatch.setattr("boto3.Session", lambda: aws)
    yield aws
    printed = "".join(capsys.readouterr())
    written = [str(write.get("current")) for write in aws.writes]
    for secret in (OLD, HMAC_KEY, "kie-key", *written):
        assert secret not in printed


def rotate(monkeypatch: pytest.MonkeyPatch, variable: str) -> int:
    monkeypatch.setenv(variable, "1")
    try:
        return callback_secret.main([])
    finally:
        monkeypatch.delenv(variable)


def test_a_rotation_signs_with_the_new_value_after_all_know_it(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(callback_secret, "sleep", waits.append)
    assert rotate(monkeypatch, "ROTATE") == 0
    first, second = aws.writes
    assert (first["current"], second["previous"]) == (OLD, OLD)
    assert first["previous"] == second["current"]
    assert len(second["current"]) == 64
    assert waits == [LASTING_SECONDS + 60]
    assert rotate(monkeypatch, "ROTATE") == 1  # has not ended
    assert rotate(monkeypatch, "END_ROTATION") == 0
    assert aws.secrets["callback"] == {"current": second["current"]}


def test_a_leaked_value_is_replaced_at_once(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.secrets["callback"]["previous"] = "p" * 64
    assert rotate(monkeypatch, "REPLACE") == 0
    [only] = aws.writes
    assert list(only) == ["current"]
    assert only["current"] not in (OLD, "p" * 64)


def test_a_secret_without_a_value_is_not_rotated(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.secrets["callback"] = {}
    assert rotate(monkeypatch, "ROTATE") == rotate(monkeypatch, "END_ROTATION") == 1
    assert aws.writes == []


def test_without_a_word_nothing_changes(aws: Aws) -> None:
    assert callback_secret.main([]) == 2
    assert aws.writes == []


def store(monkeypatch: pytest.MonkeyPatch, provider: str, *answers: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{each}\n" for each in answers)))
    return provider_secrets.main(["--provider", provider])


@pytest.mark.parametrize(
    ("answers", "after"),
    [
        (("kie-key-2", ""), {"api_key": "kie-key-2", "webhook_hmac_keys": [HMAC_KEY]}),
        (("", "-"), {"api_key": "kie-key", "webhook_hmac_keys": []}),
        (("-", ""), {"api_key": "", "webhook_hmac_keys": [HMAC_KEY]}),
        (
            ("", f"another-key-of-kie, {HMAC_KEY} "),
            {"api_key": "kie-key", "webhook_hmac_keys": ["another-key-of-kie", HMAC_KEY]},
        ),
        ((), {"api_key": "kie-key", "webhook_hmac_keys": [HMAC_KEY]}),
    ],
)
def test_a_field_is_changed_and_the_others_stay(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, answers: tuple[str, ...], after: dict[str, Any]
) -> None:
    assert store(monkeypatch, "kie", *answers) == 0
    assert aws.writes == [after]


def test_the_first_credentials_need_no_value_before_them(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store(monkeypatch, "chanjing", "app", "key") == 0
    assert aws.secrets["chanjing"] == {"app_id": "app", "secret_key": "key"}


def test_a_key_of_no_use_changes_nothing(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store(monkeypatch, "kie", "kie-key-2", "short") == 1
    assert aws.writes == []


def test_a_terminal_shows_no_answer(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(text: str) -> str:
        asked.append(text)
        return ""

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(provider_secrets, "getpass", ask)
    monkeypatch.setenv("PROVIDER", "kie")
    assert provider_secrets.main([]) == 0
    assert [text.split()[0] for text in asked] == ["api_key", "webhook_hmac_keys"]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("provider", ["", "kei"])
def test_an_unknown_provider_is_a_mistake(monkeypatch: pytest.MonkeyPatch, provider: str) -> None:
    assert store(monkeypatch, provider, "x", "y") == 1
