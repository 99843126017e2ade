"""The item of a provider's account, read as ``Account``."""

from datetime import datetime
from decimal import Decimal

from ringback.aws.table_items import Item, moment_of
from ringback.domain.accounts import Account, Balance, Hold, Pause
from ringback.domain.jobs import JobId


def account_from(provider: str, item: Item) -> Account:
    """Read an account's item; an empty one is that of an open account."""
    return Account(
        provider=provider,
        pause=_pause(item) if "since" in item else None,
        hold=_hold(item) if "hold_until" in item else None,
        opened_at=_moment(item, "opened_at"),
        balance=_balance(item) if "credits_at" in item else None,
    )


def _pause(item: Item) -> Pause:
    trial, refused = _text(item, "trial"), _text(item, "refused_job")
    return Pause(
        reason=item["reason"]["S"],
        since=moment_of(item["since"]),
        probe_at=moment_of(item["probe_at"]),
        probe_id=_text(item, "probe_id"),
        half_open_at=_moment(item, "half_open_at"),
        trial=JobId(trial) if trial else None,
        trial_until=_moment(item, "trial_until"),
        refused_job=JobId(refused) if refused else None,
        unanswered=int(item["unanswered"]["N"]) if "unanswered" in item else 0,
    )


def _hold(item: Item) -> Hold:
    return Hold(
        reason=item["hold_reason"]["S"],
        since=moment_of(item["hold_since"]),
        until=moment_of(item["hold_until"]),
        model=_text(item, "hold_model"),
    )


def _balance(item: Item) -> Balance:
    return Balance(Decimal(item["credits"]["N"]), moment_of(item["credits_at"]))


def _text(item: Item, name: str) -> str | None:
    return str(item[name]["S"]) if name in item else None


def _moment(item: Item, name: str) -> datetime | None:
    return moment_of(item[name]) if name in item else None
