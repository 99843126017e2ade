"""Fetches an image from a URL that somebody else chose."""

import hashlib
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from typing import BinaryIO, Final, cast

from ringback.domain.errors import DownloadInterrupted, ImageRefused, LinkDead
from ringback.domain.images import ImageFacts
from ringback.images.connections import (
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
from ringback.images.formats import read_picture
from ringback.images.urls import Target, follow_redirect, parse_url

MOST_REDIRECTS: Final = 3
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
DEAD: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
READ_SIZE: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedDownloader:
    """Downloads images; no URL makes it talk to an address inside.

    ``plain_http_hosts`` are ``host:port`` that may be reached without TLS and at any address: a
    simulator on this machine, nothing else.
    """

    plain_http_hosts: frozenset[str] = frozenset()
    max_bytes: int = 64 * 1024 * 1024
    total_seconds: float = 120.0
    idle_seconds: float = 15.0
    # The result CDN answers 403 to the default names of HTTP libraries.
    user_agent: str = "Ringback/0.1 (image archiver)"
    resolve: Resolve = resolve_host
    connect: Connect = connect_to
    tls_context: MakeContext = default_tls_context
    clock: Callable[[], float] = time.monotonic

    def fetch(self, url: str, into: BinaryIO) -> ImageFacts:
        """Replace what is in ``into`` by the image, and leave it at its first byte.

        Raises ``ImageRefused``, ``LinkDead`` or ``DownloadInterrupted``; then ``into`` is rubbish.
        """
        patience = Patience(
            idle_seconds=self.idle_seconds,
            deadline=self.clock() + self.total_seconds,
            clock=self.clock,
        )
        hosts = self.plain_http_hosts
        target = parse_url(url, plain_http_hosts=hosts)
        for _ in range(MOST_REDIRECTS + 1):
            with self._answer(target, patience) as response:
                if response.status not in REDIRECTS:
                    _check_status(response, target.host)
                    return self._keep(response, target.host, into)
                location = response.headers.get("Location", "")
            target = follow_redirect(target, location, plain_http_hosts=hosts)
        raise DownloadInterrupted(f"{target.host}: more than {MOST_REDIRECTS} redirects")

    @contextmanager
    def _answer(self, target: Target, patience: Patience) -> Iterator[HTTPResponse]:
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
                connection.sendall(self._request(target))
                reader = PatientReader(connection, patience)
                response = HTTPResponse(cast(socket.socket, reader), method="GET")
                response.begin()
            with closing(response):
                yield response

    def _request(self, target: Target) -> bytes:
        # Every part has been through parse_url: nothing in it can end a line.
        lines = (
            f"GET {target.path} HTTP/1.1",
            f"Host: {target.authority}",
            f"User-Agent: {self.user_agent}",
            # Naming types would invite a CDN to convert the image into one of them.
            "Accept: */*",
            "Accept-Encoding: identity",
            "Connection: close",
            "\r\n",
        )
        return "\r\n".join(lines).encode("ascii")

    def _keep(self, response: HTTPResponse, host: str, into: BinaryIO) -> ImageFacts:
        expected = self._expected_bytes(response, host)
        into.seek(0)
        into.truncate()
        digest, received = hashlib.sha256(), 0
        for part in _parts(response, host):
            received += len(part)
            if received > self.max_bytes:
                raise ImageRefused(f"{host}: more than {self.max_bytes} bytes")
            digest.update(part)
            into.write(part)
        if expected is not None and received != expected:
            raise DownloadInterrupted(f"{host}: {received} of {expected} bytes came")
        picture = read_picture(into, size=received)
        into.seek(0)
        return ImageFacts(
            content_type=picture.content_type,
            extension=picture.extension,
            width=picture.width,
            height=picture.height,
            bytes=received,
            sha256=digest.hexdigest(),
        )

    def _expected_bytes(self, response: HTTPResponse, host: str) -> int | None:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise ImageRefused(f"{host}: body is encoded although we asked for it as it is")
        lengths = set(response.headers.get_all("Content-Length", []))
        if response.chunked or not lengths:
            return None
        length = lengths.pop()
        if lengths or not (length.isascii() and length.isdigit() and len(length) < 20):
            raise DownloadInterrupted(f"{host}: content length cannot be read")
        if int(length) > self.max_bytes:
            raise ImageRefused(f"{host}: more than {self.max_bytes} bytes")
        return int(length)


def _check_status(response: HTTPResponse, host: str) -> None:
    if response.status in DEAD:
        raise LinkDead(f"{host}: answered {response.status}")
    # Also 206: we asked for the whole.
    if response.status != HTTPStatus.OK:
        raise DownloadInterrupted(f"{host}: answered {response.status}")


def _parts(response: HTTPResponse, host: str) -> Iterator[memoryview]:
    buffer = memoryview(bytearray(READ_SIZE))
    while True:
        with _interruptions(host):
            count = response.readinto(buffer)
        if not count:
            return
        yield buffer[:count]


@contextmanager
def _interruptions(host: str) -> Iterator[None]:
    """Say every way in which a network fails in one word.

    A certificate that fails the check is among them: nothing was sent, and its owner will mend it.
    """
    try:
        yield
    except (OSError, HTTPException) as error:
        raise DownloadInterrupted(f"{host}: {type(error).__name__}") from error
