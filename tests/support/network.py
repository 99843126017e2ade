"""An in-memory network: names, addresses and scripted responses; records what was requested."""

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, cast

from ringback.outbound.guarded_http import GuardedHttp

ADDRESS = "93.184.216.34"


def http_answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def redirect(location: str, status: int = 302) -> bytes:
    return http_answer(b"", f"{status} There", Location=location)


class ScriptedConnection:
    """Yields the bytes of one response, then the end of the stream."""

    def __init__(self, script: bytes, network: "FakeNetwork") -> None:
        self._script = script
        self._unread = BytesIO(script)
        self._network = network
        self.writes: list[bytes] = []
        self.closed = False
        self.under_tls = False

    def taken_over(self) -> "ScriptedConnection":
        """Return the TLS side of the connection; using this side again would send plain text."""
        self.under_tls = True
        return ScriptedConnection(self._script, self._network)

    @property
    def sent(self) -> bytes:
        return b"".join(self.writes)

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0
        self._network.timeouts.append(seconds)

    def sendall(self, data: bytes) -> None:
        assert not self.under_tls
        self.writes.append(data)

    def recv_into(self, buffer: memoryview) -> int:
        assert not self.under_tls
        self._network.wait()
        return self._unread.readinto(buffer[:1000])

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeNetwork:
    """Gives each connection the next of its ``answers``.

    Connecting, the TLS handshake and each read take ``seconds_per_step``.
    """

    answers: list[bytes]
    names: dict[str, list[str]] = field(default_factory=lambda: {"cdn.example": [ADDRESS]})
    down: set[str] = field(default_factory=set)
    handshake_error: Exception | None = None
    seconds_per_step: float = 0
    now: float = 0
    resolved: list[str] = field(default_factory=list)
    connected: list[tuple[str, int]] = field(default_factory=list)
    secured: list[str] = field(default_factory=list)
    connections: list[ScriptedConnection] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)

    def http(self, **settings: Any) -> GuardedHttp:
        return GuardedHttp(
            resolve=self.resolve,
            connect=self.connect,
            tls_context=lambda: cast(ssl.SSLContext, self),
            clock=lambda: self.now,
            **settings,
        )

    def resolve(self, host: str, _port: int) -> Sequence[str]:
        self.resolved.append(host)
        if host not in self.names:
            raise socket.gaierror("unknown name")
        return self.names[host]

    def connect(self, address: str, port: int, timeout: float) -> socket.socket:
        self.connected.append((address, port))
        self.timeouts.append(timeout)
        self.wait()
        if address in self.down:
            raise ConnectionRefusedError
        connection = ScriptedConnection(self.answers.pop(0), self)
        self.connections.append(connection)
        return cast(socket.socket, connection)

    def wrap_socket(self, connection: socket.socket, *, server_hostname: str) -> socket.socket:
        self.secured.append(server_hostname)
        self.wait()
        if self.handshake_error:
            raise self.handshake_error
        assert cast(object, connection) is self.connections[-1]
        self.connections[-1] = self.connections[-1].taken_over()
        return cast(socket.socket, self.connections[-1])

    def wait(self) -> None:
        self.now += self.seconds_per_step
