"""What every account store does: the fake, and the items in the table."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ringback.aws.accounts import AccountTable
from ringback.domain.accounts import Account, Balance, Hold, Pause, PauseReason, Probe
from ringback.use_cases.ports import AccountStore, AccountWrite

from tests.support.aws import Cloud
from tests.support.in_memory import InMemoryAccounts
from tests.support.jobs import NOON, a_job_id

MINUTE = timedelta(minutes=1)
FIRST, SECOND = (Probe(provider="kie", probe_id=each * 16) for each in "ab")
PAUSE = Pause(
    reason=PauseReason.NO_CREDITS,
    since=NOON,
    probe_at=NOON + MINUTE,
    probe_id=FIRST.probe_id,
    refused_job=a_job_id(),
)


@pytest.fixture(params=["in_memory", "dynamo_db"])
def accounts(request: pytest.FixtureRequest) -> AccountStore:
    if request.param == "in_memory":
        return InMemoryAccounts()
    return AccountTable.connect(request.getfixturevalue("cloud").table)


def pause(
    accounts: AccountStore,
    probe: Probe = FIRST,
    *,
    at: datetime = NOON,
    began_at: datetime = NOON,
    number: int | None = 0,
    reason: str = PauseReason.NO_CREDITS,
) -> AccountWrite:
    return accounts.pause(
        probe,
        reason=reason,
        at=at,
        began_at=began_at,
        probe_at=at + MINUTE,
        refused_job=None if number is None else a_job_id(number),
    )


def half_opened(accounts: AccountStore, *, at: datetime = NOON + MINUTE) -> None:
    pause(accounts)
    assert accounts.half_open("kie", at=at, probe_id=FIRST.probe_id).done


def test_an_account_is_open_until_it_is_paused(accounts: AccountStore) -> None:
    assert accounts.read("kie") == Account(provider="kie")
    pause(accounts, replace(FIRST, provider="chanjing"))
    assert accounts.read("kie") == Account(provider="kie")


def test_a_pause_is_kept_as_it_was_written(accounts: AccountStore) -> None:
    paused = pause(accounts)
    assert (paused.done, paused.account) == (True, Account(provider="kie", pause=PAUSE))
    assert accounts.read("kie") == paused.account


def test_a_second_refusal_is_no_news(accounts: AccountStore) -> None:
    before = pause(accounts).account
    again = pause(accounts, SECOND, at=NOON + MINUTE, began_at=NOON + MINUTE)
    assert (again.done, again.account, accounts.read("kie")) == (False, before, before)


def test_a_probe_that_is_no_longer_waited_for_changes_nothing(accounts: AccountStore) -> None:
    pause(accounts)
    assert not accounts.half_open("kie", at=NOON, probe_id=SECOND.probe_id).done
    assert not accounts.probe_failed(SECOND, next_at=NOON).done
    assert accounts.read("kie").pause == PAUSE


def test_after_a_failed_probe_one_of_two_jobs_sends_the_next(accounts: AccountStore) -> None:
    pause(accounts)
    failed = accounts.probe_failed(FIRST, next_at=NOON + 2 * MINUTE).account.pause
    assert failed == replace(PAUSE, probe_id=None, probe_at=NOON + 2 * MINUTE)
    assert failed
    due: dict[str, Any] = {"seen": failed, "probe_at": NOON + 2 * MINUTE}
    assert accounts.send_probe(SECOND, **due).done
    other = replace(SECOND, probe_id="c" * 16)
    assert not accounts.send_probe(other, **due).done
    sent = accounts.read("kie").pause
    assert sent == replace(failed, probe_id=SECOND.probe_id)


def test_unanswered_probes_are_counted_until_a_job_has_tried(accounts: AccountStore) -> None:
    def counted(write: AccountWrite) -> int:
        return write.account.pause.unanswered if write.account.pause else -1

    pause(accounts)
    failed = accounts.probe_failed(FIRST, next_at=NOON, unanswered=3)
    assert (failed.done, counted(failed)) == (True, 3)
    assert failed.account.pause
    assert counted(accounts.send_probe(SECOND, seen=failed.account.pause, probe_at=NOON)) == 3
    tried = accounts.half_open("kie", at=NOON, probe_id=SECOND.probe_id, unanswered=4)
    assert (tried.done, counted(tried), counted(pause(accounts, FIRST))) == (True, 4, 0)
    accounts.probe_failed(FIRST, next_at=NOON, unanswered=1)
    assert counted(accounts.half_open("kie", at=NOON, probe_id=None)) == 0
    accounts.open("kie", at=NOON, began_at=NOON)
    pause(accounts, FIRST, at=NOON + MINUTE, began_at=NOON + MINUTE)
    accounts.probe_failed(FIRST, next_at=NOON, unanswered=2)
    assert counted(accounts.probe_failed(FIRST, next_at=NOON)) == 2  # is no longer waited for


def test_a_lost_probe_is_replaced(accounts: AccountStore) -> None:
    pause(accounts)
    later = NOON + 10 * MINUTE
    replaced = accounts.send_probe(SECOND, seen=PAUSE, probe_at=later)
    assert (replaced.done, replaced.account.pause) == (
        True,
        replace(PAUSE, probe_id=SECOND.probe_id, probe_at=later),
    )


def test_one_job_at_a_time_tries(accounts: AccountStore) -> None:
    at, until = NOON + MINUTE, NOON + 3 * MINUTE
    assert not accounts.claim_trial("kie", a_job_id(1), at=at, until=until).done
    half_opened(accounts, at=at)
    assert accounts.claim_trial("kie", a_job_id(1), at=at, until=until).done
    assert accounts.claim_trial("kie", a_job_id(1), at=at, until=until).done
    assert not accounts.claim_trial("kie", a_job_id(2), at=at, until=until).done
    assert not accounts.end_trial("kie", a_job_id(2), at=at).done
    assert accounts.claim_trial("kie", a_job_id(2), at=until, until=until + MINUTE).done
    assert accounts.end_trial("kie", a_job_id(2), at=until).done
    assert accounts.claim_trial("kie", a_job_id(3), at=until, until=until + MINUTE).done


def test_a_failed_trial_continues_the_pause(accounts: AccountStore) -> None:
    at = NOON + MINUTE
    half_opened(accounts, at=at)
    accounts.claim_trial("kie", a_job_id(1), at=at, until=at + MINUTE)
    early = pause(accounts, SECOND, at=at, began_at=NOON)
    assert not early.done
    again = pause(accounts, SECOND, at=at, began_at=at, number=1)
    assert (again.done, again.account.pause) == (
        True,
        Pause(
            reason=PauseReason.NO_CREDITS,
            since=NOON,
            probe_at=at + MINUTE,
            probe_id=SECOND.probe_id,
            refused_job=a_job_id(1),
        ),
    )


def test_a_pause_that_goes_on_may_name_no_refused_job(accounts: AccountStore) -> None:
    at = NOON + MINUTE
    half_opened(accounts, at=at)
    again = pause(accounts, SECOND, at=at, began_at=at, number=None)
    assert again.done
    assert again.account.pause is not None
    assert again.account.pause.refused_job is None
    assert accounts.read("kie") == again.account


def test_a_call_that_began_before_the_opening_doesnt_pause_again(accounts: AccountStore) -> None:
    at = NOON + MINUTE
    half_opened(accounts, at=at)
    assert not accounts.open("kie", at=at, began_at=NOON).done
    opened = accounts.open("kie", at=at + MINUTE, began_at=at)
    assert (opened.done, opened.account) == (True, Account(provider="kie", opened_at=at + MINUTE))
    late = pause(accounts, SECOND, at=at + 2 * MINUTE, began_at=at)
    assert (late.done, accounts.read("kie").pause) == (False, None)
    news = pause(accounts, SECOND, at=at + 2 * MINUTE, began_at=at + MINUTE)
    assert news.account.pause is not None
    assert (news.done, news.account.pause.since) == (True, at + 2 * MINUTE)


def test_the_owner_may_end_a_pause_but_not_a_trial(accounts: AccountStore) -> None:
    assert not accounts.half_open("kie", at=NOON, probe_id=None).done
    pause(accounts)
    assert accounts.half_open("kie", at=NOON, probe_id=None).done
    accounts.claim_trial("kie", a_job_id(1), at=NOON, until=NOON + MINUTE)
    again = accounts.half_open("kie", at=NOON + timedelta(seconds=1), probe_id=None)
    assert again.account.pause is not None
    assert (again.done, again.account.pause.trial) == (False, a_job_id(1))


def test_a_hold_stays_beside_a_pause(accounts: AccountStore) -> None:
    hold = Hold(reason="maintenance", since=NOON, until=NOON + MINUTE, model="m")
    assert accounts.hold("kie", hold).account == Account(provider="kie", hold=hold)
    half_opened(accounts)
    opened = accounts.open("kie", at=NOON + MINUTE, began_at=NOON + MINUTE).account
    assert opened == Account(provider="kie", hold=hold, opened_at=NOON + MINUTE)


def test_a_reason_of_a_newer_version_is_kept(accounts: AccountStore) -> None:
    paused = pause(accounts, reason="sold_out").account.pause
    assert paused is not None
    assert paused.reason == "sold_out"


def test_a_version_that_reads_older_pauses_does_not_find_this_one(cloud: Cloud) -> None:
    """It would not understand it, and is what a way back deploys."""
    pause(AccountTable.connect(cloud.table))
    keys = [
        item["job_id"]["S"] for item in boto3.client("dynamodb").scan(TableName="jobs")["Items"]
    ]
    assert keys == ["account#kie#state"]


SECONDS = st.integers(0, 4).map(lambda n: NOON + n * MINUTE)
PROBES = st.sampled_from([FIRST, SECOND])
NUMBERS = st.integers(0, 2)
BALANCE = {"balance": st.builds(Balance, st.integers(0, 5).map(Decimal), SECONDS)}
CHANGES = st.one_of(
    st.tuples(
        st.just("pause"), PROBES, st.fixed_dictionaries({"at": SECONDS, "began_at": SECONDS})
    ),
    st.tuples(
        st.just("half_open"),
        PROBES,
        st.fixed_dictionaries({"at": SECONDS, "unanswered": NUMBERS}, optional=BALANCE),
    ),
    st.tuples(st.just("resume"), PROBES, st.fixed_dictionaries({"at": SECONDS})),
    st.tuples(
        st.just("probe_failed"),
        PROBES,
        st.fixed_dictionaries({"next_at": SECONDS, "unanswered": NUMBERS}, optional=BALANCE),
    ),
    st.tuples(st.just("note_balance"), NUMBERS, st.fixed_dictionaries(BALANCE)),
    st.tuples(st.just("send_probe"), PROBES, st.fixed_dictionaries({"probe_at": SECONDS})),
    st.tuples(st.just("claim"), NUMBERS, st.fixed_dictionaries({"at": SECONDS, "until": SECONDS})),
    st.tuples(st.just("end_trial"), NUMBERS, st.fixed_dictionaries({"at": SECONDS})),
    st.tuples(
        st.just("open"), NUMBERS, st.fixed_dictionaries({"at": SECONDS, "began_at": SECONDS})
    ),
)


def apply(accounts: AccountStore, change: tuple[str, Any, dict[str, Any]]) -> Account:
    name, about, when = change
    match name:
        case "pause":
            return pause(accounts, about, **when).account
        case "half_open":
            return accounts.half_open("kie", probe_id=about.probe_id, **when).account
        case "resume":
            return accounts.half_open("kie", probe_id=None, **when).account
        case "probe_failed":
            return accounts.probe_failed(about, **when).account
        case "note_balance":
            return accounts.note_balance("kie", **when).account
        case "send_probe":
            seen = accounts.read("kie").pause or PAUSE
            return accounts.send_probe(about, seen=seen, **when).account
        case "claim":
            return accounts.claim_trial("kie", a_job_id(about), **when).account
        case "end_trial":
            return accounts.end_trial("kie", a_job_id(about), **when).account
    return accounts.open("kie", **when).account


@settings(
    max_examples=20,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(changes=st.lists(CHANGES, min_size=4, max_size=14))
def test_the_table_changes_as_the_fake_does(
    cloud: Cloud, changes: list[tuple[str, Any, dict[str, Any]]]
) -> None:
    table, fake = AccountTable.connect(cloud.table), InMemoryAccounts()
    boto3.client("dynamodb").delete_item(
        TableName=cloud.table, Key={"job_id": {"S": "account#kie#state"}}
    )
    for change in changes:
        assert apply(table, change) == apply(fake, change), change


def test_the_item_outlives_its_pause(cloud: Cloud) -> None:
    pause(AccountTable.connect(cloud.table))
    [item] = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    assert int(item["forget_at"]["N"]) > PAUSE.probe_at.timestamp()
