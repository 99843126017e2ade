"""Tells whether a JPEG's scans find the tables they need: ITU-T T.81, sections B.2.2 to B.2.4.

Decoders refuse a scan without its quantization tables. Huffman tables may be missing where
libjpeg-turbo, like every decoder of Motion JPEG, takes those of the standard's section K.3.
"""

from collections.abc import Iterator, Mapping
from typing import Final

FRAME_HEAD, SCAN_HEAD = 6, 1
BASELINE, EXTENDED, PROGRESSIVE = 0xC0, 0xC1, 0xC2
HUFFMAN: Final = frozenset({BASELINE, EXTENDED, PROGRESSIVE})
ARITHMETIC: Final = frozenset({0xC9, 0xCA, 0xCB})
QUANTIZED: Final = HUFFMAN | (ARITHMETIC - {0xCB})  # but for lossless frames
DC, AC = 0, 1
OF_THE_STANDARD: Final = frozenset((kind, number) for kind in (DC, AC) for number in (0, 1))
MAX_IN_SCAN: Final = 4
SAMPLING: Final = range(1, 5)


class Tables:
    """What was defined so far; the methods take the contents of segments, without their length."""

    def __init__(self) -> None:
        self._quantization: set[int] = set()
        self._huffman: set[tuple[int, int]] = set()
        self._components: Mapping[int, int] = {}  # of the frame, with their quantization tables
        self._frame = 0

    @property
    def allow_empty_scans(self) -> bool:
        """Arithmetic coders leave out zeros at the end, perhaps all bytes: T.81, section D.1.8."""
        return self._frame in ARITHMETIC

    def add_quantization(self, body: bytes) -> None:
        while body:
            size = 1 + (128 if body[0] >> 4 else 64)
            if size <= len(body):
                self._quantization.add(body[0] & 15)
            body = body[size:]

    def add_huffman(self, body: bytes) -> None:
        while len(body) > 16:
            size = 17 + sum(body[1:17])
            if size <= len(body):
                self._huffman.add((body[0] >> 4, body[0] & 15))
            body = body[size:]

    def begin_frame(self, code: int, body: bytes) -> str:
        """Return what is wrong with the frame's header, empty if nothing is."""
        parts = body[FRAME_HEAD:]
        factors = [half for both in parts[1::3] for half in (both >> 4, both & 15)]
        count = body[FRAME_HEAD - 1] if len(body) >= FRAME_HEAD else 0
        if not count or len(parts) != 3 * count or not all(each in SAMPLING for each in factors):
            return "the frame is malformed"
        self._frame = code
        self._components = dict(zip(parts[::3], parts[2::3], strict=True))
        return ""

    def begin_scan(self, body: bytes) -> str:
        """Return what is wrong with the scan's header, or which kind of table it lacks."""
        count = body[0] if body else 0
        if not 1 <= count <= MAX_IN_SCAN or len(body) != 4 + 2 * count:
            return "a scan's header is malformed"
        if self._frame not in QUANTIZED:
            return ""
        components, (first, _, bits) = body[1 : 1 + 2 * count : 2], body[-3:]
        if not all(each in self._components for each in components):
            return "a scan has a component that the frame does not have"
        if not all(self._components[each] in self._quantization for each in components):
            return "a quantization table is missing"
        needed = set(self._needed(body[2 : 2 + 2 * count : 2], first, bits))
        return "" if needed <= self._huffman else "a Huffman table is missing"

    def _needed(self, selectors: bytes, first: int, bits: int) -> Iterator[tuple[int, int]]:
        """Yield the Huffman tables for which the standard's do not stand in."""
        if self._frame not in HUFFMAN:
            return
        for selector in selectors:
            both = (DC, selector >> 4), (AC, selector & 15)
            if self._frame == PROGRESSIVE:
                # A scan is of DC or AC only; one that refines DC has no codes.
                if first or not bits >> 4:
                    yield both[AC if first else DC]
            else:
                yield from (each for each in both if each not in OF_THE_STANDARD)
