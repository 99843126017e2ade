"""Reads the size of a JPEG and walks its segments and scans: ITU-T T.81, annex B."""

import re
from functools import partial
from struct import unpack
from typing import Final, NamedTuple

from ringback.domain.errors import NotAnImage
from ringback.domain.images import ImageFormat
from ringback.images.jpeg_tables import Tables
from ringback.images.pictures import (
    CUT,
    FIRST_READ,
    MAX_PARTS,
    MAX_READ,
    TOO_MANY,
    Cut,
    Findings,
    Metadata,
    Picture,
    PictureFile,
)

MAGIC: Final = b"\xff\xd8\xff"
STARTS_OF_FRAME: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD8)})
START, END, START_OF_SCAN, RESTART_INTERVAL = 0xD8, 0xD9, 0xDA, 0xDD
HUFFMAN, QUANTIZATION = 0xC4, 0xDB
APP1, APP2, APP11, COMMENT = 0xE1, 0xE2, 0xEB, 0xFE
APPS: Final = frozenset(range(0xE0, 0xF0))
DESCRIBING: Final = STARTS_OF_FRAME | {HUFFMAN, QUANTIZATION, START_OF_SCAN, RESTART_INTERVAL}
# What decoders know; the others are reserved.
WITH_LENGTH: Final = frozenset({*range(0xC0, 0xD0), *range(0xDA, 0xF0), 0xFE})
INDEX: Final = b"MPF\0"  # begins the APP2 of a multi-picture file: CIPA DC-007
MAX_PICTURES: Final = 256
# What begins a segment with metadata, and how much of it is no content: XMP specification, part 3,
# ISO/IEC 19566-5, annex D, and CIPA DC-008. Labels of generated content are also in bare segments.
METADATA: Final = (
    ({APP1}, b"http://ns.adobe.com/xap/1.0/\0", 29, Metadata.XMP),
    ({APP1}, b"http://ns.adobe.com/xmp/extension/\0", 35, Metadata.MORE_XMP),
    ({APP1}, b"Exif\0", 6, Metadata.EXIF),
    ({APP11}, b"JP", 2, Metadata.C2PA),
    (APPS, b"AIGC", 0, Metadata.COMMENT),
    (APPS, b'{"AIGC"', 0, Metadata.COMMENT),
    ({COMMENT}, b"", 0, Metadata.COMMENT),
)
LONGEST_START: Final = max(len(start) for _, start, _, _ in METADATA)

# Decoders skip what lies between two segments, and fill bytes FF before a marker. In a scan, FF 00
# is a byte FF and FF D0 to D7 are restarts; any other marker ends it.
MARKER: Final = re.compile(rb"\xff[^\x00\xff]")
SCAN_END: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# Restarts count from 0 to 7 and again from 0; a gap in them is a gap in the scan.
RESTART: Final = re.compile(rb"\xff([\xd0-\xd7])")
RESTARTS: Final = bytes(range(0xD0, 0xD8))
# Bytes between two segments: with more of them, a segment's length is wrong. Writers that align
# segments fill them up with zeros, which don't count.
MAX_BETWEEN: Final = 64
FILL: Final = b"\0\xff"


class Marker(NamedTuple):
    code: int
    offset: int
    end: int
    skipped: int  # bytes before it, without fill bytes and zeros


def read_jpeg(file: PictureFile) -> Picture:
    """Walk from SOI to its own EOI, not to that of a thumbnail or an appended file.

    Raises ``NotAnImage`` if there is no frame to tell the size by.
    """
    walk = _Walk(file, 0)
    end = walk.found.end(file, partial(_end, file, walk))
    if walk.size is None:
        raise NotAnImage("a JPEG without a frame")
    if not walk.has_scan:
        walk.found.flaw("there is no scan")
    return walk.found.picture(ImageFormat.JPEG, walk.size, end)


def _end(file: PictureFile, walk: "_Walk") -> int:
    end = walk.end()
    return _end_of_pictures(file, end) if walk.has_index else end


def _end_of_pictures(file: PictureFile, end: int) -> int:
    """Return the offset after the last of the pictures that follow the first.

    How long they are is not read from the index: writers are wrong about it, and programs that drop
    the other pictures leave it as it was.
    """
    for _ in range(MAX_PICTURES):
        start = end
        while part := file.up_to(start, FIRST_READ):
            zeros = len(part) - len(part.lstrip(b"\0"))
            start += zeros
            if zeros < len(part):
                break
        following = file.up_to(start, len(MAGIC))
        if not following or not MAGIC.startswith(following):
            return end
        end = _Walk(file, start).end()
    return end


