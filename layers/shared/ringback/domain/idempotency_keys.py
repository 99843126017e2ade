"""The header ``Idempotency-Key``, by draft 8 of draft-ietf-httpapi-idempotency-key-header.

It is a Structured Field string: ``"abc"``. Most clients send ``abc``, which is the same key.
Earlier versions took them for two keys, so it matters in which form a key is stored.
https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

import re
from typing import Final

from ringback.domain.errors import FieldError

KEY: Final = "Idempotency-Key"
MAX_KEY: Final = 255
MISSING: Final = "required: without it, a repeat of the request would pay again"

# RFC 9651, 3.3.3: printable ASCII, with a backslash before each quote and backslash.
_CHARACTER: Final = r'[ !#-\[\]-~]|\\["\\]'
_QUOTED: Final = re.compile(rf'"((?:{_CHARACTER})*)"')
# A row of a batch has the batch's key as it was sent, and its number.
_ROW: Final = re.compile(r"(.+)(#[0-9]{1,2})")


def key_errors(key: str | None, *, required: bool, most: int = MAX_KEY) -> list[FieldError]:
    """Return what is wrong with the header; ``None`` stands for no header."""
    if key is None:
        return [FieldError(KEY, MISSING)] if required else []
    if key.startswith('"') and not _QUOTED.fullmatch(key):
        return [FieldError(KEY, "must be one quoted string and nothing else, or have no quotes")]
    if not (1 <= len(bare(key)) <= most and key.isascii() and key.isprintable()):
        return [FieldError(KEY, f"must have 1 to {most} printable ASCII characters")]
    return []


def bare(key: str) -> str:
    """Return the key without quotes, ``abc`` for ``"abc"``; ``abc#1`` for the row ``"abc"#1``."""
    if quoted := _QUOTED.fullmatch(key):
        return re.sub(r"\\(.)", r"\1", quoted[1])
    row = _ROW.fullmatch(key)
    return bare(row[1]) + row[2] if row and row[1].startswith('"') else key


def forms_of(key: str) -> tuple[str, ...]:
    """Return the ways in which the same key may have been sent, this one first."""
    without = bare(key)
    row = _ROW.fullmatch(without)
    rows = (_quoted(row[1]) + row[2],) if row else ()
    return tuple(dict.fromkeys((key, without, _quoted(without), *rows)))


def _quoted(key: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", key) + '"'
