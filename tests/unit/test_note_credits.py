"""A provider's credits are noted while jobs spend them, by few calls, and at no risk."""

from datetime import timedelta
from decimal import Decimal

import pytest
from ringback.domain.accounts import Account, Balance
from ringback.domain.errors import CredentialsRefused, ProviderUnavailable
from ringback.domain.jobs import JobStatus
from ringback.domain.verdicts import OutcomeUnknown, Submission, TaskRefused
from ringback.use_cases.note_credits import ASK_AFTER, TIME_TO_ASK
from ringback.use_cases.submit_job import SubmitJob

from tests.support.harness import CREATED, Harness
from tests.support.in_memory import ScriptedProvider
from tests.support.jobs import NOON


def a_harness(*answers: Submission, credits_left: str | None = "99.5") -> Harness:
    left = None if credits_left is None else Decimal(credits_left)
    answered = iter(answers or [CREATED] * 20)
    return Harness(provider=ScriptedProvider(answers=answered, credits_left=left))


def balance_of(harness: Harness) -> Balance | None:
    return harness.accounts.read("kie").balance


def test_an_accepted_job_has_the_balance_noted_and_told() -> None:
    harness = a_harness()
    harness.accept()
    assert balance_of(harness) == Balance(Decimal("99.5"), NOON)
    assert harness.balances == [harness.accounts.read("kie")]


def test_it_is_asked_for_once_in_ten_minutes_by_whatever_process() -> None:
    harness, asked = a_harness(), list[int]()
    for _ in range(12):
        harness.accept()
        asked.append(harness.provider.probed)
        harness.asked_credits_at.clear()  # as another process
        harness.now += ASK_AFTER / 4
    assert asked == [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]


def test_nothing_is_asked_while_nothing_is_bought() -> None:
    refused = TaskRefused(code="422", message="no")
    harness = a_harness(refused, OutcomeUnknown(reason="reset"))
    harness.accept()
    harness.accept()
    assert harness.provider.probed == 0


@pytest.mark.parametrize(
    "error", [ProviderUnavailable("500"), CredentialsRefused("no"), KeyError()]
)
def test_a_balance_that_cannot_be_had_costs_no_job_and_few_calls(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness, asked = a_harness(), list[int]()

    def probe(_: ScriptedProvider) -> None:
        asked.append(1)
        raise error

    monkeypatch.setattr(ScriptedProvider, "probe", probe)
    jobs = [harness.accept() for _ in range(3)]
    assert {job.status for job in jobs} == {JobStatus.RUNNING}
    assert (asked, balance_of(harness), harness.balances) == ([1], None, [])
    harness.now += ASK_AFTER
    harness.accept()
    assert len(asked) == 2


def test_an_unknown_balance_replaces_none_that_is_known() -> None:
    harness = a_harness(credits_left=None)
    known = Balance(Decimal(7), NOON - timedelta(hours=1))
    harness.accounts.accounts["kie"] = Account(provider="kie", balance=known)
    harness.accept()
    assert (balance_of(harness), harness.provider.probed) == (known, 1)


def test_a_provider_that_tells_no_credits_is_not_asked() -> None:
    harness = a_harness()
    harness.provider.tells_credits = False
    harness.accept()
    assert harness.provider.probed == 0


@pytest.mark.parametrize(("seconds", "asks"), [(TIME_TO_ASK, 1), (TIME_TO_ASK - 1, 0)])
def test_it_is_asked_only_if_there_is_time(seconds: float, asks: int) -> None:
    harness = a_harness()
    account = harness.accounts.read("kie")
    submitter: SubmitJob = harness.submitter
    submitter.note_credits(account, seconds_left=lambda: seconds)
    assert harness.provider.probed == asks


def test_a_failed_write_costs_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = a_harness()

    def fail(provider: str, balance: Balance) -> None:
        raise TimeoutError

    monkeypatch.setattr(harness.accounts, "note_balance", fail)
    assert harness.accept().status is JobStatus.RUNNING
