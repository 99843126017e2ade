"""One try of a webhook: what is sent, and what becomes of each kind of answer."""

import ssl
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from ringback.domain.errors import NotConfigured
from ringback.domain.webhooks import Tried, Webhook
from ringback.outbound.guarded_http import GuardedHttp
from ringback.outbound.webhook_sender import TIME_OUT, SendWebhook

from tests.support.jobs import NOON
from tests.support.network import ADDRESS, FakeNetwork, http_answer, redirect
from tests.support.webhooks import a_webhook

URL = "https://cdn.example/hooks?order=66"
WEBHOOK = a_webhook(URL)
CHUNKED = {"Transfer_Encoding": "chunked"}


def sending(network: FakeNetwork) -> SendWebhook:
    def headers_of(webhook: Webhook, at: datetime) -> Mapping[str, str]:
        return {"webhook-id": webhook.event_id, "webhook-timestamp": str(int(at.timestamp()))}

    def now() -> datetime:
        return NOON + timedelta(seconds=network.now)

    return SendWebhook(http=network.http(), headers_of=headers_of, now=now)


def tried(answer: bytes, webhook: Webhook = WEBHOOK, **settings: Any) -> Tried:
    return sending(FakeNetwork([answer], **settings))(webhook)


def test_the_exact_body_is_posted_as_json_with_its_signature() -> None:
    network = FakeNetwork([http_answer(b"thanks")])
    outcome = sending(network)(WEBHOOK)
    assert (outcome.status, outcome.answer, outcome.error) == (200, b"thanks", "")
    head, _, body = network.connections[0].sent.partition(b"\r\n\r\n")
    assert body == WEBHOOK.body.encode()
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /hooks?order=66 HTTP/1.1"
    assert {
        "Content-Type: application/json",
        f"webhook-id: {WEBHOOK.event_id}",
        f"webhook-timestamp: {int(NOON.timestamp())}",
    } <= set(lines)
    assert network.connected == [(ADDRESS, 443)]


def test_only_the_beginning_of_an_answer_is_read() -> None:
    assert tried(http_answer(b"x" * 10_000, "500 Oh")).answer == b"x" * 500


def test_an_answer_that_breaks_off_has_its_status() -> None:
    outcome = tried(http_answer(b"ffff\r\nshort", Transfer_Encoding="chunked"))
    assert (outcome.status, outcome.error) == (200, "")


@pytest.mark.parametrize("size", ["-1", "-5", "-ffff", "-0", "+1", "many", ""])
def test_a_chunk_of_an_impossible_size_costs_nothing(size: str) -> None:
    """The receiver has taken the webhook, and must not fill the memory of all the others."""
    network = FakeNetwork([http_answer(f"{size}\r\n".encode() + b"x" * 2_000_000, **CHUNKED)])
    outcome = sending(network)(WEBHOOK)
    assert (outcome.status, outcome.error) == (200, "")
    assert len(network.timeouts) < 100  # each read brings a thousand bytes


@pytest.mark.parametrize("interim", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_an_interim_response_is_not_the_answer(interim: str) -> None:
    hints = http_answer(b"", interim, Link="</a.css>; rel=preload", **CHUNKED)
    outcome = tried(hints * 3 + http_answer(b"thanks", "202 Accepted", Content_Length="6"))
    assert (outcome.status, outcome.answer) == (202, b"thanks")


def test_another_protocol_is_no_answer() -> None:
    assert tried(http_answer(b"", "101 Switching Protocols")).status == 101


def test_interim_responses_without_end_are_a_time_out() -> None:
    outcome = tried(http_answer(b"", "103 Early Hints") * 10_000, seconds_per_step=1)
    assert (outcome.status, outcome.timed_out) == (None, True)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    outcome = tried(redirect("https://cdn.example/other", status))
    assert (outcome.status, outcome.is_delivered) == (status, False)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("Mon, 21 Sep 2026 12:02:00 GMT", 120),
        ("Mon, 21 Sep 2026 11:00:00 GMT", 0),
        ("Monday, 21-Sep-26 12:02:00 GMT", 120),
        ("Mon, 21 Sep 2026 12:02:00 -0000", 120),
        ("999999999999999999999", None),
        ("-5", None),
        ("soon", None),
        ("1.5", None),
        ("", None),
        ("Mon, 99 Sep 2026 99:02:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: int | None) -> None:
    outcome = tried(http_answer(b"", "503 Later", Retry_After=header))
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert outcome.retry_after == expected


def test_a_receiver_has_fifteen_seconds_in_all() -> None:
    outcome = tried(http_answer(b"late"), seconds_per_step=6)
    assert (outcome.status, outcome.timed_out) == (None, True)
    assert outcome.error == "no complete answer within 15 seconds"
    assert timedelta(seconds=TIME_OUT) <= outcome.duration <= timedelta(seconds=TIME_OUT + 6)


def test_a_status_whose_body_never_comes_is_a_time_out() -> None:
    # The head takes three reads; the fourth, for the rest of the body, is too late.
    answer = http_answer(b"x" * 100, Content_Length="500", Padding="x" * 2000)
    outcome = tried(answer, seconds_per_step=3)
    assert (outcome.status, outcome.timed_out) == (None, True)


@pytest.mark.parametrize(
    ("webhook", "settings", "error"),
    [
        (
            a_webhook("https://inside.example/x"),
            {"names": {"inside.example": ["10.0.0.1"]}},
            "refused",
        ),
        (a_webhook("http://cdn.example/x"), {}, "refused"),
        (a_webhook("https://unknown.example/x"), {}, "connection failed"),
        (WEBHOOK, {"down": {ADDRESS}}, "connection failed"),
        (
            WEBHOOK,
            {"handshake_error": ssl.SSLCertVerificationError("expired")},
            "connection failed",
        ),
    ],
)
def test_what_cannot_be_reached_is_an_error_in_words(
    webhook: Webhook, settings: dict[str, Any], error: str
) -> None:
    outcome = tried(http_answer(), webhook, **settings)
    assert (outcome.status, outcome.is_delivered, outcome.timed_out) == (None, False, False)
    assert error in outcome.error
    assert "order=66" not in outcome.error


def test_nothing_is_sent_without_a_signature() -> None:
    def refuse(webhook: Webhook, at: datetime) -> Mapping[str, str]:
        raise NotConfigured("no secret")

    network = FakeNetwork([http_answer()])
    http: GuardedHttp = network.http()
    with pytest.raises(NotConfigured):
        SendWebhook(http=http, headers_of=refuse, now=lambda: NOON)(WEBHOOK)
    assert network.resolved == []
