"""A network that fails: in words, by class, and never a second job."""

import errno
import re
import socket
import ssl
from typing import Any

import httpx
import pytest
from ringback_client import Ringback, errors

from tests.support.client_api import API, KEY, FakeApi, a_job, job_id, problem

MODEL = "bytedance/seedream"


def a_tls_error() -> Exception:
    error = ssl.SSLError(1, "x")
    error.reason = "WRONG_VERSION_NUMBER"
    return error


def because(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def an_untrusted() -> Exception:
    cause = ssl.SSLCertVerificationError("certificate verify failed")
    cause.verify_message = "self-signed certificate"
    return because(httpx.ConnectError("x"), cause)


REFUSED = because(
    httpx.ConnectError("x"), ConnectionRefusedError(errno.ECONNREFUSED, "Connect call ('::1', 9)")
)


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (REFUSED, "connection refused"),
        (because(httpx.ConnectError("x"), socket.gaierror(-2, "x")), "name is unknown"),
        (because(httpx.ConnectError("x"), a_tls_error()), "TLS fails .WRONG_VERSION_NUMBER"),
        (httpx.ConnectTimeout(""), "no connection in time"),
        (httpx.ReadTimeout(""), "nothing came in time"),
        (httpx.ProxyError("407 Proxy Authentication Required"), "407 Proxy"),
        (httpx.RemoteProtocolError("x"), "closed too early"),
        (httpx.ReadError(""), "the connection broke"),
        (httpx.DecodingError("x"), "unpacked"),
        (httpx.ConnectError(""), "the connection failed"),
    ],
)
def test_a_failure_is_told_in_words(failure: Exception, said: str) -> None:
    with pytest.raises(errors.NoAnswer, match=said) as raised:
        FakeApi(script=[failure] * 9).client().jobs.get(job_id(1))
    assert not re.search(r"[a-z](Error|Timeout)|Errno", str(raised.value))


@pytest.mark.parametrize("failure", [REFUSED, httpx.ProxyError("403 Forbidden")])
def test_what_was_not_sent_is_sent_again(failure: Exception) -> None:
    api = FakeApi(script=[failure]).add(a_job())
    api.client().jobs.cancel(job_id(1))
    assert len(api.requests) == 2


def test_a_certificate_that_is_not_trusted_is_told_at_once() -> None:
    api = FakeApi(script=[an_untrusted()] * 2)
    with pytest.raises(errors.NotTrusted, match="not trusted: self-signed certificate"):
        api.client().jobs.get(job_id(1))
    with pytest.raises(errors.NotTrusted):
        next(api.client().jobs.wait(job_id(1)))
    assert api.slept == []


def test_who_may_have_bought_knows_the_key_to_ask_again_with() -> None:
    answers: list[tuple[httpx.Response | Exception, bool]] = [
        (httpx.ReadTimeout("lost"), True),
        (httpx.Response(202, text="{"), True),
        (httpx.Response(500), True),
        (problem(409, "request-in-flight"), True),
        (problem(503, "not-queued"), False),
        (problem(429, "quota-exceeded"), False),
        (REFUSED, False),
        (an_untrusted(), False),
    ]
    for answer, is_so in answers:
        with pytest.raises(errors.RingbackError) as raised:
            FakeApi(script=[answer] * 9).client().jobs.create(MODEL, {})
        assert (raised.value.idempotency_key, raised.value.may_be_done) == ("key-1", is_so)
    with pytest.raises(errors.Unauthorized) as refused:
        FakeApi(script=[httpx.ReadTimeout("lost"), httpx.Response(401)]).client().jobs.create(
            MODEL, {}
        )
    assert refused.value.may_be_done
    with pytest.raises(errors.NoAnswer) as raised:
        FakeApi(script=[REFUSED] * 9).client().jobs.get(job_id(1))
    assert raised.value.idempotency_key is None


@pytest.mark.parametrize(
    ("given", "more"),
    [
        ({"seed": float("nan")}, {}),
        ({"prompt": "\ud800"}, {}),
        ({}, {"idempotency_key": "a\nb"}),
        ({}, {"idempotency_key": "ü"}),
        ({}, {"idempotency_key": ""}),
        ({}, {"idempotency_key": "k" * 256}),
    ],
)
def test_what_cannot_be_sent_is_not(given: dict[str, Any], more: dict[str, Any]) -> None:
    api = FakeApi()
    with pytest.raises(errors.UnusableRequest):
        api.client().jobs.create(MODEL, given, **more)
    assert api.requests == []


def test_a_parameter_that_cannot_be_sent_is_told() -> None:
    with pytest.raises(errors.UnusableRequest):
        next(FakeApi().client().jobs.list(source="\ud800"))


def test_one_tag_is_one_tag() -> None:
    api = FakeApi()
    api.client().jobs.create(MODEL, {}, tags="spring")
    assert b'"tags": ["spring"]' in api.requests[0].content


@pytest.mark.parametrize("status", [302, 403, 502, 599])
def test_an_answer_of_somebody_else_is_told(status: int) -> None:
    answer = httpx.Response(status, text="<html>", headers={"Location": "https://login.example"})
    with pytest.raises(errors.ApiError, match="not from Ringback: is its URL right") as raised:
        FakeApi(script=[answer] * 9).client().jobs.get(job_id(1))
    assert raised.value.status == status
    with pytest.raises(errors.UnknownJob) as raised:
        FakeApi(script=[problem(404, "unknown-job")]).client().jobs.get(job_id(1))
    assert str(raised.value) == "404: Not so."
    with pytest.raises(errors.Unavailable) as raised:
        FakeApi(script=[httpx.Response(503, json={})] * 9).client().jobs.get(job_id(1))
    assert str(raised.value) == "503: Service Unavailable"


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return how each request that follows is sent: by a proxy, or not."""
    found = list[str]()

    def handle(transport: Any, request: httpx.Request) -> httpx.Response:
        found.append(type(transport._pool).__name__)
        return httpx.Response(200, json={"models": []})

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)
    # Reading the system's certificates takes a while.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    monkeypatch.setattr(ssl, "create_default_context", lambda **_: context)
    for name in ("NO_PROXY", "no_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    return found


@pytest.mark.parametrize(
    ("url", "pool"),
    [
        *[(f"http://{host}:4566", "ConnectionPool") for host in ("127.0.0.1", "localhost")],
        ("http://[::1]:4566", "ConnectionPool"),
        (API, "HTTPProxy"),
    ],
)
def test_no_proxy_sees_a_key_in_the_clear(pools: list[str], url: str, pool: str) -> None:
    with Ringback(url, KEY) as client:
        client.models.list()
    assert pools == [pool]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ALL_PROXY", "foo://user:word@proxy.example", "a proxy's, is no URL"),
        ("ALL_PROXY", "socks5://user:word@proxy.example", "needs the package `socksio`"),
        ("SSL_CERT_FILE", "/nowhere", "SSL_CERT_FILE or SSL_CERT_DIR names: no such file"),
    ],
)
def test_an_unusable_environment_is_told(
    pools: list[str], monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    if name == "SSL_CERT_FILE":
        monkeypatch.undo()
    monkeypatch.setenv(name, value)
    with pytest.raises(errors.NotConfigured, match=said) as raised:
        Ringback(API, KEY)
    assert "word" not in str(raised.value)
