"""Cursors: where a list goes on.

A cursor is a position in one list of one client, and is good for no other. It gives no access: the
list is always read as the client's own, from that position on. So it needs no secret
(docs/decisions/0063). But anybody can make one, of any position: it has to look like one.
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, NoReturn

from ringback.domain.errors import FieldError, InvalidRequest, WrongCursor

CURSOR: Final = "cursor"
WRONG: Final = FieldError(CURSOR, "must be the `cursor` of the previous page of the same list")
_DIGEST_BYTES: Final = 9
# Neither ids nor names of clients have it.
_BETWEEN: Final = "\0"


@dataclass(frozen=True, slots=True)
class Cursors:
    """The cursors of the list of ``client`` that ``asked`` describes."""

    client: str
    asked: Mapping[str, Any]

    def after(self, position: Sequence[str]) -> str:
        text = _BETWEEN.join(position)
        return _as_text(self._digest(text) + text.encode())

    def position_in(self, cursor: str, *forms: str) -> Sequence[str] | None:
        """Return the position that ``after`` was given, ``None`` in any other text.

        ``forms`` are the regular expressions of its parts.
        """
        try:
            plain = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            text = plain[_DIGEST_BYTES:].decode()
        except (Error, ValueError):
            return None
        # Base64 may be written in several ways, some with other characters in it.
        if plain[:_DIGEST_BYTES] != self._digest(text) or _as_text(plain) != cursor:
            return None
        return text.split(_BETWEEN) if re.fullmatch(_BETWEEN.join(forms), text) else None

    def _digest(self, text: str) -> bytes:
        whose = json.dumps([self.client, dict(self.asked), text], sort_keys=True)
        return sha256(whose.encode()).digest()[:_DIGEST_BYTES]


def refuse(errors: Sequence[FieldError]) -> NoReturn:
    """Raise ``WrongCursor`` if nothing else is wrong, ``InvalidRequest`` with all errors if so."""
    if list(errors) == [WRONG]:
        raise WrongCursor(WRONG.message)
    raise InvalidRequest(errors)


def _as_text(plain: bytes) -> str:
    return urlsafe_b64encode(plain).decode().rstrip("=")
