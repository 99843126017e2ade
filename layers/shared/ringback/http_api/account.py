"""Replies of the HTTP API about a client's account."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from ringback.domain.accounts import Account
from ringback.http_api.replies import account_body
from ringback.http_api.webhooks import receiver_body
from ringback.use_cases.client_account import ListedReceiver


def client_account_body(
    client: str,
    scopes: Collection[str],
    accounts: Iterable[Account],
    receivers: Iterable[ListedReceiver],
    *,
    at: datetime,
) -> dict[str, Any]:
    return {
        "client": client,
        "scopes": sorted(scopes),
        "providers": [_provider(account, at=at) for account in accounts],
        "receivers": [listed_body(each) for each in receivers],
    }


def _provider(account: Account, *, at: datetime) -> dict[str, Any]:
    """Return an account with what its jobs wait for, also while it is open."""
    wait, balance = account.waiting_for(at=at), account.known_balance
    return {
        "provider": account.provider,
        # What it was called first.
        "name": account.provider,
        "state": account_body(account)["state"],
        "reason": wait.reason if wait else None,
        "since": wait.since.isoformat() if wait else None,
        "until": wait.until.isoformat() if wait and wait.until else None,
        "credits": float(balance.credits) if balance else None,
        "credits_at": balance.at.isoformat() if balance else None,
    }


def listed_body(listed: ListedReceiver) -> dict[str, Any]:
    """Return a receiver. Its URL has no query, which may be a secret."""
    receiver, state = listed.receiver, receiver_body(listed.receiver)
    failing = receiver.failing_since
    return {
        "id": receiver.host,
        "url": receiver.host + (urlsplit(listed.url).path if listed.url else ""),
        "is_default": listed.url is not None,
        "state": state["state"],
        "reason": state["reason"],
        "since": receiver.off_since.isoformat() if receiver.off_since else None,
        "failing_since": failing.isoformat() if failing else None,
    }
