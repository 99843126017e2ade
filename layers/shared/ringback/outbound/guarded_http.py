"""HTTP to untrusted URLs: result links, webhooks."""

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Final, cast

from ringback.domain.errors import TimedOut, TransferInterrupted
from ringback.domain.version import USER_AGENT
from ringback.outbound.connections import (
    Connect,
    MakeContext,
    Patience,
    PatientReader,
    Resolve,
    connect_to,
    default_tls_context,
    open_connection,
    resolve_host,
)
from ringback.outbound.urls import Target, as_browsers_do, follow_redirect, parse_url

MAX_REDIRECTS: Final = 3
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# All of 1xx but 101, after which the connection speaks another protocol.
INTERIM: Final = frozenset({100, *range(102, 200)})
READ_SIZE: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """The response of ``host``; its body is read on demand."""

    host: str
    response: HTTPResponse

    @property
    def status(self) -> int:
        return self.response.status

    def header(self, name: str) -> list[str]:
        return self.response.headers.get_all(name, [])

    @property
    def length_counts(self) -> bool:
        """Whether Content-Length, if present, is the length of the body."""
        return not self.response.chunked

    def beginning(self, most: int) -> bytes:
        """Read at most so many bytes of the body, once. Raises ``TransferInterrupted``."""
        buffer = bytearray(most)
        with _interruptions(self.host):
            # Not read(): of a chunk that claims a negative size it reads all, or raises ValueError.
            return bytes(buffer[: self.response.readinto(buffer)])

    def parts(self) -> Iterator[memoryview]:
        """Read the body; each part is valid until the next one is requested.

        Raises ``TransferInterrupted``.
        """
        buffer = memoryview(bytearray(READ_SIZE))
        while True:
            with _interruptions(self.host):
                try:
                    count = self.response.readinto(buffer)
                except IncompleteRead as error:
                    # Of a body in chunks, what came before it broke off.
                    yield memoryview(error.partial)
                    raise
            if not count:
                return
            yield buffer[:count]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedHttp:
    """Sends requests to public hosts only, over TLS, without proxy, cookies or credentials.

    ``plain_http_hosts`` are ``host:port`` that may be reached without TLS and at any address: for
    a simulator on this machine only. ``within`` is the time limit of a call in seconds, redirects
    and body included.

    Calls raise ``AddressRefused`` or ``TransferInterrupted``.
    """

    plain_http_hosts: frozenset[str] = frozenset()
    idle_seconds: float = 15.0
    resolve: Resolve = resolve_host
    connect: Connect = connect_to
    tls_context: MakeContext = default_tls_context
    clock: Callable[[], float] = time.monotonic

    @contextmanager
    def get(self, url: str, *, within: float) -> Iterator[Answer]:
        """Follow redirects by hand, each checked like the URL itself.

        The URL may have blanks in it or around it.
        """
        patience, hosts = self._patience(within), self.plain_http_hosts
        target = parse_url(as_browsers_do(url), plain_http_hosts=hosts)
        for _ in range(MAX_REDIRECTS + 1):
            # Named types would allow a CDN to convert the image into one of them.
            with self._exchange(target, "GET", {"Accept": "*/*"}, b"", patience) as answer:
                if answer.status not in REDIRECTS:
                    yield answer
                    return
                location = "".join(answer.header("Location")[:1])
            target = follow_redirect(target, location, plain_http_hosts=hosts)
        raise TransferInterrupted(f"{target.host}: more than {MAX_REDIRECTS} redirects")

    @contextmanager
    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, within: float
    ) -> Iterator[Answer]:
        """Send a body once. A redirect is not followed, it is the answer.

        ``headers`` are not checked: they must not be taken from an untrusted source.
        """
        target = parse_url(url, plain_http_hosts=self.plain_http_hosts)
        sent = {**headers, "Content-Length": str(len(body))}
        with self._exchange(target, "POST", sent, body, self._patience(within)) as answer:
            yield answer

    def _patience(self, within: float) -> Patience:
        return Patience(
            idle_seconds=self.idle_seconds,
            deadline=self.clock() + within,
            clock=self.clock,
        )

    @contextmanager
    def _exchange(
        self,
        target: Target,
        method: str,
        headers: Mapping[str, str],
        body: bytes,
        patience: Patience,
    ) -> Iterator[Answer]:
        with _interruptions(target.host):
            connection = open_connection(
                target,
                patience,
                resolve=self.resolve,
                connect=self.connect,
                tls_context=self.tls_context,
            )
        with closing(connection):
            with _interruptions(target.host):
                connection.settimeout(patience.seconds())
                connection.sendall(self._head(target, method, headers) + body)
                reader = PatientReader(connection, patience)
                response = HTTPResponse(cast(socket.socket, reader), method=method)
                _read_head(response)
            with closing(response):
                yield Answer(target.host, response)

    def _head(self, target: Target, method: str, headers: Mapping[str, str]) -> bytes:
        # Every part of the target passed parse_url: none of it contains a line break.
        lines = (
            f"{method} {target.path} HTTP/1.1",
            f"Host: {target.authority}",
            f"User-Agent: {USER_AGENT}",
            *(f"{name}: {value}" for name, value in headers.items()),
            "Accept-Encoding: identity",
            "Connection: close",
            "\r\n",
        )
        return "\r\n".join(lines).encode("ascii")


def _read_head(response: HTTPResponse) -> None:
    """Skip interim responses, such as 103: any server may send them first. RFC 9110, section 15.2.

    http.client skips 100 only.
    """
    response.begin()
    while response.status in INTERIM:
        response.headers = None  # type: ignore[assignment]  # else begin() reads nothing more
        response.begin()


@contextmanager
def _interruptions(host: str) -> Iterator[None]:
    """Raise ``TransferInterrupted`` for every way in which a network fails.

    A certificate that fails verification is one: nothing was sent, and its owner may fix it.
    """
    try:
        yield
    except TimeoutError as error:
        raise TimedOut(f"{host}: {type(error).__name__}") from error
    except (OSError, HTTPException) as error:
        raise TransferInterrupted(f"{host}: {type(error).__name__}") from error
