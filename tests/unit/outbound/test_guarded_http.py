"""POST through the guard: destination, content and time limits. See test_download.py for GET."""

import socket
import ssl
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ringback.domain.errors import AddressRefused, TransferInterrupted
from ringback.domain.version import USER_AGENT
from ringback.outbound.guarded_http import Answer, GuardedHttp

from tests.support.guarded_urls import PLAIN_HTTP_HOSTS, URLS, look_up
from tests.support.network import ADDRESS, FakeNetwork, http_answer, redirect

URL = "https://cdn.example/hooks?signature=secret"
BODY = b'{"job_id": "job_1"}'
HEADERS = {"Content-Type": "application/json", "webhook-id": "msg_1"}


def post(
    http: GuardedHttp, url: str = URL, body: bytes = BODY, *, within: float = 60
) -> tuple[int, bytes]:
    with http.post(url, body, HEADERS, within=within) as answer:
        return answer.status, b"".join(bytes(part) for part in answer.parts())


def test_body_and_headers_are_sent_once_to_the_checked_address() -> None:
    network = FakeNetwork([http_answer(b"thanks", "202 Accepted")])
    assert post(network.http()) == (202, b"thanks")
    assert network.resolved == ["cdn.example"]
    assert network.connected == [(ADDRESS, 443)]
    assert network.secured == ["cdn.example"]
    (connection,) = network.connections
    assert connection.closed
    (written,) = connection.writes
    head, _, body = written.partition(b"\r\n\r\n")
    assert body == BODY
    assert head.decode().split("\r\n") == [
        "POST /hooks?signature=secret HTTP/1.1",
        "Host: cdn.example",
        f"User-Agent: {USER_AGENT}",
        "Content-Type: application/json",
        "webhook-id: msg_1",
        f"Content-Length: {len(BODY)}",
        "Accept-Encoding: identity",
        "Connection: close",
    ]


@pytest.mark.parametrize("body", [b"", b"\r\n\r\n", bytes(range(256)), b"x" * 1_000_000])
def test_the_body_is_sent_unchanged_with_its_length(body: bytes) -> None:
    network = FakeNetwork([http_answer()])
    post(network.http(), body=body)
    assert network.connections[0].sent.endswith(
        b"Content-Length: %d\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n%b"
        % (len(body), body)
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["https://other.example/", "/b", "http://10.0.0.1/", ""])
def test_post_does_not_follow_a_redirect(status: int, location: str) -> None:
    network = FakeNetwork([redirect(location, status)])
    with network.http().post(URL, BODY, HEADERS, within=60) as answer:
        assert answer.status == status
        assert answer.header("location") == [location]
    assert network.resolved == ["cdn.example"]
    assert network.connected == [(ADDRESS, 443)]


@pytest.mark.parametrize("status", [200, 204, 400, 401, 410, 429, 500, 503, 599])
def test_every_status_is_returned_to_the_caller(status: int) -> None:
    assert post(FakeNetwork([http_answer(b"", f"{status} x")]).http()) == (status, b"")


@pytest.mark.parametrize(("url", "reason"), [(u, r) for u, seen, r in URLS if seen is None])
def test_a_refused_url_is_not_connected_to(url: str, reason: str) -> None:
    network = FakeNetwork([http_answer()])
    http = replace(network.http(plain_http_hosts=PLAIN_HTTP_HOSTS), resolve=look_up)
    with pytest.raises(AddressRefused) as refused:
        post(http, url)
    assert str(refused.value).endswith(reason)
    assert network.connected == []


def test_the_name_is_resolved_once_per_call() -> None:
    network = FakeNetwork([http_answer()])
    answers = iter([[ADDRESS], ["127.0.0.1"]])

    def resolve(_host: str, _port: int) -> Sequence[str]:
        return next(answers)

    http = replace(network.http(), resolve=resolve)
    assert post(http) == (200, b"")
    with pytest.raises(AddressRefused, match="loopback"):
        post(http)
    assert network.connected == [(ADDRESS, 443)]


@pytest.mark.parametrize("error", [ssl.SSLCertVerificationError(), ssl.SSLError(), TimeoutError()])
def test_post_sends_nothing_if_the_certificate_is_wrong(error: OSError) -> None:
    network = FakeNetwork([http_answer()], handshake_error=error)
    with pytest.raises(TransferInterrupted, match=rf"^cdn\.example: {type(error).__name__}$"):
        post(network.http())
    (connection,) = network.connections
    assert connection.writes == []
    assert connection.closed


def test_a_plain_http_host_is_reached_without_tls() -> None:
    network = FakeNetwork([http_answer()], names={"sim.example": ["127.0.0.1"]})
    post(network.http(plain_http_hosts=frozenset({"sim.example:9000"})), "http://sim.example:9000/")
    assert network.connected == [("127.0.0.1", 9000)]
    assert network.secured == []
    assert b"\r\nHost: sim.example:9000\r\n" in network.connections[0].sent


