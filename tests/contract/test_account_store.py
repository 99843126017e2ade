"""What every account store does: the fake, and the items in the table."""

from dataclasses import replace
from datetime import timedelta

import boto3
import pytest
from ringback.aws.accounts import AccountTable
from ringback.domain.accounts import AccountPause, PauseReason
from ringback.use_cases.ports import AccountStore

from tests.support.aws import Cloud
from tests.support.in_memory import InMemoryAccounts
from tests.support.jobs import NOON

PAUSE = AccountPause(
    provider="kie",
    reason=PauseReason.NOT_CONFIGURED,
    since=NOON,
    next_try_at=NOON + timedelta(seconds=30),
)


@pytest.fixture(params=["in_memory", "dynamo_db"])
def accounts(request: pytest.FixtureRequest) -> AccountStore:
    if request.param == "in_memory":
        return InMemoryAccounts()
    return AccountTable.connect(request.getfixturevalue("cloud").table)


def test_an_account_is_not_paused_until_it_is(accounts: AccountStore) -> None:
    assert accounts.paused("kie") is None
    accounts.pause(replace(PAUSE, provider="chanjing"))
    assert accounts.paused("kie") is None


def test_a_pause_is_kept_as_it_was_written(accounts: AccountStore) -> None:
    accounts.pause(PAUSE)
    assert accounts.paused("kie") == PAUSE
    later = replace(PAUSE, next_try_at=NOON + timedelta(minutes=5))
    accounts.pause(later)
    assert accounts.paused("kie") == later


def test_a_resumed_account_is_not_paused(accounts: AccountStore) -> None:
    accounts.pause(PAUSE)
    for _ in range(2):
        accounts.resume("kie")
        assert accounts.paused("kie") is None


def test_a_reason_of_a_newer_version_is_kept(accounts: AccountStore) -> None:
    accounts.pause(replace(PAUSE, reason="no_credits"))
    pause = accounts.paused("kie")
    assert pause is not None
    assert pause.reason == "no_credits"


def test_the_item_outlives_its_pause(cloud: Cloud) -> None:
    AccountTable.connect(cloud.table).pause(PAUSE)
    [item] = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    assert int(item["forget_at"]["N"]) > PAUSE.next_try_at.timestamp()
