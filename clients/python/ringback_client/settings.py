"""Where the API is and which key it takes: arguments, or the variables ``RINGBACK_...``."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from ringback_client.errors import NotConfigured

API_URL: Final = "RINGBACK_API_URL"
KEY: Final = "RINGBACK_KEY"
LIVE_URL: Final = "RINGBACK_LIVE_URL"
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """``live_url`` is empty if there is no live line."""

    api_url: str
    key: str = field(repr=False)
    live_url: str


def settings_of(
    api_url: str | None = None,
    key: str | None = None,
    live_url: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Return the settings; raises ``NotConfigured`` and never names the key."""
    key = (environ.get(KEY, "") if key is None else key).strip()
    if not key:
        raise NotConfigured(f"No API key: set {KEY}. Your operator makes one with `make key`.")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise NotConfigured(f"{KEY} has characters that no key has.")
    return Settings(
        api_url=api_url_of(api_url, environ),
        key=key,
        live_url=_checked(_given(live_url, LIVE_URL, environ), "wss", LIVE_URL),
    )


def api_url_of(api_url: str | None = None, environ: Mapping[str, str] = os.environ) -> str:
    """Return where the API is; raises ``NotConfigured``."""
    found = _checked(_given(api_url, API_URL, environ), "https", API_URL)
    if not found:
        raise NotConfigured(f"No API: set {API_URL} to the stack's output JobsApiUrl.")
    return found


def is_here(url: str) -> bool:
    """Tell whether the URL leads to this machine, where no encryption is needed."""
    return urlsplit(url).hostname in LOOPBACK


def _given(value: str | None, name: str, environ: Mapping[str, str]) -> str:
    return (environ.get(name, "") if value is None else value).strip().rstrip("/")


def _checked(url: str, scheme: str, name: str) -> str:
    """Return the URL; the key must not travel in the clear."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise NotConfigured(f"{name} is not a plain URL.") from error
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        raise NotConfigured(f"{name} is not a plain URL.")
    if parts.scheme != scheme and not (is_here(url) and f"{parts.scheme}s" == scheme):
        raise NotConfigured(f"{name} must begin with {scheme}://: the key would be readable.")
    return url
