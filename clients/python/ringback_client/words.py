"""Failures of the network, in words for people. None has a URL: a link is as good as the image."""

import os
import socket
import ssl
from collections.abc import Iterator


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Yield the error, then what caused it, and so on."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def untrusted(error: BaseException) -> str | None:
    """Return why the server's certificate is not trusted, None if that is not the reason."""
    for each in causes_of(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            return each.verify_message.rstrip(".")
    return None


def words_of(error: BaseException) -> str:
    """Return what the system says of it, or the libraries."""
    for each in causes_of(error):
        if isinstance(each, ssl.SSLError):
            return f"TLS fails ({each.reason or 'no reason is given'})"
        if isinstance(each, socket.gaierror):
            return "the host's name is unknown"
        if isinstance(each, OSError) and each.errno:
            words = os.strerror(each.errno)  # asyncio's own have an address
            return words[:1].lower() + words[1:]
    return str(error) or "the connection failed"
