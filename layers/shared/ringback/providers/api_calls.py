"""HTTP calls to providers' APIs."""

import logging
import re
import ssl
from functools import cache
from typing import Any, Final

import httpx
from pydantic_core import from_json

from ringback.domain.version import USER_AGENT

# Without a connection no request was sent: the only transport errors that prove anything.
NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout)
UNREACHABLE_RETRY: Final = 30
# What a key or token must match to be sent in a header.
HEADER_WORD: Final = re.compile(r"[\x21-\x7e]+")

# httpx logs every URL at INFO, and Lambda's JSON log format includes INFO of every library.
logging.getLogger("httpx").setLevel(logging.WARNING)


@cache
def _tls() -> ssl.SSLContext:
    """Load the CA certificates once for all providers: it takes 40 ms."""
    return httpx.create_ssl_context(trust_env=False)


def api_client(base_url: str, transport: httpx.BaseTransport | None) -> httpx.Client:
    return httpx.Client(
        base_url=base_url,
        headers={"User-Agent": USER_AGENT},
        timeout=httpx.Timeout(15.0, connect=4.0),
        # A connection that died while Lambda had the container frozen would fail in the paid
        # call and look like a lost answer. A handshake per call is cheaper.
        limits=httpx.Limits(max_keepalive_connections=0),
        follow_redirects=False,
        trust_env=False,
        verify=_tls(),
        transport=transport,
    )


def read_envelope(response: httpx.Response) -> dict[str, Any]:
    """Return the body if it is a JSON object with an integer ``code``, otherwise nothing."""
    try:
        # Not httpx's own reader, which raises RecursionError on deep nesting.
        envelope = from_json(response.content)
    except ValueError:
        return {}
    # bool is a subclass of int.
    is_envelope = isinstance(envelope, dict) and type(envelope.get("code")) is int
    return envelope if is_envelope else {}
