"""What every account store does: the fake, and the items in the table."""

from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest
from ringback.aws.accounts import AccountTable
from ringback.domain.accounts import AccountPause, PauseReason
from ringback.use_cases.ports import AccountStore

from tests.support.aws import a_cloud
from tests.support.in_memory import InMemoryAccounts
from tests.support.jobs import NOON
from tests.support.lambdas import lasting_client

REASON = PauseReason.NOT_CONFIGURED
MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["in_memory", "dynamo_db"])
def accounts(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AccountStore]:
    if request.param == "in_memory":
        yield InMemoryAccounts()
        return
    monkeypatch.setattr(boto3, "client", lasting_client)
    with a_cloud(monkeypatch) as cloud:
        yield AccountTable.connect(cloud.table)


def test_an_account_is_not_paused_until_it_is(accounts: AccountStore) -> None:
    accounts.pause("chanjing", REASON, at=NOON, until=NOON + MINUTE)
    assert accounts.paused("kie", at=NOON) is None


def test_a_pause_says_why_and_since_when(accounts: AccountStore) -> None:
    accounts.pause("kie", REASON, at=NOON, until=NOON + MINUTE)
    assert accounts.paused("kie", at=NOON) == AccountPause(
        provider="kie", reason=REASON, since=NOON, until=NOON + MINUTE
    )


def test_a_pause_ends_by_itself(accounts: AccountStore) -> None:
    accounts.pause("kie", REASON, at=NOON, until=NOON + MINUTE)
    assert accounts.paused("kie", at=NOON + MINUTE - timedelta(milliseconds=1))
    assert accounts.paused("kie", at=NOON + MINUTE) is None


def test_a_renewed_pause_keeps_its_start(accounts: AccountStore) -> None:
    accounts.pause("kie", REASON, at=NOON, until=NOON + 2 * MINUTE)
    accounts.pause("kie", REASON, at=NOON + MINUTE, until=NOON + 5 * MINUTE)
    pause = accounts.paused("kie", at=NOON + 4 * MINUTE)
    assert pause is not None
    assert (pause.since, pause.until) == (NOON, NOON + 5 * MINUTE)


def test_a_pause_is_never_shortened(accounts: AccountStore) -> None:
    accounts.pause("kie", REASON, at=NOON, until=NOON + 5 * MINUTE)
    accounts.pause("kie", REASON, at=NOON + MINUTE, until=NOON + 2 * MINUTE)
    pause = accounts.paused("kie", at=NOON + 4 * MINUTE)
    assert pause is not None
    assert pause.until == NOON + 5 * MINUTE


def test_a_pause_after_the_last_one_ended_begins_anew(accounts: AccountStore) -> None:
    accounts.pause("kie", REASON, at=NOON, until=NOON + MINUTE)
    later = NOON + timedelta(hours=1)
    accounts.pause("kie", REASON, at=later, until=later + MINUTE)
    pause = accounts.paused("kie", at=later)
    assert pause is not None
    assert pause.since == later
