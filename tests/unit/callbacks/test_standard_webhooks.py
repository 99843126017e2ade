"""Our signatures, verified by Standard Webhooks' own package."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ringback.callbacks.standard_webhooks import WebhookHeaders, signed_headers, signing_keys
from ringback.domain.clock import utc_now
from ringback.domain.errors import NotConfigured, UnknownMessage
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from tests.support.webhooks import OLD_SECRET, SECRET, a_webhook

WEBHOOK = replace(a_webhook(), body='{"prompt":"Ein Drache über dem 海 \U0001f600"}')


def headers_with(*secrets: str, at: datetime | None = None) -> dict[str, str]:
    keys = signing_keys(list(secrets))
    return dict(signed_headers(WEBHOOK, keys, at=at or utc_now()))


def test_a_receiver_verifies_the_signature() -> None:
    body = Verifier(SECRET).verify(WEBHOOK.body.encode(), headers_with(SECRET))
    assert body == json.loads(WEBHOOK.body)


@pytest.mark.parametrize("known", [SECRET, OLD_SECRET])
def test_both_secrets_are_valid_during_a_rotation(known: str) -> None:
    headers = headers_with(SECRET, OLD_SECRET)
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert Verifier(known).verify(WEBHOOK.body, headers)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_changed_header_is_no_longer_verified(name: str) -> None:
    headers = headers_with(SECRET)
    # Not the last letter of a signature: two of its bits say nothing.
    other = "0" if headers[name][-3] != "0" else "1"
    changed = headers | {name: headers[name][:-3] + other + headers[name][-2:]}
    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify(WEBHOOK.body, changed)


def test_a_changed_body_or_another_secret_is_not_verified() -> None:
    for secret, body in ((SECRET, WEBHOOK.body + " "), (OLD_SECRET, WEBHOOK.body)):
        with pytest.raises(WebhookVerificationError):
            Verifier(secret).verify(body, headers_with(SECRET))


def test_a_try_is_signed_at_its_own_time() -> None:
    old = headers_with(SECRET, at=utc_now() - timedelta(minutes=6))
    with pytest.raises(WebhookVerificationError, match="too old"):
        Verifier(SECRET).verify(WEBHOOK.body, old)


def test_the_published_example() -> None:
    """https://github.com/standard-webhooks/standard-webhooks, the tests of its libraries."""
    webhook = replace(WEBHOOK, event_id="msg_p5jXN8AQM9LWM0D4loKWxJek", body='{"test": 2432232314}')
    keys = signing_keys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1_614_265_330, UTC)
    assert signed_headers(webhook, keys, at=at) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def secret_of(size: int) -> str:
    return "whsec_" + b64encode(b"k" * size).decode()


@pytest.mark.parametrize("given", [secret_of(24), secret_of(64), [SECRET], [SECRET, OLD_SECRET]])
def test_one_or_two_secrets_are_usable(given: object) -> None:
    assert len(signing_keys(given)) == (2 if given == [SECRET, OLD_SECRET] else 1)


def test_the_prefix_and_the_padding_may_be_missing() -> None:
    whole = secret_of(32)
    assert signing_keys(whole.removeprefix("whsec_").rstrip("=")) == signing_keys(whole)


@pytest.mark.parametrize(
    "given",
    [
        *(None, "", [], {}, 7, True),
        *(secret_of(23), secret_of(65), "whsec_", "whsec_short", "whsec_" + "ü" * 40),
        *([SECRET, "whsec_x"], [SECRET, OLD_SECRET, SECRET], [7], f" {SECRET}"),
    ],
)
def test_other_secrets_are_refused_by_name_and_not_shown(given: object) -> None:
    with pytest.raises(NotConfigured, match="webhook secret") as refused:
        signing_keys(given)
    assert "short" not in str(refused.value)


def test_the_headers_are_those_of_the_client_s_own_secret() -> None:
    headers_of = WebhookHeaders(lambda: {"studio": [SECRET], "shop": [OLD_SECRET]})
    assert Verifier(SECRET).verify(WEBHOOK.body, dict(headers_of(WEBHOOK, utc_now())))
    with pytest.raises(NotConfigured):
        headers_of(replace(WEBHOOK, client="other"), utc_now())


def test_the_secret_of_a_new_client_is_looked_for() -> None:
    known: dict[str, object] = {}

    def refresh() -> bool:
        known["studio"] = [SECRET]
        return True

    headers_of = WebhookHeaders(lambda: known, refresh=refresh)
    assert Verifier(SECRET).verify(WEBHOOK.body, dict(headers_of(WEBHOOK, utc_now())))


def test_an_unknown_form_is_never_sent_in_ours() -> None:
    with pytest.raises(UnknownMessage):
        WebhookHeaders(lambda: {"studio": SECRET})(replace(WEBHOOK, form="other"), utc_now())
