"""Connections that go only to addresses that were checked."""

import io
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from ringback.domain.errors import AddressRefused
from ringback.outbound.addresses import why_not_public
from ringback.outbound.urls import Target

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_ADDRESSES_TRIED: Final = 4

Resolve = Callable[[str, int], Sequence[str]]
Connect = Callable[[str, int, float], socket.socket]
MakeContext = Callable[[], ssl.SSLContext]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Time limits in seconds: ``idle_seconds`` for the next bytes, ``deadline`` for all of them.

    ``deadline`` is a time of ``clock``.
    """

    idle_seconds: float
    deadline: float
    clock: Callable[[], float]

    def seconds(self) -> float:
        """Return the seconds that the next operation may take. Raises ``TimeoutError``."""
        left = self.deadline - self.clock()
        if left <= 0:
            raise TimeoutError("deadline exceeded")
        return min(self.idle_seconds, left)


def resolve_host(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def connect_to(address: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((address, port), timeout)


@cache
def default_tls_context() -> ssl.SSLContext:
    """Build the context once per process: reading the CA file takes longer than a handshake."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def open_connection(
    target: Target,
    patience: Patience,
    *,
    resolve: Resolve = resolve_host,
    connect: Connect = connect_to,
    tls_context: MakeContext = default_tls_context,
) -> socket.socket:
    """Resolve once, check every address, and connect to one of those that were checked.

    Raises ``AddressRefused`` if any address is not public, ``OSError`` if none can be connected to.
    """
    patience.seconds()  # the resolver has its own time-outs
    addresses = checked_addresses(target, resolve)
    connection = _connect_to_first(addresses, target.port, patience, connect)
    if not target.encrypted:
        return connection
    try:
        connection.settimeout(patience.seconds())
        # The name is for SNI and the certificate; the connection is to the checked address.
        return tls_context().wrap_socket(connection, server_hostname=target.host)
    except BaseException:
        connection.close()
        raise


def checked_addresses(target: Target, resolve: Resolve) -> Sequence[str]:
    """Return the host's addresses. Raises ``AddressRefused`` if any of them is not public."""
    addresses = [target.host] if target.is_address else _resolved(target, resolve)
    if not target.encrypted:
        return addresses  # parse_url allows plain http only for hosts named in the settings
    for address in addresses:
        reason = why_not_public(address)
        if reason is not None:
            raise AddressRefused(f"{target.host}: address is not public ({reason})")
    return addresses


def _resolved(target: Target, resolve: Resolve) -> Sequence[str]:
    try:
        addresses = resolve(target.host, target.port)
    except UnicodeError as error:  # the idna codec does not raise OSError
        raise AddressRefused("host name is invalid") from error
    if not addresses:
        raise OSError("host has no address")
    return addresses


def _connect_to_first(
    addresses: Sequence[str], port: int, patience: Patience, connect: Connect
) -> socket.socket:
    *firsts, last = addresses[:MAX_ADDRESSES_TRIED]
    for address in firsts:
        try:
            return connect(address, port, patience.seconds())
        except OSError:
            continue
    return connect(last, port, patience.seconds())


class PatientReader(io.RawIOBase):
    """Reads a connection with time limits that also cover headers sent byte by byte.

    http.client alone restarts the idle time at every byte and has no total limit.
    """

    def __init__(self, connection: socket.socket, patience: Patience) -> None:
        self._connection = connection
        self._patience = patience

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        self._connection.settimeout(self._patience.seconds())
        return self._connection.recv_into(buffer)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Stand in for a socket in ``HTTPResponse``; closing it leaves the connection open."""
        return io.BufferedReader(self)
