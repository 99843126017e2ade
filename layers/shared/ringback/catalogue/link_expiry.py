"""When a signed link ends, by what it says itself."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

_UNIX_DIGITS: Final = 10
_HEX: Final = re.compile(r"[0-9a-fA-F]{8}")


def expires_at(query: Mapping[str, str]) -> datetime | None:
    """Return when a link with these query parameters ends, ``None`` if they don't say so."""
    return next((each for read in _EXPIRIES if (each := read(query))), None)


def _since_signed(query: Mapping[str, str]) -> datetime | None:
    """Read ``X-Amz-Date`` and ``X-Amz-Expires``, or the same of another cloud."""
    by_end = {
        name.lower().rpartition("-")[2]: value for name, value in query.items() if "-" in name
    }
    signed, seconds = by_end.get("date"), by_end.get("expires")
    if not (signed and seconds and seconds.isascii() and seconds.isdigit()):
        return None
    at = _read(lambda: datetime.strptime(signed, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))
    return _read(lambda: at + timedelta(seconds=int(seconds[:9]))) if at else None


def _unix(query: Mapping[str, str]) -> datetime | None:
    """Read ``Expires`` (S3, CloudFront, OSS), or the end of ``q-sign-time`` (COS)."""
    is_signed = {name.lower() for name in query} & {"signature", "key-pair-id", "q-signature"}
    seconds = query.get("Expires") or query.get("q-sign-time", "").rpartition(";")[2]
    if not (is_signed and seconds.isascii() and seconds.isdigit() and len(seconds) <= _UNIX_DIGITS):
        return None
    return datetime.fromtimestamp(int(seconds), UTC)


def _azure(query: Mapping[str, str]) -> datetime | None:
    """Read ``se`` of a shared access signature."""
    until = query.get("se", "") if "sig" in query else ""
    at = _read(lambda: datetime.fromisoformat(until)) if until else None
    return at.replace(tzinfo=at.tzinfo or UTC) if at else None


def _discord(query: Mapping[str, str]) -> datetime | None:
    """Read ``ex``, hexadecimal Unix seconds."""
    seconds = query.get("ex", "") if {"is", "hm"} <= query.keys() else ""
    return datetime.fromtimestamp(int(seconds, 16), UTC) if _HEX.fullmatch(seconds) else None


_EXPIRIES: Final = (_since_signed, _unix, _azure, _discord)


def _read(parse: Callable[[], datetime]) -> datetime | None:
    try:
        return parse()
    except (ValueError, OverflowError):
        return None
