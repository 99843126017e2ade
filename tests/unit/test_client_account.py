"""What a client depends on: its receivers, and how one is switched on again."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

import pytest
from ringback.domain.accounts import Account, Balance, Hold, HoldReason, PauseReason, Probe
from ringback.domain.errors import UnknownReceiver
from ringback.domain.receivers import ClientWebhooks, OffReason, Receiver
from ringback.http_api.account import client_account_body
from ringback.use_cases.client_account import ClientAccount, ListedReceiver

from tests.support.in_memory import InMemoryAccounts
from tests.support.jobs import NOON
from tests.support.webhooks import InMemoryReceivers, InMemoryWebhookClients

URL = "https://studio.example:8443/hooks?token=secret"
OWN = Receiver(client="studio", host="studio.example:8443")
OTHER = Receiver(client="studio", host="jobs.example")


@dataclass
class World:
    accounts: InMemoryAccounts = field(default_factory=InMemoryAccounts)
    clients: InMemoryWebhookClients = field(default_factory=InMemoryWebhookClients)
    receivers: InMemoryReceivers = field(default_factory=InMemoryReceivers)

    def __post_init__(self) -> None:
        self.clients.by_name["studio"] = ClientWebhooks(client="studio", url=URL)

    @property
    def account(self) -> ClientAccount:
        return ClientAccount(
            accounts=self.accounts,
            providers=["kie", "chanjing"],
            clients=self.clients,
            receivers=self.receivers,
        )

    def switch_off(self, receiver: Receiver) -> Receiver:
        self.receivers.failed(receiver, at=NOON, timed_out=False)
        self.receivers.switch_off(receiver, at=NOON + timedelta(days=5), reason=OffReason.GONE)
        return self.receivers.read(receiver.client, receiver.host)

    def body(self, client: str = "studio") -> dict[str, object]:
        account = self.account
        return client_account_body(
            client,
            frozenset({"jobs:write", "jobs:read"}),
            account.provider_accounts(),
            account.receivers_of(client),
            at=NOON,
        )


def test_the_own_receiver_comes_first_and_only_those_of_jobs_that_fail() -> None:
    world = World()
    assert world.account.receivers_of("studio") == [ListedReceiver(OWN, URL)]
    off = world.switch_off(OTHER)
    world.switch_off(replace(OTHER, client="shop"))
    assert world.account.receivers_of("studio") == [ListedReceiver(OWN, URL), ListedReceiver(off)]
    own = world.switch_off(OWN)
    assert world.account.receivers_of("studio")[0] == ListedReceiver(own, URL)
    assert len(world.account.receivers_of("studio")) == 2


def test_a_client_without_a_secret_has_no_receivers() -> None:
    assert World().body("shop")["receivers"] == []


@pytest.mark.parametrize("receiver", [OWN, OTHER])
def test_a_receiver_is_switched_on_again(receiver: Receiver) -> None:
    world = World()
    world.switch_off(receiver)
    resumed = world.account.resume("studio", receiver.host)
    assert resumed.receiver == receiver
    assert world.receivers.read("studio", receiver.host).is_new
    assert world.account.receivers_of("studio") == [ListedReceiver(OWN, URL)]


@pytest.mark.parametrize("host", ["", "default", "hosts", "shop.example", "jobs.example"])
def test_another_client_s_receiver_is_an_unknown_one(host: str) -> None:
    world = World()
    for each in ("shop.example", "jobs.example"):
        world.switch_off(Receiver(client="shop", host=each))
    before = dict(world.receivers.known)
    with pytest.raises(UnknownReceiver):
        world.account.resume("studio", host)
    assert world.receivers.known == before


def test_the_body_has_no_query_of_a_url_and_says_since_when() -> None:
    world = World()
    world.switch_off(OWN)
    assert world.body()["receivers"] == [
        {
            **{"id": "studio.example:8443", "url": "studio.example:8443/hooks"},
            **{"is_default": True, "state": "off", "reason": "gone"},
            "since": (NOON + timedelta(days=5)).isoformat(),
            "failing_since": NOON.isoformat(),
        }
    ]


def test_the_body_has_each_provider_s_account() -> None:
    world = World()
    world.accounts.note_balance("kie", Balance(Decimal("99.5"), NOON))
    hold = Hold(reason=HoldReason.MAINTENANCE, since=NOON, until=NOON + timedelta(minutes=5))
    world.accounts.accounts["chanjing"] = Account(provider="chanjing", hold=hold)
    body = world.body()
    assert (body["client"], body["scopes"]) == ("studio", ["jobs:read", "jobs:write"])
    assert body["providers"] == [
        {
            **{
                "provider": "kie",
                "name": "kie",
                "state": "open",
                "reason": None,
                "since": None,
                "until": None,
            },
            **{"credits": 99.5, "credits_at": NOON.isoformat()},
        },
        {
            **{
                "provider": "chanjing",
                "name": "chanjing",
                "state": "open",
                "reason": "maintenance",
            },
            **{"since": NOON.isoformat(), "until": (NOON + timedelta(minutes=5)).isoformat()},
            **{"credits": None, "credits_at": None},
        },
    ]


def test_an_account_that_was_paused_for_want_of_credits_has_none_since_then() -> None:
    world = World()
    world.accounts.note_balance("kie", Balance(Decimal(3), NOON - timedelta(minutes=1)))
    world.accounts.pause(
        Probe(provider="kie", probe_id="p"),
        reason=PauseReason.NO_CREDITS,
        at=NOON,
        began_at=NOON,
        probe_at=NOON,
        refused_job=None,
    )
    [kie, _] = world.body()["providers"]  # type: ignore[misc]
    assert (kie["state"], kie["reason"]) == ("paused", "no_credits")  # type: ignore[has-type]
    assert (kie["credits"], kie["credits_at"]) == (0, NOON.isoformat())  # type: ignore[has-type]
