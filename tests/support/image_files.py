"""Image files as Pillow writes them, and hand-made ones."""

import zlib
from functools import cache
from hashlib import shake_128
from io import BytesIO
from struct import pack
from typing import Any, Final

from PIL import Image
from ringback.domain.images import ImageFormat


def _noise(size: tuple[int, int], number: int) -> Image.Image:
    """Make an incompressible picture, the same in every run."""
    width, height = size
    return Image.frombytes("L", size, shake_128(bytes([number])).digest(width * height))


@cache
def image(kind: str, mode: str = "RGB", size: tuple[int, int] = (37, 23), **how: Any) -> bytes:
    noise = _noise(size, 1).convert(mode)
    if mode == "RGBA":
        noise.putalpha(128)
    if kind == "AVIF":
        how = {"speed": 10, **how}
    content = BytesIO()
    noise.save(content, kind, **how)
    return content.getvalue()


@cache
def animation(kind: str, size: tuple[int, int] = (20, 10), frames: int = 3) -> bytes:
    """Several pictures in one file; ``MPO`` is a JPEG followed by two more."""
    first, *others = [_noise(size, number) for number in range(frames)]
    content = BytesIO()
    first.save(content, kind, save_all=True, append_images=others)
    return content.getvalue()


WHOLE: Final = {kind: image(kind) for kind in ImageFormat.__members__}


def png_chunk(name: bytes, body: bytes = b"") -> bytes:
    return pack(">I4s", len(body), name) + body + pack(">I", zlib.crc32(name + body))


def png(
    *chunks: bytes, width: int = 2, height: int = 2, kind: tuple[int, ...] = (8, 2, 0, 0, 0)
) -> bytes:
    header = png_chunk(b"IHDR", pack(">IIBBBBB", width, height, *kind))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks)


PIXELS: Final = zlib.compress(bytes(2 * (1 + 2 * 3)))
IDAT: Final = png_chunk(b"IDAT", PIXELS)
IEND: Final = png_chunk(b"IEND")

FRAME: Final = bytes.fromhex("ffc0000b080002000201011100")
QUANTIZATION: Final = bytes.fromhex("ffdb004300") + bytes(range(1, 65))
SCAN_HEAD: Final = bytes.fromhex("ffda0008010100003f00")
SCAN: Final = QUANTIZATION + SCAN_HEAD + b"data"
INDEX: Final = b"\xff\xe2\0\x06MPF\0"


def jpeg(*segments: bytes) -> bytes:
    return b"\xff\xd8" + b"".join(segments) + b"\xff\xd9"


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        pack("<4sI", name, len(data)) + data + bytes(len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + pack("<I", len(body)) + body


def gif(
    *blocks: bytes, width: int = 2, height: int = 2, flags: int = 0, end: bytes = b";"
) -> bytes:
    screen = pack("<HHBBB", width, height, flags, 0, 0)
    return b"GIF89a" + screen + b"".join(blocks) + end


GIF_IMAGE: Final = b"," + pack("<HHHHB", 0, 0, 2, 2, 0) + b"\2\2\x84\x51\0"


def gif_comment(text: bytes) -> bytes:
    pieces = [text[at : at + 255] for at in range(0, len(text), 255)]
    return b"!\xfe" + b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"


def box(name: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return pack(">I4s", 8 + len(body), name) + body


def full_box(name: bytes, *content: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(name, pack(">I", version << 24 | flags), *content)


FTYP: Final = box(b"ftyp", b"avif", bytes(4), b"avifmif1miaf")
PITM: Final = full_box(b"pitm", b"\0\1")
ISPE: Final = full_box(b"ispe", pack(">II", 2, 2))
IPMA: Final = full_box(b"ipma", bytes.fromhex("00000001 0001 01 01"))
IPRP: Final = box(b"iprp", box(b"ipco", ISPE), IPMA)
MDAT: Final = box(b"mdat", b"data")


def iloc(*extents: tuple[int, int], item: int = 1) -> bytes:
    """Make an item location box, with offsets and lengths of four bytes."""
    places = b"".join(pack(">II", *extent) for extent in extents)
    return full_box(b"iloc", b"\x44\0", pack(">HHHH", 1, item, 0, len(extents)), places)


def meta(*boxes: bytes) -> bytes:
    return full_box(b"meta", *boxes)


def avif(*boxes: bytes) -> bytes:
    """Locate the item at offset 0, which is always inside the file."""
    return FTYP + meta(*(boxes or (PITM, iloc((0, 8)), IPRP))) + MDAT


class CountingFile(BytesIO):
    bytes_read = reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.bytes_read += len(content)
        self.reads += 1
        return content
