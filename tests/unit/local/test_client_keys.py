"""A client's key is added, replaced or revoked, and the keys of all others stay."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ringback.domain.client_keys import OF_FIRST_FORM, keys_in
from ringback.use_cases.authorize_client import key_in

from local.client_keys import OUTPUT, Keys, checked_scopes, main, with_key, without
from local.failures import LocalFailure
from local.owner_secrets import StoredJson, checked_name
from tests.support.client_keys import client_of

ARN = "arn:keys"
STUDIO = {"studio": "5" * 64}
NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)


class Aws:
    """One stack and its secret, in the place of a boto3 session and of both of its clients."""

    def __init__(self) -> None:
        self.secrets = {ARN: json.dumps(STUDIO)}

    def client(self, _service: str, **_: str) -> "Aws":
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
    for name in ("NAME", "SCOPES", "KEY", "STACK", "LOCAL"):
        monkeypatch.delenv(name, raising=False)
    cloud = Aws()
    monkeypatch.setattr("boto3.Session", lambda: cloud)
    return cloud


@pytest.fixture
def stored(aws: Any) -> StoredJson:
    return StoredJson(aws, ARN)


@dataclass
class World:
    keys: Keys
    stored: StoredJson
    closed: list[str]
    used: dict[str, datetime]


@pytest.fixture
def world(stored: StoredJson) -> World:
    closed: list[str] = []
    used: dict[str, datetime] = {}

    def uses() -> Mapping[str, datetime]:
        return used

    return World(Keys(stored=stored, close=closed.append, uses=uses), stored, closed, used)


@pytest.mark.parametrize("value", [None, ""])
def test_the_first_key_needs_no_value_before_it(aws: Aws, world: World, value: str | None) -> None:
    """The template's secret has none; the local AWS shows that as an empty one."""
    aws.secrets = {} if value is None else {ARN: value}
    world.keys.create("studio", ["jobs:read"])
    assert [key.client for key in keys_in(world.stored.read())] == ["studio"]


def test_a_second_key_leaves_all_others_as_they_are(world: World) -> None:
    first = world.keys.create("drop", ["jobs:read"])
    second = world.keys.create("drop", ["admin"])
    assert world.stored.read()["studio"] == STUDIO["studio"]
    found = {key: key_in(f"Bearer {key}", world.stored.read()) for key in (first, second)}
    assert [(key.client, [*key.scopes]) for key in found.values() if key] == [
        ("drop", ["jobs:read"]),
        ("drop", ["admin"]),
    ]


def test_a_key_is_shown_once_and_not_stored(
    stored: StoredJson, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["key", "--name", "drop", "--scopes", "jobs:write"]) == 0
    printed = capsys.readouterr()
    key = printed.out.strip()
    assert client_of(f"Bearer {key}", stored.read()) == "drop"
    assert key not in json.dumps(stored.read()) + printed.err
    assert "may be refused for up to 60 seconds" in printed.err
    assert "for jobs:write" in printed.err


def test_names_and_scopes_come_from_make_variables(
    stored: StoredJson, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"NAME": "drop", "SCOPES": "admin, jobs:read", "STACK": "ringback"}.items():
        monkeypatch.setenv(name, value)
    assert main(["key"]) == 0
    key = key_in(f"Bearer {capsys.readouterr().out.strip()}", stored.read())
    assert key
    assert (key.client, sorted(key.scopes)) == ("drop", ["admin", "jobs:read"])


def test_a_key_without_scopes_reads_and_writes() -> None:
    assert set(checked_scopes("")) == OF_FIRST_FORM == {"jobs:read", "jobs:write"}


def test_unknown_scopes_are_named_with_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LocalFailure, match="unknown scopes: jobs:all, root; there are jobs:read"):
        checked_scopes("jobs:read,root,jobs:all")


