"""A client's webhook secret is created or rotated, and those of all others stay."""

import json
from typing import Any, cast

import pytest
from ringback.callbacks.standard_webhooks import signing_keys
from ringback.domain.receivers import ClientWebhooks, OffReason, Receiver
from ringback.use_cases.deliveries import SwitchOn

from local import webhook_secrets
from local.owner_secrets import StoredJson
from local.webhook_secrets import Webhooks, main
from tests.support.jobs import NOON
from tests.support.webhooks import OLD_SECRET, InMemoryReceivers, InMemoryWebhookClients

URL = "https://studio.example/hooks"
OTHERS = {"shop": [OLD_SECRET]}


class Vault:
    """The secret, in the place of boto3's client."""

    def __init__(self) -> None:
        self.text = json.dumps(OTHERS)

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803
        return {"SecretString": self.text}

    def put_secret_value(self, *, SecretId: str, SecretString: str) -> None:  # noqa: N803
        self.text = SecretString


class Clients(InMemoryWebhookClients):
    def put(self, webhooks: ClientWebhooks) -> None:
        self.by_name[webhooks.client] = webhooks


class World:
    def __init__(self) -> None:
        self.vault = cast(Any, Vault())
        self.clients = cast(Any, Clients())
        self.receivers = InMemoryReceivers()
        self.webhooks = Webhooks(
            stored=StoredJson(self.vault, "arn:webhooks"),
            clients=self.clients,
            switch_on=SwitchOn(receivers=self.receivers),
        )

    @property
    def secrets(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = json.loads(self.vault.text)
        return found


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    for name in ("NAME", "URL", "STACK", "LOCAL", "ROTATE", "END_ROTATION"):
        monkeypatch.delenv(name, raising=False)
    world = World()
    monkeypatch.setattr(webhook_secrets, "webhooks_of", lambda stack: world.webhooks)
    return world


def secret_from(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["--name", "studio", *words]) == 0
    return capsys.readouterr().out.strip()


def test_a_new_secret_is_shown_once_and_the_others_stay(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = secret_from(capsys)
    assert len(signing_keys(secret)[0]) == 32
    assert world.secrets == OTHERS | {"studio": [secret]}
    assert world.clients.read("studio") == ClientWebhooks(client="studio")


def test_two_secrets_are_valid_during_a_rotation(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = secret_from(capsys), secret_from(capsys, "--rotate")
    assert world.secrets["studio"] == [second, first]
    third = secret_from(capsys, "--rotate")
    assert world.secrets["studio"] == [third, second]
    assert secret_from(capsys, "--end-rotation") == ""
    assert world.secrets == OTHERS | {"studio": [third]}


def test_a_secret_is_not_replaced_without_being_asked(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    before = secret_from(capsys)
    assert main(["--name", "studio"]) == 1
    assert "ROTATE=1" in capsys.readouterr().err
    assert world.secrets["studio"] == [before]


def test_a_receiver_is_set_and_changed_without_a_new_secret(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = secret_from(capsys, "--url", URL)
    assert secret
    assert world.clients.read("studio").url == URL
    assert secret_from(capsys, "--url", f"{URL}/2") == ""
    assert world.clients.read("studio").url == f"{URL}/2"
    secret_from(capsys, "--rotate")
    assert world.clients.read("studio").url == f"{URL}/2"


def test_a_receiver_that_is_set_is_on(world: World) -> None:
    off = Receiver(client="studio", host="studio.example")
    world.receivers.switch_off(off, at=NOON, reason=OffReason.GONE)
    assert main(["--name", "studio", "--url", URL]) == 0
    assert world.receivers.read("studio", "studio.example").is_new


@pytest.mark.parametrize("url", ["http://studio.example", "https://127.0.0.1/", "studio.example"])
def test_a_receiver_that_is_never_called_is_refused(world: World, url: str) -> None:
    assert main(["--name", "studio", "--url", url]) == 1
    assert world.secrets == OTHERS
    assert world.clients.read("studio") is None


@pytest.mark.parametrize("name", ["", " studio", "x" * 101])
def test_a_bad_name_is_refused(world: World, name: str) -> None:
    assert main(["--name", name]) == 1
    assert world.secrets == OTHERS


def test_ending_a_rotation_of_nothing_is_an_error(world: World) -> None:
    assert main(["--name", "studio", "--end-rotation"]) == 1
    assert world.clients.read("studio") is None


def test_names_come_from_make_variables(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"NAME": "studio", "URL": URL, "STACK": "ringback"}.items():
        monkeypatch.setenv(name, value)
    assert main([]) == 0
    assert world.secrets["studio"] == [capsys.readouterr().out.strip()]
