"""Finds the texts of EXIF that may hold a mark: CIPA DC-008 and TIFF 6.0, section 2."""

from collections.abc import Iterator, Mapping
from struct import Struct
from typing import Final, Literal, NamedTuple

from ringback.images.texts import decoded

# Before the TIFF header are `Exif\0\0`, an offset of four bytes (HEIF), both or nothing.
BYTE_ORDERS: Final[Mapping[bytes, Literal["little", "big"]]] = {
    b"II*\0": "little",
    b"MM\0*": "big",
}
MAX_BEFORE: Final = 16
EXIF_DIRECTORY, XMP, USER_COMMENT = 0x8769, 0x02BC, 0x9286
# ImageDescription, UserComment, which some write into the first directory, and XPComment.
TEXTS: Final = frozenset({0x010E, USER_COMMENT, 0x9C9C})
CODE_BYTES: Final = 8  # at the start of a UserComment, naming its encoding
CODES: Final = {b"ASCII": "", b"UNICODE": "", b"JIS": "iso2022_jp", b"": ""}


class Texts(NamedTuple):
    xmp: list[bytes]
    others: list[str]


def read_exif(content: bytes) -> Texts:
    """Return the XMP packets and the texts, of both directories; what is malformed is left out."""
    found = Texts([], [])
    for mark, order in BYTE_ORDERS.items():
        start = content.find(mark, 0, MAX_BEFORE + len(mark))
        if start >= 0:
            for tag, value in _Tiff(content[start:], order).values():
                if tag == XMP:
                    found.xmp.append(value)
                else:
                    found.others.append(_comment(value) if tag == USER_COMMENT else decoded(value))
            break
    return found


class _Tiff:
    def __init__(self, content: bytes, order: Literal["little", "big"]) -> None:
        self._content, self._order = content, order
        self._entry = Struct(f"{'<' if order == 'little' else '>'}HHII")

    def values(self) -> Iterator[tuple[int, bytes]]:
        first = self._directory(self._number(4))
        second = self._directory(first[EXIF_DIRECTORY][1]) if EXIF_DIRECTORY in first else {}
        for directory in (first, second):
            for tag in sorted(directory.keys() & (TEXTS | {XMP})):
                size, at = directory[tag]
                yield tag, self._content[at : at + size]

    def _directory(self, start: int) -> dict[int, tuple[int, int]]:
        """Return the size and the offset of each value, as if it had one byte an element.

        That is so of texts. Values of up to four bytes are elsewhere; no text is that short.
        """
        found: dict[int, tuple[int, int]] = {}
        count = self._number(start, size=2)
        end = min(len(self._content), start + 2 + count * self._entry.size)
        for at in range(start + 2, end - self._entry.size + 1, self._entry.size):
            tag, _, size, offset = self._entry.unpack_from(self._content, at)
            found.setdefault(tag, (size, offset))
        return found

    def _number(self, start: int, *, size: int = 4) -> int:
        return int.from_bytes(self._content[start : start + size], self._order)


def _comment(value: bytes) -> str:
    encoding = CODES.get(value[:CODE_BYTES].rstrip(b"\0 "))
    if encoding is None:
        return decoded(value)
    text = value[CODE_BYTES:]
    return text.decode(encoding, "replace") if encoding else decoded(text)
