"""The headers that keep the page to itself: what it may load, run, send, and who may frame it."""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

_ALWAYS: Final[Mapping[str, str]] = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": ", ".join(
        f"{each}=()"
        for each in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "strict-transport-security": "max-age=63072000",
}


def live_url(url: str) -> str:
    """Return the URL of a WebSocket API as a browser opens it: ``wss:`` for ``https:``."""
    return url.replace("http", "ws", 1)


def page_headers(*, jobs_api: str, live_api: str, images: str, drops: str) -> dict[str, str]:
    """Return the headers of every answer; the arguments are URLs with ``http:`` or ``https:``.

    The page gets images from one bucket and uploads into the other.
    """
    sources = {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        # Pictures that are being chosen are shown from the browser's memory.
        "img-src": ["'self'", "blob:", _origin(images)],
        "connect-src": ["'self'", *map(_origin, (jobs_api, live_url(live_api), images, drops))],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
        # Text of strangers can't become markup, whatever a script does.
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["'none'"],
    }
    policy = "; ".join(f"{name} {_listed(given)}" for name, given in sources.items())
    return {"content-security-policy": policy, **_ALWAYS}


def _listed(sources: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(sources))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
