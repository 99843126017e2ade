"""A provider's account: whether jobs may be sent with it, and what they wait for if not.

An account is open, paused or half-open. The provider refuses the account: it is paused, and one
probe at a time asks at widening intervals. A good probe, or the owner, makes it half-open: one job
at a time tries. Only a task that was created opens it (docs/decisions/0032).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from ringback.domain.delays import Widening
from ringback.domain.errors import CredentialsRefused, NotConfigured
from ringback.domain.jobs import JobId

# The longest that anything here waits. With what is added for jobs, it stays under the 15 minutes
# that SQS delays a message by.
LONGEST: Final = timedelta(minutes=14)
# Until the next probe, by the age of the pause.
PROBES: Final = Widening(share=0.25, shortest=timedelta(seconds=30), longest=LONGEST)
# A job that the account was refused for comes back after those that only wait, and the older it is
# the later: if the refusal was about the job after all, it must not try first every time.
AFTER_OTHERS: Final = timedelta(seconds=20)
REFUSED_AGAIN: Final = Widening(share=0.25, shortest=timedelta(0), longest=LONGEST)
# How long one job keeps others from trying: longer than the function that sends it can run.
TRIAL: Final = timedelta(minutes=2)
# Jobs that come while another one tries, or while a probe is due, come back after this.
RECHECK: Final = timedelta(seconds=15)
RECHECKS: Final = Widening(share=0.125, shortest=RECHECK)
# So many probes in a row nobody answers, the last ones at the widest interval, before a job tries
# all the same: the route that is asked may be gone. At that interval they take about an hour, which
# is longer than most outages: during one, a trial may cost a job whose answer is lost.
MAX_UNANSWERED_PROBES: Final = 4
# By then a probe that is due has been answered.
PROBE_TIME: Final = timedelta(seconds=5)
# A probe that is overdue by this is lost: another one is sent.
LOST_PROBE: Final = timedelta(minutes=5)
# Waits of one kind that are no further apart are one wait.
ONE_HOLD: Final = timedelta(minutes=1)


class PauseReason(StrEnum):
    NOT_CONFIGURED = "not_configured"  # its key or the callback secret has not been stored yet
    KEY_REFUSED = "key_refused"
    NO_CREDITS = "no_credits"
    KEY_LIMIT_REACHED = "key_limit_reached"  # the key's own hourly, daily or total cap


def pause_reason(error: NotConfigured) -> PauseReason:
    if isinstance(error, CredentialsRefused):
        return PauseReason.KEY_REFUSED
    return PauseReason.NOT_CONFIGURED


class HoldReason(StrEnum):
    """Why the provider accepts no jobs for a moment; the account itself is good."""

    RATE_LIMITED = "rate_limited"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a probe's message carries. It is dropped unless the account still waits for it."""

    provider: str
    probe_id: str


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """Whether the account may be good, and its credits if the provider tells them."""

    is_good: bool
    credits: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """The credits that were left when somebody asked."""

    credits: Decimal
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """``since`` is when it began; a failed trial continues it.

    ``reason`` is a ``PauseReason``, or one that a newer version has written.
    ``probe_id`` is the probe that was sent, ``None`` if none is under way; ``probe_at`` is when it,
    or the next one, is due.
    ``half_open_at`` is since when one job at a time may try; ``trial`` is the one that does, and
    keeps others from it until ``trial_until``.
    ``refused_job`` is the last one that the account was refused for, ``None`` if it was refused
    for the same one twice in a row: another job is to try then.
    ``unanswered`` counts the last probes in a row to which there was no answer.
    """

    reason: str
    since: datetime
    probe_at: datetime
    probe_id: str | None = None
    half_open_at: datetime | None = None
    trial: JobId | None = None
    trial_until: datetime | None = None
    refused_job: JobId | None = None
    unanswered: int = 0

    @property
    def trial_time(self) -> timedelta:
        """How long a job keeps others from trying: longer if it tries for want of an answer."""
        return LONGEST if self.unanswered else TRIAL

    def lacks_probe(self, *, at: datetime) -> bool:
        """Tell whether nothing is going to end the pause: a job that waits then sends a probe."""
        if self.half_open_at:
            return False
        return self.probe_id is None or at >= self.probe_at + LOST_PROBE


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What refused jobs wait for.

    Maintenance also keeps other jobs of the same ``model`` back. A rate limit does not: that is the
    rate window's part.
    """

    reason: str
    since: datetime
    until: datetime
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """What a job waits for, as its client sees it. ``until`` is ``None`` if nobody knows."""

    reason: str
    provider: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """``opened_at`` is when the last pause ended, if one did. ``balance`` is the last one known."""

    provider: str
    pause: Pause | None = None
    hold: Hold | None = None
    opened_at: datetime | None = None
    balance: Balance | None = None

    @property
    def is_half_open(self) -> bool:
        return self.pause is not None and self.pause.half_open_at is not None

    @property
    def known_balance(self) -> Balance | None:
        """Return the last known balance: none, if the account was paused since for that."""
        pause, balance = self.pause, self.balance
        if pause and pause.reason == PauseReason.NO_CREDITS:
            is_newer = balance is not None and balance.at >= pause.since
            return balance if is_newer else Balance(Decimal(0), pause.since)
        return balance

    @property
    def credits_left(self) -> Decimal | None:
        """Return the credits that are left, ``None`` if they are not known."""
        return self.known_balance.credits if self.known_balance else None

    def may_be_paused(self, *, began_at: datetime) -> bool:
        """Tell whether a refusal of a call that began then is news.

        It is not if the account is paused already, or was opened after the call began.
        """
        opened_at = self.pause.half_open_at if self.pause else self.opened_at
        if opened_at is None:
            return self.pause is None
        return opened_at <= began_at

    def delay(self, *, at: datetime) -> timedelta:
        """Return how long jobs wait before they come back; zero if one may be sent, or try."""
        pause = self.pause
        if pause and not pause.half_open_at:
            return max(pause.probe_at + PROBE_TIME - at, RECHECK)
        if pause and pause.trial_until and at < pause.trial_until:
            return RECHECKS.after(pause.trial_until - at)
        return timedelta(0)

    def maintenance_of(self, model: str, *, at: datetime) -> timedelta:
        """Return how long the provider's maintenance, as far as it is known, lasts for a model."""
        hold = self.hold
        if hold is None or hold.reason != HoldReason.MAINTENANCE or hold.model != model:
            return timedelta(0)
        return max(hold.until - at, timedelta(0))

    def waiting_for(self, *, at: datetime) -> Wait | None:
        if self.pause:
            return Wait(reason=self.pause.reason, provider=self.provider, since=self.pause.since)
        hold = self.hold
        if hold and at < hold.until:
            return Wait(
                reason=hold.reason, provider=self.provider, since=hold.since, until=hold.until
            )
        return None

    def held(self, reason: HoldReason, model: str, *, at: datetime, until: datetime) -> Hold:
        """Return the hold after the provider has asked for one, perhaps again."""
        hold = self.hold
        goes_on = hold and hold.reason == reason and at <= hold.until + ONE_HOLD
        since = hold.since if hold and goes_on else at
        return Hold(reason=reason, since=since, until=until, model=model)
