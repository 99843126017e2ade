"""A client's key is added, replaced or revoked, and the keys of all others stay."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ringback.use_cases.authorize_client import client_of

from local.client_keys import OUTPUT, create, main, revoke, with_hash
from local.failures import LocalFailure
from local.owner_secrets import StoredJson, checked_name

ARN = "arn:keys"
STUDIO = {"studio": "5" * 64}


class Aws:
    """One stack and its secret, in the place of a boto3 session and of both of its clients."""

    def __init__(self) -> None:
        self.secrets = {ARN: json.dumps(STUDIO)}

    def client(self, _service: str) -> "Aws":
        return self

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
        if StackName != "ringback":
            raise ClientError({"Error": {"Code": "ValidationError"}}, "DescribeStacks")
        outputs = {"JobsApiUrl": "https://api.example", OUTPUT: ARN}
        listed = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
        return {"Stacks": [{"Outputs": listed}]}

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803
        if SecretId not in self.secrets:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")
        return {"SecretString": self.secrets[SecretId]}

    def put_secret_value(self, *, SecretId: str, SecretString: str) -> None:  # noqa: N803
        self.secrets[SecretId] = SecretString


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    for name in ("CLIENT", "STACK", "REPLACE", "REVOKE"):
        monkeypatch.delenv(name, raising=False)
    cloud = Aws()
    monkeypatch.setattr("boto3.Session", lambda: cloud)
    return cloud


@pytest.fixture
def stored(aws: Any) -> StoredJson:
    return StoredJson(aws, ARN)


@pytest.mark.parametrize("value", [None, ""])
def test_the_first_key_needs_no_value_before_it(
    aws: Aws, stored: StoredJson, value: str | None
) -> None:
    """The template's secret has none; the local AWS shows that as an empty one."""
    aws.secrets = {} if value is None else {ARN: value}
    create(stored, "studio", replace=False)
    assert list(stored.read()) == ["studio"]


def test_a_new_key_works_and_the_others_stay(
    stored: StoredJson, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--client", "drop"]) == 0
    printed = capsys.readouterr()
    key = printed.out.strip()
    assert client_of(f"Bearer {key}", stored.read()) == "drop"
    assert stored.read()["studio"] == "5" * 64
    assert key not in json.dumps(stored.read()) + printed.err


def test_names_come_from_make_variables(
    stored: StoredJson, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLIENT", "drop")
    monkeypatch.setenv("STACK", "ringback")
    assert main([]) == 0
    assert client_of(f"Bearer {capsys.readouterr().out.strip()}", stored.read()) == "drop"


def test_a_key_is_replaced_only_on_request(
    stored: StoredJson, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--client", "studio"]) == 1
    refused = capsys.readouterr()
    assert refused.out == ""
    assert "'studio' has a key already; REPLACE=1 replaces it" in refused.err
    assert stored.read() == STUDIO
    monkeypatch.setenv("REPLACE", "1")
    assert main(["--client", "studio"]) == 0
    key = capsys.readouterr().out.strip()
    assert client_of(f"Bearer {key}", stored.read()) == "studio"


def test_a_key_is_revoked_and_the_others_stay(
    stored: StoredJson, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = create(stored, "drop", replace=False)
    monkeypatch.setenv("REVOKE", "1")
    assert main(["--client", "studio"]) == 0
    assert stored.read().keys() == {"drop"}
    assert client_of(f"Bearer {key}", stored.read()) == "drop"


def test_revoking_an_unknown_client_changes_nothing(stored: StoredJson) -> None:
    with pytest.raises(LocalFailure, match="clients with a key: studio"):
        revoke(stored, "stduio")
    assert stored.read() == STUDIO


@pytest.mark.parametrize("text", ["[]", "not JSON", '"studio"'])
def test_a_secret_that_cannot_be_read_is_not_overwritten(aws: Aws, text: str) -> None:
    aws.secrets[ARN] = text
    assert main(["--client", "drop"]) == 1
    assert aws.secrets[ARN] == text


@pytest.mark.parametrize("name", ["", "  ", " studio", "stu\ndio", "x" * 101])
def test_a_bad_name_is_refused(name: str, stored: StoredJson) -> None:
    with pytest.raises(LocalFailure):
        checked_name(name, example="x")
    assert main(["--client", name]) == 1
    assert stored.read() == STUDIO


@pytest.mark.parametrize("name", ["studio", "the studio", "Größe", "x" * 100])
def test_any_other_name_is_taken(name: str) -> None:
    assert checked_name(name, example="x") == name


@pytest.mark.usefixtures("aws")
def test_an_unknown_stack_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--client", "drop", "--stack", "other"]) == 1
    assert "DescribeStacks" in capsys.readouterr().err


def test_the_merge_does_not_change_what_it_was_given() -> None:
    before: dict[str, Any] = {"studio": "5"}
    assert with_hash(before, "drop", "6", replace=False) == {"studio": "5", "drop": "6"}
    assert before == {"studio": "5"}