class _Walk:
    def __init__(self, file: PictureFile, start: int) -> None:
        self._file, self._start = file, start
        self.found = Findings()
        self.size: tuple[int, int] | None = None
        self.has_scan = self.has_index = self._has_restarts = False
        self._restarts = 0
        self._tables = Tables()

    def end(self) -> int:
        """Return the offset after EOI."""
        offset, is_scan = self._start + len(MAGIC) - 1, False
        for _ in range(MAX_PARTS):
            marker = self._next(offset, SCAN_END if is_scan else MARKER)
            if is_scan and marker.offset == offset and not self._tables.allow_empty_scans:
                self.found.flaw("a scan is empty")
            if not is_scan and marker.skipped > MAX_BETWEEN:
                self.found.flaw("the length of a segment is wrong")
            if marker.code == END and self.size:
                return marker.end
            offset, is_scan = self._pass(marker), marker.code == START_OF_SCAN
        self.found.flaw(TOO_MANY)
        return self._file.size

    def _next(self, offset: int, pattern: re.Pattern[bytes]) -> Marker:
        reach, skipped = FIRST_READ, 0
        while part := self._file.up_to(offset, reach):
            found = pattern.search(part)
            if pattern is SCAN_END and self._has_restarts:
                self._count_restarts(part[: found.start() if found else None])
            skipped += len(part[: found.start() if found else -1].translate(None, FILL))
            if found:
                start = offset + found.start()
                return Marker(part[found.start() + 1], start, start + 2, skipped)
            if offset + len(part) == self._file.size:
                break
            offset += len(part) - 1  # a marker may lie across two parts
            reach = min(2 * reach, MAX_READ)
        raise Cut

    def _count_restarts(self, part: bytes) -> None:
        restarts = b"".join(RESTART.findall(part))
        start = self._restarts % len(RESTARTS)
        expected = RESTARTS * (len(restarts) // len(RESTARTS) + 2)
        if not expected.startswith(restarts, start):
            self.found.flaw("a restart is missing")
        self._restarts += len(restarts)

    def _pass(self, marker: Marker) -> int:
        """Return the offset after the marker's segment, in which a scan may begin."""
        if marker.code in WITHOUT_LENGTH:
            return marker.end
        if marker.code not in WITH_LENGTH:
            self.found.flaw("a second start of image" if marker.code == START else "a bad marker")
            return marker.end
        (length,) = unpack(">H", self._file.at(marker.end, 2))
        end: int = marker.end + max(length, 2)
        if length < 2:
            self.found.flaw("the length of a segment is wrong")
        elif marker.code in DESCRIBING:
            self.found.flaw(CUT if end > self._file.size else "")
            self._describe(marker.code, self._file.up_to(marker.end + 2, length - 2))
        elif marker.code in APPS or marker.code == COMMENT:
            self._note(marker, end)
        self._file.must_reach(end)
        return end

    def _describe(self, code: int, body: bytes) -> None:
        if code == QUANTIZATION:
            self._tables.add_quantization(body)
        elif code == HUFFMAN:
            self._tables.add_huffman(body)
        elif code == RESTART_INTERVAL:
            self._has_restarts = body[:2] != b"\0\0"
        elif code == START_OF_SCAN:
            self.found.flaw("" if self.size else "a scan comes before the frame")
            self.found.flaw(self._tables.begin_scan(body))
            self.has_scan, self._restarts = True, 0
        elif self.size is not None:
            self.found.flaw("there is a second frame")
        elif len(body) >= 5:
            self.size = unpack(">HH", body[1:5])[::-1]
            self.found.flaw(self._tables.begin_frame(code, body))

    def _note(self, marker: Marker, end: int) -> None:
        start = marker.end + 2
        content = self._file.up_to(start, min(LONGEST_START, end - start))
        for codes, begins, skipped, kind in METADATA:
            if marker.code in codes and content.startswith(begins):
                self.found.place(kind, start + skipped, end)
        if marker.code == APP2 and content.startswith(INDEX):
            self.has_index = True
