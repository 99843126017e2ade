"""Check that all of a file is text in one encoding, in as many parts as the time allows."""

from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_CR: Final = "\r"


class NotText(Exception):
    """A byte is not of the encoding; ``line`` is its line in the file, from 1."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


@dataclass(frozen=True, slots=True)
class TextCheck:
    """The first ``offset`` bytes are text, and ``lines`` of them end there.

    A check can go on from here: no character, and no CRLF, is cut in two.
    """

    offset: int = 0
    lines: int = 0


def check_text(parts: Iterator[bytes], encoding: str, *, seen: TextCheck) -> Iterator[TextCheck]:
    """Yield how far the check is after each part; ``parts`` are the file from ``seen`` on.

    Raises ``NotText``.
    """
    new_decoder = getincrementaldecoder(encoding)
    decoder, offset, lines, last = new_decoder(), seen.offset, seen.lines, ""
    unit = len(_CR.encode(encoding))
    try:
        for part in parts:
            text = decoder.decode(part)
            offset += len(part)
            lines += _line_ends(last + text)
            pending = len(decoder.getstate()[0])
            # Whether a CR is a line's end or half of one is known with the next character.
            last = _CR if text.endswith(_CR) or (not text and last) else ""
            yield TextCheck(offset - pending - unit * len(last), lines)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(encoding)
        raise NotText(1 + lines + _line_ends(last + before + ".")) from None
    yield TextCheck(offset, lines + len(last))


def _line_ends(text: str) -> int:
    """Count line ends of all three kinds, but for a CR at the very end."""
    return text.count("\n") + text.count(_CR) - text.count("\r\n") - int(text.endswith(_CR))
