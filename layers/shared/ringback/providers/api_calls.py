"""What calls to all providers' APIs have in common."""

import logging
import re
import ssl
from functools import cache
from typing import Any, Final

import httpx
from pydantic_core import from_json

from ringback.domain.version import USER_AGENT

# No connection, so no request: the only transport errors that prove something.
NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout)
UNREACHABLE_RETRY: Final = 30
# What a key or token must look like to be sent in a header.
HEADER_WORD: Final = re.compile(r"[\x21-\x7e]+")

# httpx tells every URL at INFO, and Lambda's JSON log format shows INFO of every library.
logging.getLogger("httpx").setLevel(logging.WARNING)


@cache
def _tls() -> ssl.SSLContext:
    """Load the certificates of the authorities once for all providers: it takes 40 ms."""
    return httpx.create_ssl_context(trust_env=False)


def api_client(base_url: str, transport: httpx.BaseTransport | None) -> httpx.Client:
    return httpx.Client(
        base_url=base_url,
        headers={"User-Agent": USER_AGENT},
        timeout=httpx.Timeout(15.0, connect=4.0),
        # A connection that died while Lambda froze its container would be found out by the
        # paid call, and look like a lost answer. A handshake a call is cheaper.
        limits=httpx.Limits(max_keepalive_connections=0),
        follow_redirects=False,
        trust_env=False,
        verify=_tls(),
        transport=transport,
    )


def read_envelope(response: httpx.Response) -> dict[str, Any]:
    """Return the body if it is an envelope with a code, as both providers send, else nothing."""
    try:
        # Not httpx's own, which deep nesting makes raise RecursionError.
        envelope = from_json(response.content)
    except ValueError:
        return {}
    # True and False are whole numbers to Python.
    is_envelope = isinstance(envelope, dict) and type(envelope.get("code")) is int
    return envelope if is_envelope else {}
