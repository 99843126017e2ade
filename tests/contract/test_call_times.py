"""Every call to a provider ends in total, however slowly the other side answers."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpcore
import httpx
import pytest
from ringback.aws.clients import CALLS
from ringback.providers import timed_transport
from ringback.providers.api_calls import CALL_SECONDS, api_client
from ringback.providers.chanjing.client import SEND_WITHIN
from ringback.providers.timed_transport import TimedBackend, TimedStream, TimeLeft
from ringback.use_cases.record_answer import TIME_TO_RECORD, TIME_TO_SEND
from ringback.use_cases.submit_job import MAX_CALL, TIME_TO_PAY

from tests.support.lambdas import function_properties

SECONDS = 0.6
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
Talk = Callable[[socket.socket], None]


@contextmanager
def a_server(talk: Talk) -> Iterator[str]:
    """Serve one connection; ``talk`` ends at the latest when the other side hangs up."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            talk(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            with suppress(OSError), socket.create_connection(listener.getsockname(), 0.1):
                thread.join()


def dripping(start: bytes, drops: bytes) -> Talk:
    """Send ``start`` at once and ``drops`` one by one, four seconds in all."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(start)
        for drop in drops:
            connection.sendall(bytes([drop]))
            time.sleep(4 / len(drops))

    return talk


def silent(connection: socket.socket) -> None:
    connection.settimeout(4)
    while connection.recv(65536):
        pass


SLOW = {
    "silent": silent,
    "its body byte by byte": dripping(HEAD + b"Content-Length: 80\r\n\r\n", b" " * 80),
    "its head byte by byte": dripping(HEAD, b"X-A: " + b"a" * 75),
    "its status byte by byte": dripping(b"", HEAD[:12] + b" " * 68),
    "its chunks one by one": dripping(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 14
    ),
}


@pytest.mark.parametrize("talk", SLOW.values(), ids=SLOW.keys())
def test_a_call_ends_in_time_however_slowly_it_is_answered(talk: Talk) -> None:
    with a_server(talk) as url:
        begun = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            api_client(url, None, seconds=SECONDS).post("/x", json={})
        # A busy machine is late; the answers themselves take four seconds.
        assert SECONDS - 0.1 < time.monotonic() - begun < 3.5


def test_an_answer_in_time_is_read_as_ever() -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(HEAD + b"Content-Length: 12\r\n\r\n")
        time.sleep(0.2)
        connection.sendall(b'{"code": 0} ')

    with a_server(talk) as url:
        answer = api_client(url, None, seconds=3).get("/x")
    assert (answer.status_code, answer.json()) == (200, {"code": 0})


def test_nothing_is_sent_once_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up of the host that takes too long, as one of many addresses that take none."""
    now = [0.0]

    def look_up(*_: object, **__: object) -> list[tuple[object, ...]]:
        now[0] += 5
        return [(0, 0, 0, "", (f"127.0.0.{n}", 9)) for n in range(1, 4)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(httpcore.ConnectTimeout):
        TimedBackend(15, clock=lambda: now[0]).connect_tcp("api.example", 443, timeout=4)


def test_the_other_addresses_of_a_host_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = timed_transport.resolved
    known = {"api.example": ["127.0.0.2", "127.0.0.1"]}
    monkeypatch.setattr(
        timed_transport, "resolved", lambda host, port: known.get(host) or look_up(host, port)
    )
    with a_server(silent) as url:
        TimedBackend(5).connect_tcp("api.example", int(url.rpartition(":")[2])).close()


def test_the_last_failure_is_raised_when_no_address_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(httpcore.ConnectError, match="refused"):
        TimedBackend(5).connect_tcp("127.0.0.1", port)


def test_each_call_has_a_connection_of_its_own() -> None:
    """The limit is one of the connection's life, so a second call on it would have less time."""
    peers: list[object] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # keeps connections open

        def do_GET(self) -> None:
            peers.append(self.client_address)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        client = api_client(f"http://127.0.0.1:{server.server_port}", None)
        for _ in range(2):
            client.get("/")
        server.shutdown()
    assert len(set(peers)) == 2


def test_a_host_without_an_address_was_never_sent_anything() -> None:
    with pytest.raises(httpx.ConnectError):
        api_client("http://nowhere.invalid", None).get("/")


def test_the_limit_counts_under_tls_too() -> None:
    """A handshake takes of the call's time, and so does what is read through it."""

    class Plain(httpcore.NetworkStream):
        def start_tls(
            self,
            ssl_context: ssl.SSLContext,
            server_hostname: str | None = None,
            timeout: float | None = None,
        ) -> httpcore.NetworkStream:
            now[0] += timeout or 99
            return self

    now = [0.0]
    stream = TimedStream(Plain(), TimeLeft(until=10, clock=lambda: now[0]))
    encrypted = stream.start_tls(ssl.create_default_context(), "api.example", timeout=99)
    assert now == [10]
    with pytest.raises(httpcore.ReadTimeout):
        encrypted.read(1, timeout=4)
    with pytest.raises(httpcore.WriteTimeout):
        encrypted.write(b"x", timeout=4)
    with pytest.raises(httpcore.ConnectTimeout):
        stream.start_tls(ssl.create_default_context(), "api.example", timeout=4)


@pytest.mark.parametrize("error", [httpcore.ReadTimeout, httpcore.WriteTimeout])
def test_the_shorter_limit_counts(error: type[Exception]) -> None:
    time_left = TimeLeft(until=10, clock=lambda: 7)
    assert (time_left.at_most(2, error), time_left.at_most(9, error)) == (2, 3)
    assert time_left.at_most(None, error) == 3
    with pytest.raises(error):
        TimeLeft(until=10, clock=lambda: 10).at_most(2, error)


def test_nobody_pays_without_the_time_to_record_it() -> None:
    """The paid call, its answer in table or queue, and a token before: all in one invocation."""
    assert SEND_WITHIN.total_seconds() + CALL_SECONDS <= MAX_CALL
    assert TIME_TO_PAY == MAX_CALL + TIME_TO_RECORD
    # The table and then the queue, each hanging in every attempt.
    assert min(TIME_TO_SEND, TIME_TO_RECORD - TIME_TO_SEND) >= CALLS.longest
    assert function_properties("submit_job")["Timeout"] >= TIME_TO_PAY + 20
