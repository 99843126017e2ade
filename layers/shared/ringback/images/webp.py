"""Reads the size of a WebP and walks its chunks: RFC 9649."""

from struct import unpack
from typing import Final, NamedTuple

from ringback.domain.errors import NotAnImage
from ringback.domain.images import ImageFormat
from ringback.images.pictures import (
    MAX_PARTS,
    TOO_MANY,
    Cut,
    Findings,
    Metadata,
    Picture,
    PictureFile,
)

HEADER: Final = 12
CHUNK_HEAD: Final = 8
CANVAS, LOSSY, LOSSLESS, ALPHA, FRAME = b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANMF"
SIZED: Final = (CANVAS, LOSSY, LOSSLESS)
FRAME_HEAD: Final = 16  # a frame's position, size and duration, before its own chunks
LOSSY_START: Final = b"\x9d\x01\x2a"
LOSSY_HEAD: Final = 10  # bytes of a key frame before its first partition
LOSSLESS_START: Final = 0x2F
ANIMATED: Final = 0x02
METADATA: Final = {
    b"C2PA": Metadata.C2PA,
    b"EXIF": Metadata.EXIF,
    **dict.fromkeys([b"XMP ", b"XMP\0"], Metadata.XMP),  # the latter by mistake
}


class Chunk(NamedTuple):
    name: bytes
    start: int  # of its content
    size: int

    @property
    def end(self) -> int:
        return self.start + self.size


def read_webp(file: PictureFile) -> Picture:
    """Check every chunk's length against the RIFF length and the file.

    Raises ``NotAnImage`` if no chunk tells the size.
    """
    walk = _Walk(file)
    end = walk.found.end(file, walk.end)
    if walk.size is None:
        raise NotAnImage("a WebP without an image")
    if not walk.has_data:
        walk.found.flaw("there is no image data")
    if walk.is_animated and not walk.has_frame:
        walk.found.flaw("an animation has no frame")
    return walk.found.picture(ImageFormat.WEBP, walk.size, end)


class _Walk:
    def __init__(self, file: PictureFile) -> None:
        self._file = file
        self.found = Findings()
        self.size: tuple[int, int] | None = None
        self.has_data = self.has_frame = self.is_animated = False
        self._has_canvas = False

    def end(self) -> int:
        """Return the offset after the RIFF chunk and its pad byte."""
        length = int.from_bytes(self._file.at(4, 4), "little")
        end, offset, parts = CHUNK_HEAD + length, HEADER, 0
        if end < HEADER + CHUNK_HEAD:
            self.found.flaw("the RIFF length is wrong")
            end = self._file.size
        while offset + CHUNK_HEAD <= end:
            parts += 1
            if parts > MAX_PARTS:
                self.found.flaw(TOO_MANY)
                return self._file.size
            chunk = Chunk(*self._head(offset))
            self._chunk(chunk, is_first=offset == HEADER)
            self._file.must_reach(chunk.end)
            if chunk.end > end:
                self.found.flaw("a chunk is longer than the RIFF chunk")
            offset = chunk.end + chunk.size % 2
        # Some writers leave the pad byte of an odd last chunk out of the RIFF length, others out of
        # the file.
        if end > self._file.size and end != offset:
            raise Cut
        return min(max(end + length % 2, offset), self._file.size)

    def _head(self, offset: int) -> tuple[bytes, int, int]:
        name, size = unpack("<4sI", self._file.at(offset, CHUNK_HEAD))
        return name, offset + CHUNK_HEAD, size

    def _chunk(self, chunk: Chunk, *, is_first: bool) -> None:
        if is_first and chunk.name not in SIZED:
            self.found.flaw("the first chunk is not an image's")
        if chunk.name in METADATA:
            self.found.place(METADATA[chunk.name], chunk.start, chunk.end)
        if chunk.name == CANVAS and self.size is None:
            self._canvas(chunk)
        elif chunk.name in (LOSSY, LOSSLESS):
            self._image(chunk)
        elif chunk.name == FRAME:
            self._frame(chunk)

    def _canvas(self, chunk: Chunk) -> None:
        if chunk.size < 10:
            self.found.flaw("the canvas (VP8X) is malformed")
            return
        body = self._file.at(chunk.start, 10)
        wide, high = (int.from_bytes(body[at : at + 3], "little") for at in (4, 7))
        self.size, self._has_canvas = (wide + 1, high + 1), True
        self.is_animated = bool(body[0] & ANIMATED)

    def _image(self, chunk: Chunk) -> None:
        size = self._lossy(chunk) if chunk.name == LOSSY else self._lossless(chunk)
        if self._has_canvas and not self.is_animated and size and size != self.size:
            self.found.flaw("the image is not as large as its canvas")
        self.size = self.size or size
        self.has_data = True

    def _frame(self, chunk: Chunk) -> None:
        """Check the first image of an animation's frame; its alpha may come before it."""
        self.has_frame = True
        offset = chunk.start + FRAME_HEAD
        while offset + CHUNK_HEAD <= chunk.end:
            inner = Chunk(*self._head(offset))
            if inner.name in (LOSSY, LOSSLESS):
                self.has_data = True
                if inner.end > chunk.end:
                    self.found.flaw("a frame's image is longer than the frame")
                size = self._lossy(inner) if inner.name == LOSSY else self._lossless(inner)
                self._place_frame(chunk, size or (0, 0))
                return
            if inner.name != ALPHA:
                break
            offset = inner.end + inner.size % 2
        self.found.flaw("a frame has no image")

    def _place_frame(self, chunk: Chunk, size: tuple[int, int]) -> None:
        """Check that the frame is inside the canvas; its offset is in units of two pixels."""
        head = self._file.at(chunk.start, 6)
        offsets = (2 * int.from_bytes(head[at : at + 3], "little") for at in (0, 3))
        ends = map(sum, zip(offsets, size, strict=True))
        if self.size and any(end > whole for end, whole in zip(ends, self.size, strict=True)):
            self.found.flaw("a frame is outside its canvas")

    def _lossy(self, chunk: Chunk) -> tuple[int, int] | None:
        """Return the size in a key frame's head: RFC 6386, section 9.1."""
        head = self._file.up_to(chunk.start, min(chunk.size, LOSSY_HEAD))
        tag = int.from_bytes(head[:3], "little")
        if len(head) < LOSSY_HEAD or tag & 1 or head[3:6] != LOSSY_START:
            self.found.flaw("the head of a lossy image is malformed")
            return None
        if LOSSY_HEAD + (tag >> 5) > chunk.size:
            self.found.flaw("a lossy image is longer than its chunk")
        wide, high = unpack("<HH", head[6:])
        return wide & 0x3FFF, high & 0x3FFF

    def _lossless(self, chunk: Chunk) -> tuple[int, int] | None:
        head = self._file.up_to(chunk.start, min(chunk.size, 5))
        if len(head) < 5 or head[0] != LOSSLESS_START or head[4] >> 5:
            self.found.flaw("the head of a lossless image is malformed")
            return None
        bits = int.from_bytes(head[1:], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