def test_proxies_netrc_and_cookies_change_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://10.0.0.1:3128")
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine cdn.example login us password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    first, second = http_answer(Set_Cookie="a=b; Domain=cdn.example"), http_answer()
    network = FakeNetwork([first, second])
    http = network.http()
    post(http)
    post(http)
    assert network.connected == [(ADDRESS, 443)] * 2
    assert network.connections[0].sent == network.connections[1].sent
    for word in (b"ookie", b"uthorization", b"Proxy"):
        assert word not in network.connections[1].sent


def test_the_second_address_is_tried_only_if_the_first_connection_failed() -> None:
    names = {"cdn.example": [ADDRESS, "93.184.216.35"]}
    network = FakeNetwork([b"", http_answer()], names=names)
    with pytest.raises(TransferInterrupted, match="RemoteDisconnected"):
        post(network.http())
    assert network.connected == [(ADDRESS, 443)]
    network = FakeNetwork([http_answer()], names=names, down={ADDRESS})
    assert post(network.http()) == (200, b"")
    assert len(network.connections) == 1


@pytest.mark.parametrize("error", [socket.gaierror(), TimeoutError(), ConnectionResetError()])
def test_a_network_error_names_only_the_host(error: OSError) -> None:
    def connect(_address: str, _port: int, _timeout: float) -> socket.socket:
        raise error

    with pytest.raises(TransferInterrupted, match=rf"^cdn\.example: {type(error).__name__}$"):
        post(replace(FakeNetwork([]).http(), connect=connect))


def test_every_step_has_the_remaining_or_the_idle_time() -> None:
    network = FakeNetwork([http_answer(b"ok")], seconds_per_step=1)
    post(network.http(idle_seconds=7.5), within=9)
    # Connecting, the handshake, sending, and reading three times.
    assert network.timeouts == [7.5, 7.5, 7, 7, 6, 5]


def test_every_address_has_the_remaining_time() -> None:
    addresses = [f"93.184.216.{number}" for number in range(9)]
    network = FakeNetwork(
        [], names={"cdn.example": addresses}, down=set(addresses), seconds_per_step=2
    )
    with pytest.raises(TransferInterrupted, match="TimeoutError"):
        post(network.http(), within=5)
    assert network.timeouts == [5, 3, 1]


def test_the_total_time_covers_a_slow_answer() -> None:
    network = FakeNetwork([http_answer(bytes(90_000))], seconds_per_step=1)
    with pytest.raises(TransferInterrupted, match="TimeoutError"):
        post(network.http(), within=5)
    assert network.now <= 6


def test_nothing_is_resolved_after_the_deadline() -> None:
    network = FakeNetwork([http_answer()])
    with pytest.raises(TransferInterrupted, match="TimeoutError"):
        post(network.http(), within=0)
    assert network.resolved == []


def test_redirects_share_the_total_time() -> None:
    network = FakeNetwork([redirect("/b"), redirect("/c"), redirect("/d"), http_answer()])

    def resolve(host: str, port: int) -> Sequence[str]:
        network.now += 2
        return network.resolve(host, port)

    http = replace(network.http(), resolve=resolve)
    with pytest.raises(TransferInterrupted, match="TimeoutError"), http.get(URL, within=5):
        pass
    assert len(network.connected) == 2


def test_the_first_of_two_locations_is_used() -> None:
    twice = redirect("/first").replace(b"Location", b"Location: /first\r\nLocation", 1)
    network = FakeNetwork([twice.replace(b"/first\r\n\r\n", b"/second\r\n\r\n"), http_answer()])
    with network.http().get(URL, within=60):
        pass
    assert network.connections[1].sent.startswith(b"GET /first HTTP/1.1\r\n")


@pytest.mark.parametrize("status", [200, 201, 300, 304, 305, 306, 309, 404])
def test_only_a_redirect_is_followed(status: int) -> None:
    network = FakeNetwork([redirect("https://other.example/", status)])
    with network.http().get(URL, within=60) as answer:
        assert answer.status == status
    assert network.connected == [(ADDRESS, 443)]


def test_a_connection_is_closed_when_the_caller_fails() -> None:
    network = FakeNetwork([http_answer()])

    def fail(_answer: Answer) -> None:
        raise KeyError

    with pytest.raises(KeyError), network.http().post(URL, BODY, HEADERS, within=60) as answer:
        fail(answer)
    assert network.connections[0].closed


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"HTTP/1.1 ", http_answer()[:-2]]))
def test_any_answer_is_to_a_single_request(rest: bytes, start: bytes) -> None:
    network = FakeNetwork([start + rest])
    try:
        post(network.http())
    except TransferInterrupted as error:
        assert "secret" not in str(error)
    (connection,) = network.connections
    assert len(connection.writes) == 1
    assert connection.closed
