"""Change the state of a provider's account by what its answers to paid calls prove."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from ringback.domain.accounts import PROBES, TRIAL, Account, HoldReason, Probe
from ringback.domain.delays import whole_seconds
from ringback.domain.jobs import Job
from ringback.use_cases.open_account import Announce, OpenAccount
from ringback.use_cases.ports import AccountStore, CheckQueue


def uncounted(provider: str) -> None:
    """Count nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAccount:
    """Every change may fail without harm: the next job finds out by itself.

    ``announce`` tells the owner, once, that the account was paused or is open again.
    ``count_refusal`` gets the provider of each refusal.
    """

    accounts: AccountStore
    checks: CheckQueue
    announce: Announce
    new_probe_id: Callable[[], str]
    now: Callable[[], datetime]
    count_refusal: Callable[[str], None] = uncounted

    def refused(self, job: Job, reason: str, *, began_at: datetime) -> timedelta:
        """Pause the account; return how long the job waits.

        ``began_at`` is when the refused call began: it is no news if it began before the account
        was opened.
        """
        name, at = job.request.provider, self.now()
        with suppress(Exception):
            self.count_refusal(name)
            account = self.accounts.read(name)
            if account.may_be_paused(began_at=began_at):
                account = self._pause(account, job, reason, began_at=began_at)
            return account.delay(at=at) or PROBES.shortest
        return PROBES.shortest

    def _pause(self, account: Account, job: Job, reason: str, *, began_at: datetime) -> Account:
        at, pause = self.now(), account.pause
        since = pause.since if pause else at
        # It may be the job that is refused: resuming must not wake it each time.
        is_again = pause is not None and pause.refused_job == job.job_id
        probe, after = self._probe(account.provider), PROBES.after(at - since)
        # Sent first, so that no crash leaves a pause that nothing ends.
        self.checks.add_probe(probe, delay=whole_seconds(after))
        paused = self.accounts.pause(
            probe,
            reason=reason,
            at=at,
            began_at=began_at,
            probe_at=at + after,
            refused_job=None if is_again else job.job_id,
        )
        if paused.done and pause is None:
            self.announce(paused.account)
        return paused.account

    def keep_probing(self, account: Account) -> Account:
        """Send the next probe of a paused account if there is none: only waiting jobs do."""
        pause, at = account.pause, self.now()
        if pause is None or not pause.lacks_probe(at=at):
            return account
        probe, probe_at = self._probe(account.provider), max(pause.probe_at, at)
        with suppress(Exception):
            self.checks.add_probe(probe, delay=whole_seconds(probe_at - at))
            return self.accounts.send_probe(probe, seen=pause, probe_at=probe_at).account
        return account

    def claim_trial(self, job: Job, account: Account) -> Account:
        """Return the account as it now stands: with this job as its trial, if it is half-open."""
        at, length = self.now(), account.pause.trial_time if account.pause else TRIAL
        claimed = self.accounts.claim_trial(
            job.request.provider, job.job_id, at=at, until=at + length
        )
        return claimed.account

    def end_trial(self, job: Job) -> None:
        with suppress(Exception):
            self.accounts.end_trial(job.request.provider, job.job_id, at=self.now())

    def accepted(self, job: Job) -> None:
        """Open the account: it was half-open, and the provider has made a task of the job."""
        OpenAccount(accounts=self.accounts, announce=self.announce, now=self.now)(job)

    def hold(self, job: Job, reason: HoldReason, *, seconds: int) -> None:
        """Note what the provider's jobs wait for, so that they can say so."""
        name, at = job.request.provider, self.now()
        with suppress(Exception):
            account = self.accounts.read(name)
            until = at + timedelta(seconds=seconds)
            self.accounts.hold(name, account.held(reason, job.request.model, at=at, until=until))

    def _probe(self, provider: str) -> Probe:
        return Probe(provider=provider, probe_id=self.new_probe_id())