def test_one_key_is_revoked_and_the_others_stay(world: World) -> None:
    first, second = (world.keys.create("drop", ["jobs:read"]) for _ in range(2))
    key = key_in(f"Bearer {first}", world.stored.read())
    assert key
    assert world.keys.revoke("drop", key.id) == [key]
    assert client_of(f"Bearer {first}", world.stored.read()) is None
    assert client_of(f"Bearer {second}", world.stored.read()) == "drop"
    assert world.stored.read()["studio"] == STUDIO["studio"]
    assert world.closed == ["drop"]


def test_all_keys_of_a_client_are_revoked_in_both_forms(world: World) -> None:
    world.keys.create("studio", ["jobs:read"])
    world.keys.create("drop", ["jobs:read"])
    assert len(world.keys.revoke("studio")) == 2
    assert {key.client for key in keys_in(world.stored.read())} == {"drop"}


def test_revoking_what_is_not_there_changes_nothing(world: World) -> None:
    for name, key_id, message in (
        ("stduio", "", "clients with a key: studio"),
        ("studio", "abc", "its keys: 55555555"),
    ):
        with pytest.raises(LocalFailure, match=message):
            world.keys.revoke(name, key_id)
    assert (world.stored.read(), world.closed) == (STUDIO, [])


def test_keys_are_listed_with_their_last_use(world: World) -> None:
    secret = with_key(STUDIO, "drop", "ab" * 32, ["jobs:write", "admin"], at=NOW)
    world.stored.write(secret)
    world.used["abababab"] = NOW
    assert list(world.keys.table()) == [
        ("drop", "abababab", "admin,jobs:write", "2026-11-27", "2026-11-27 09:30+00:00"),
        ("studio", "55555555", "jobs:read,jobs:write", "unknown", "never, as far as logs reach"),
    ]


@pytest.mark.parametrize("text", ["[]", "not JSON", '"studio"'])
def test_a_secret_that_cannot_be_read_is_not_overwritten(aws: Aws, text: str) -> None:
    aws.secrets[ARN] = text
    assert main(["key", "--name", "drop"]) == 1
    assert aws.secrets[ARN] == text


@pytest.mark.parametrize("name", ["", "  ", " studio", "stu\ndio", "x" * 101])
def test_a_bad_name_is_refused(name: str, stored: StoredJson) -> None:
    with pytest.raises(LocalFailure):
        checked_name(name, example="x")
    assert main(["key", "--name", name]) == 1
    assert stored.read() == STUDIO


@pytest.mark.parametrize("name", ["studio", "the studio", "Größe", "x" * 100])
def test_any_other_name_is_taken(name: str) -> None:
    assert checked_name(name, example="x") == name


@pytest.mark.usefixtures("aws")
def test_an_unknown_stack_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "--name", "drop", "--stack", "other"]) == 1
    assert "DescribeStacks" in capsys.readouterr().err


def test_a_change_does_not_change_what_it_was_given() -> None:
    before = with_key(STUDIO, "drop", "6" * 64, ["admin"], at=NOW)
    copy = json.loads(json.dumps(before))
    assert without(with_key(before, "drop", "7" * 64, [], at=NOW), "drop", "7" * 8) == before
    assert without(before, "drop", "") == STUDIO
    assert before == copy


def test_versions_before_scopes_know_no_key_of_the_second_form() -> None:
    """The first version calls ``encode`` on each entry, and compares that with the digest."""
    secret = with_key(STUDIO, "drop", "6" * 64, ["admin"], at=NOW)
    assert all(isinstance(text, str) for text in secret.values())
    assert [text for text in secret.values() if len(text) == 64] == [*STUDIO.values()]


def test_a_client_whose_name_looks_like_a_digest_keeps_its_key() -> None:
    name = "ab" * 32
    secret = with_key({name: "5" * 64}, "a client with spaces", "6" * 64, ["admin"], at=NOW)
    assert [(key.client, key.digest) for key in keys_in(secret)] == [
        (name, "5" * 64),
        ("a client with spaces", "6" * 64),
    ]
