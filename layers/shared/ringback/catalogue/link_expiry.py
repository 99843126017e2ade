"""When a signed link ends, by what it says itself."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ringback.json_bodies import parse_json

# Unix times of this century, in seconds or milliseconds.
_SECONDS: Final = re.compile(r"([0-9]{10})(?:[0-9]{3})?")
_HEX: Final = re.compile(r"[0-9a-fA-F]{8}")
# Without one of them, a field that is called expires may be anything.
_SIGNATURES: Final = frozenset(
    {
        *("signature", "x-signature", "sig", "sign", "token", "hmac", "hash", "md5"),
        "key-pair-id",
    }
)
# Imgix signs with `s`, which is a size elsewhere.
_MD5: Final = re.compile(r"[0-9a-f]{32}")
_EXPIRES: Final = ("expires", "x-expires", "expire", "exp")
_EDGE_TOKEN: Final = re.compile(r"(?:^|~)(?:exp|Expires)=([0-9]{10})(?=~|$)")
# What CloudFront writes for characters of Base64 that have a meaning in a query.
_CLOUDFRONT: Final = str.maketrans("-_~", "+=/")
_URL_SAFE: Final = str.maketrans("+/", "-_")
_JWT: Final = re.compile(r"eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]*", re.ASCII)


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
    """Read ``Expires`` (S3, CloudFront, OSS, OBS), ``x-expires`` (ByteDance) and their like."""
    given = {name.lower(): value for name, value in query.items()}
    if not (given.keys() & _SIGNATURES or _MD5.fullmatch(given.get("s", ""))):
        return None
    return next((at for name in _EXPIRES if (at := _moment(given.get(name, "")))), None)


def _cos(query: Mapping[str, str]) -> datetime | None:
    """Read the end of ``q-sign-time`` (Tencent COS)."""
    times = query.get("q-sign-time", "") if "q-signature" in query else ""
    return _moment(times.rpartition(";")[2])


def _qiniu(query: Mapping[str, str]) -> datetime | None:
    """Read ``e`` beside a token of two parts: https://developer.qiniu.com/kodo/1202."""
    return _moment(query.get("e", "")) if ":" in query.get("token", "") else None


def _azure(query: Mapping[str, str]) -> datetime | None:
    """Read ``se`` of a shared access signature."""
    until = query.get("se", "") if "sig" in query else ""
    at = _read(lambda: datetime.fromisoformat(until)) if until else None
    return at.replace(tzinfo=at.tzinfo or UTC) if at else None


def _hexadecimal(query: Mapping[str, str]) -> datetime | None:
    """Read ``ex`` (Discord) or ``oe`` (Facebook, Instagram), hexadecimal Unix seconds."""
    seconds = query.get("ex", "") if {"is", "hm"} <= query.keys() else ""
    seconds = seconds or (query.get("oe", "") if "oh" in query else "")
    return datetime.fromtimestamp(int(seconds, 16), UTC) if _HEX.fullmatch(seconds) else None


def _edge_token(query: Mapping[str, str]) -> datetime | None:
    """Read ``exp=...~hmac=...`` (Akamai), or ``Expires=...~Signature=...`` (Google Media CDN)."""
    found = (_EDGE_TOKEN.search(value) for value in query.values() if "~" in value)
    return next((_moment(each[1]) for each in found if each), None)


def _policy(query: Mapping[str, str]) -> datetime | None:
    """Read ``DateLessThan`` of a CloudFront policy.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-custom-policy.html
    """
    policy = _json(query.get("Policy", "").translate(_CLOUDFRONT))
    try:
        (statement,) = policy["Statement"]
        seconds = statement["Condition"]["DateLessThan"]["AWS:EpochTime"]
    except (TypeError, KeyError, ValueError):
        return None
    return _moment(str(seconds))


def _jwt(query: Mapping[str, str]) -> datetime | None:
    """Read ``exp`` of a JSON Web Token (Supabase and others)."""
    found = filter(None, map(_JWT.fullmatch, query.values()))
    claims = (_json(each[1]) for each in found)
    ends = (_moment(str(each.get("exp"))) for each in claims if isinstance(each, dict))
    return next(filter(None, ends), None)


_EXPIRIES: Final = (
    *(_since_signed, _unix, _cos, _qiniu, _azure, _hexadecimal, _edge_token, _policy, _jwt),
)


def _moment(text: str) -> datetime | None:
    found = _SECONDS.fullmatch(text)
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None


def _json(encoded: str) -> Any:
    """Return the JSON in Base64 of either alphabet, ``None`` if it is none."""
    padding = "=" * (-len(encoded) % 4)
    try:
        return parse_json(urlsafe_b64decode(encoded.translate(_URL_SAFE) + padding)).value
    except ValueError:
        return None


def _read(parse: Callable[[], datetime]) -> datetime | None:
    try:
        return parse()
    except (ValueError, OverflowError):
        return None
