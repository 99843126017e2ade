"""HTTP calls that end in total, however slowly the other side sends its answer.

httpx limits each read by itself, so an answer that comes byte by byte is read for ever. Its clients
can't be given a limit for a whole call, but httpcore, beneath them, takes the network from a
``NetworkBackend`` (httpcore's docs, "Network Backends"). Every connection of ours serves one call,
so a limit of the connection's life, from the look-up of its host on, is one of the call.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """``until`` is a time of ``clock``."""

    until: float
    clock: Clock

    def at_most(self, limit: float | None, error: type[Exception]) -> float:
        """Return the seconds that the next operation may take; raise ``error`` if there is none."""
        left = self.until - self.clock()
        if left <= 0:
            raise error("the call took too long")
        return left if limit is None else min(left, limit)


class TimedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, time_left: TimeLeft) -> None:
        self._stream, self._time_left = stream, time_left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        limit = self._time_left.at_most(timeout, httpcore.ReadTimeout)
        return self._stream.read(max_bytes, limit)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._time_left.at_most(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        limit = self._time_left.at_most(timeout, httpcore.ConnectTimeout)
        stream = self._stream.start_tls(ssl_context, server_hostname, limit)
        return TimedStream(stream, self._time_left)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class TimedBackend(httpcore.NetworkBackend):
    """Connections that live for ``seconds``."""

    def __init__(self, seconds: float, clock: Clock = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        time_left = TimeLeft(self._clock() + self._seconds, self._clock)
        connect_by = TimeLeft(self._clock() + (timeout or self._seconds), self._clock)
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in resolved(host, port):
            # All addresses together: socket.create_connection takes the time-out for each.
            limit = connect_by.at_most(None, httpcore.ConnectTimeout)
            try:
                stream = self._network.connect_tcp(
                    address, port, limit, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return TimedStream(stream, time_left)
        raise failure


def resolved(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class TimedTransport(httpx.HTTPTransport):
    """A transport that makes a connection for each call, and ends both after ``seconds``."""

    def __init__(self, tls: ssl.SSLContext, *, seconds: float) -> None:
        super().__init__(verify=tls)
        # A connection that died while Lambda had the container frozen would fail in the paid
        # call and look like a lost answer. A handshake per call is cheaper.
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls, max_keepalive_connections=0, network_backend=TimedBackend(seconds)
        )
