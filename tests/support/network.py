"""An internet in memory: names, addresses and answers, and who was asked for what."""

import socket
import ssl
from collections.abc import Callable, Sequence
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
    """Gives the bytes of one answer, then the end."""

    def __init__(self, script: bytes, on_read: Callable[[], object]) -> None:
        self._script = BytesIO(script)
        self._on_read = on_read
        self.writes: list[bytes] = []
        self.closed = False

    @property
    def sent(self) -> bytes:
        return b"".join(self.writes)

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def sendall(self, data: bytes) -> None:
        self.writes.append(data)

    def recv_into(self, buffer: memoryview) -> int:
        self._on_read()
        return self._script.readinto(buffer[:1000])

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeNetwork:
    """Leads every connection to the next of its ``answers``."""

    answers: list[bytes]
    names: dict[str, list[str]] = field(default_factory=lambda: {"cdn.example": [ADDRESS]})
    down: set[str] = field(default_factory=set)
    distrusted: bool = False
    seconds_per_read: float = 0
    now: float = 0
    resolved: list[str] = field(default_factory=list)
    connected: list[tuple[str, int]] = field(default_factory=list)
    secured: list[str] = field(default_factory=list)
    connections: list[ScriptedConnection] = field(default_factory=list)

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

    def connect(self, address: str, port: int, _timeout: float) -> socket.socket:
        self.connected.append((address, port))
        if address in self.down:
            raise ConnectionRefusedError
        connection = ScriptedConnection(self.answers.pop(0), self.wait)
        self.connections.append(connection)
        return cast(socket.socket, connection)

    def wrap_socket(self, connection: socket.socket, *, server_hostname: str) -> socket.socket:
        self.secured.append(server_hostname)
        if self.distrusted:
            raise ssl.SSLCertVerificationError("self-signed")
        return connection

    def wait(self) -> None:
        self.now += self.seconds_per_read
