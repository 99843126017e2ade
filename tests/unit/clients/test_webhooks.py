"""Webhooks as Ringback signs them, against the client's own reading of the standard."""

import json
from datetime import timedelta

import pytest
from ringback.callbacks.standard_webhooks import signed_headers, signing_keys
from ringback_client import errors, read_webhook

from tests.support.jobs import NOON
from tests.support.webhooks import OLD_SECRET, SECRET, a_webhook

NOW = NOON
WEBHOOK = a_webhook()
BODY = WEBHOOK.body.encode()
OTHER = OLD_SECRET


def headers(*secrets: str) -> dict[str, str]:
    return dict(signed_headers(WEBHOOK, signing_keys(list(secrets)), at=NOW))


def read(body: bytes = BODY, *secrets: str, seconds: int = 0, **changed: str) -> object:
    now = NOW + timedelta(seconds=seconds)
    sent = headers(SECRET) | {name.replace("_", "-"): value for name, value in changed.items()}
    return read_webhook(body, sent, *(secrets or (SECRET,)), now=lambda: now)


def test_a_webhook_of_ringback_is_genuine() -> None:
    assert read() == json.loads(BODY)
    assert read(BODY, OTHER, SECRET.rstrip("=")) == read()
    assert read(BODY, seconds=300) == read(BODY, seconds=-300)


def test_servers_spell_headers_as_they_like() -> None:
    sent = {name.title(): value for name, value in headers(SECRET).items()}
    assert read_webhook(BODY, sent, SECRET, now=lambda: NOW)


def test_both_secrets_are_valid_during_a_rotation() -> None:
    for secret in (SECRET, OTHER):
        assert read_webhook(BODY, headers(SECRET, OTHER), secret, now=lambda: NOW)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_webhook_is_refused(seconds: int) -> None:
    with pytest.raises(errors.WebhookRejected, match="minutes"):
        read(BODY, seconds=seconds)


@pytest.mark.parametrize(
    "changed",
    [{"webhook_id": "e2"}, {"webhook_timestamp": "1"}, {"webhook_timestamp": "now"},
     {"webhook_signature": ""}, {"webhook_signature": "v1,ä"}],
)  # fmt: skip
def test_a_changed_header_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(errors.WebhookRejected):
        read(BODY, **changed)  # type: ignore[arg-type]


def test_another_body_or_secret_is_refused() -> None:
    with pytest.raises(errors.WebhookRejected):
        read(BODY + b" ")
    with pytest.raises(errors.WebhookRejected):
        read(BODY, OTHER)
    with pytest.raises(errors.WebhookRejected, match="header"):
        read_webhook(BODY, {}, SECRET)
    with pytest.raises(ValueError, match="whsec_"):
        read(BODY, "whsec_?")
