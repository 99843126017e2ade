"""URLs that cannot lead to an image, by what they say themselves, and what to do instead."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from ringback.catalogue.link_expiry import expires_at
from ringback.catalogue.page_hosts import UPLOAD, why_a_page

# Matched without case, in this order. Compiled when a URL is refused: most never are.
_KINDS: Final = (
    (r"$", "must not be empty; it must be an https:// or s3:// URL"),
    (r"data:", f"is a data: URI, which no provider takes; save it as a file, {UPLOAD}"),
    (r"/9j/", f"is an image in Base64; save it as a file, {UPLOAD}"),
    (
        r"file:|[a-z]:[\\/]|\\|~[/\\]|\.{1,2}[/\\]|/(?!/)",
        f"is a path on a computer, which no provider can read; {UPLOAD}",
    ),
    (r"blob:", f"is a blob: URL, which exists in one browser only; {UPLOAD}"),
    (r"http:", "must start with https://, not http://; many hosts answer to both"),
    (
        r"(gs|r2|oss|cos|tos|obs|az|abfss?|wasbs?)://",
        "must be an https:// URL; make a presigned one",
    ),
    (r"(?!https:|s3:)[a-z][a-z0-9+.-]*://", "must start with https:// or s3://"),
    (r"//", "must start with https://, not with //"),
    (r"iVBORw0KGgo|R0lGOD|UklGR", f"is an image in Base64; save it as a file, {UPLOAD}"),
    (r"[^\s/:]+\.(png|jpe?g|webp|gif|avif|heic)$", f"is the name of a file; {UPLOAD}"),
    (r"(?!https:|s3:)([a-z0-9-]+\.)+[a-z]{2,}(/|$)", "must start with https://"),
)
_MAX_READ: Final = 8192
_BLANKS: Final = re.compile(r"[\x00-\x20\s\ufeff\u200b-\u200f\u2060]+")


def why_not_an_image(url: str, *, now: datetime) -> str:
    """Return why this can't be the URL of an image, in words for people; empty if it can."""
    bare = _BLANKS.sub("", url[:_MAX_READ])
    if not bare.lower().startswith("https://"):
        return next((words for form, words in _KINDS if re.match(form, bare, re.IGNORECASE)), "")
    try:
        parts = urlsplit(bare)
        host, query = parts.hostname or "", dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        return ""
    return why_a_page(host, parts.path, query) or _expired(query, now)


def _expired(query: Mapping[str, str], now: datetime) -> str:
    until = expires_at(query)
    if until is None or until > now:
        return ""
    return f"expired at {until:%Y-%m-%d %H:%M} UTC; make a new link that is valid for a day"
