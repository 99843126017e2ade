"""Files that decoders accept and files that they don't, each with the verdict on it.

Decoders: libpng, libjpeg-turbo, giflib and browsers, libwebp, libavif. What one of them shows, if
only in part, is an image.
"""

import gzip
import warnings
import zlib
from collections.abc import Sequence
from io import BytesIO
from struct import pack
from typing import Final, NamedTuple

from PIL import Image

from tests.support.hostile_images import ARCHIVE, HTML
from tests.support.image_files import (
    FRAME,
    FTYP,
    GIF_IMAGE,
    IDAT,
    IEND,
    IPMA,
    IPRP,
    ISPE,
    MDAT,
    PITM,
    PIXELS,
    QUANTIZATION,
    SCAN,
    SCAN_HEAD,
    WHOLE,
    animation,
    avif,
    box,
    full_box,
    gif,
    gif_comment,
    iloc,
    image,
    jpeg,
    meta,
    png,
    png_chunk,
    webp,
)

PNG, JPEG, WEBP, AVIF, GIF = WHOLE.values()
MAX_DECODED: Final = 4_000_000  # pixels


class Case(NamedTuple):
    """``damage``: a part of what is wrong, empty for a whole image, ``None`` for no image."""

    content: bytes
    damage: str | None = ""
    trailing: int = 0


def before_pixels(*chunks: bytes, content: bytes = PNG) -> bytes:
    """Return a PNG with chunks before its first IDAT."""
    at = content.index(b"IDAT") - 4
    return content[:at] + b"".join(chunks) + content[at:]


def after_pixels(*chunks: bytes) -> bytes:
    return PNG[:-12] + b"".join(chunks) + PNG[-12:]


def png_of(*rows: bytes, width: int, height: int, kind: tuple[int, ...]) -> bytes:
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    return png(png_chunk(b"IDAT", data), IEND, width=width, height=height, kind=kind)


def in_pieces(size: int) -> bytes:
    """Return a PNG whose pixel data is in many chunks, some of them empty."""
    pieces = [PIXELS[at : at + size] for at in range(0, len(PIXELS), size)]
    chunks = [png_chunk(b"IDAT", each) + png_chunk(b"IDAT") for each in pieces]
    return png(png_chunk(b"IDAT"), *chunks, IEND)


def interlaced(width: int, height: int) -> bytes:
    """Return a grey PNG in seven passes, each row with its filter byte."""
    passes = ((8, 8, 0, 0), (8, 8, 4, 0), (4, 8, 0, 4), (4, 4, 2, 0), (2, 4, 0, 2), (2, 2, 1, 0))
    data = b""
    for across, down, left, top in (*passes, (1, 2, 0, 1)):
        columns, rows = (width - left + across - 1) // across, (height - top + down - 1) // down
        data += bytes(columns + 1) * rows if columns > 0 else b""
    content = png_chunk(b"IDAT", zlib.compress(data))
    return png(content, IEND, width=width, height=height, kind=(8, 0, 0, 0, 1))


def filtered(filters: Sequence[int], width: int = 3) -> bytes:
    """Return an RGB PNG with a row for each filter."""
    rows = b"".join(bytes([each]) + b"\xff" * 3 * width for each in filters)
    return png(png_chunk(b"IDAT", zlib.compress(rows)), IEND, width=width, height=len(filters))


def apple_png() -> bytes:
    raw = zlib.compress(bytes(2 * (1 + 2 * 3)))[2:-4]
    content = png(png_chunk(b"IDAT", raw), IEND)
    return content[:8] + png_chunk(b"CgBI", b"\x50\0\x20\2") + content[8:]


def with_crc(content: bytes, name: bytes) -> bytes:
    """Return a PNG with a wrong checksum in the first chunk of that name."""
    at = content.index(name) - 4
    end = at + 8 + int.from_bytes(content[at : at + 4], "big")
    return content[:end] + bytes([content[end] ^ 1]) + content[end + 1 :]


def with_adler() -> bytes:
    return png(png_chunk(b"IDAT", PIXELS[:-1] + bytes([PIXELS[-1] ^ 1])), IEND)


def between(segments: bytes, content: bytes = JPEG) -> bytes:
    """Return a JPEG with bytes behind its first segment."""
    end = 4 + int.from_bytes(content[4:6], "big")
    return content[:end] + segments + content[end:]


def stuffed_scan(markers: bytes) -> bytes:
    return jpeg(FRAME, SCAN + markers)


def without_segments(content: bytes, *codes: int) -> bytes:
    """Return a JPEG without the segments of these codes that are before its first scan."""
    kept, at = content[:2], 2
    while content[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        kept += b"" if content[at + 1] in codes else content[at:end]
        at = end
    return kept + content[at:]


def changed(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


PROGRESSIVE: Final = image("JPEG", progressive=True)
SOF, SOS = JPEG.index(b"\xff\xc0"), JPEG.index(b"\xff\xda")
RESTARTED: Final = image("JPEG", size=(64, 64), restart_marker_rows=1)


def without(content: bytes, start: int, end: int) -> bytes:
    return content[:start] + content[end:]


def frame(code: int, depth: int = 8) -> bytes:
    return b"\xff" + bytes([code]) + FRAME[2:4] + bytes([depth]) + FRAME[5:]


def riff(content: bytes, change: int) -> bytes:
    """Return a WebP with another RIFF length."""
    length = int.from_bytes(content[4:8], "little") + change
    return content[:4] + pack("<I", length) + content[8:]


EXTENDED: Final = image("WEBP", exif=b"Exif\0\0xy")
ODD: Final = webp((b"VP8X", bytes(4) + b"\1\0\0\1\0\0"), (b"VP8L", b"\x2f\1\x40\0\0abcd"))


def framed(left: int, top: int) -> bytes:
    """Return an animation of 4 x 4 pixels with a frame of 2 x 2; offsets are in two pixels."""
    head = bytes([left, 0, 0, top, 0, 0]) + bytes(10)
    picture = b"VP8L" + pack("<I", 9) + b"\x2f\1\x40\0\0abcd\0"
    return webp((b"VP8X", b"\2" + bytes(3) + b"\3\0\0\3\0\0"), (b"ANMF", head + picture))


def gif_frame(left: int, top: int, width: int, height: int) -> bytes:
    """Return a frame of one colour; before each pixel, its codes are cleared and stay 3 bits."""
    codes = [4, 0] * (width * height) + [5]
    bits = sum(code << 3 * at for at, code in enumerate(codes))
    data = bits.to_bytes(-(-3 * len(codes) // 8), "little")
    head = b"," + pack("<HHHHB", left, top, width, height, 0)
    return head + bytes([2, len(data)]) + data + b"\0"


def boxes_of(content: bytes) -> list[tuple[bytes, int, int]]:
    """Return the names, offsets and ends of a file's outermost boxes."""
    found, at = [], 0
    while at < len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        found.append((content[at + 4 : at + 8], at, at + length))
        at += length
    return found


def endless(content: bytes, name: bytes) -> bytes:
    """Return an AVIF whose last box, of that name, has the length 0: to the end of the file."""
    last, at, end = boxes_of(content)[-1]
    assert (last, end) == (name, len(content))
    return content[:at] + bytes(4) + content[at + 4 :]


def branded(brands: bytes, content: bytes = AVIF) -> bytes:
    """Return an AVIF with other brands, as long as before."""
    _, start, end = boxes_of(content)[0]
    assert len(brands) <= end - start - 8
    return content[:8] + brands + content[8 + len(brands) :]


def long_box(name: bytes, body: bytes) -> bytes:
    return b"\0\0\0\1" + name + pack(">Q", 16 + len(body)) + body


META_LAST: Final = FTYP + MDAT + meta(PITM, iloc((len(FTYP), 8)), IPRP)
IN_IDAT: Final = full_box(
    b"iloc", b"\x44\0", pack(">HHHHH", 1, 1, 1, 0, 1), pack(">II", 0, 8), version=1
)
NO_DATA: Final = (
    FTYP
    + meta(PITM, iloc((len(FTYP + meta(PITM, iloc((0, 0)), IPRP)) + 8, 0)), IPRP)
    + box(b"mdat")
)
GRID: Final = box(b"idat", bytes(8))  # its dimensions
TILES: Final = full_box(b"iref", box(b"dimg", pack(">HHHH", 1, 2, 2, 3)))


def grid(second_tile: tuple[int, int]) -> bytes:
    """Return an AVIF of two tiles, the first of which is 8 bytes at offset 0."""
    places = ((1, 1, 0, 8), (2, 0, 0, 8), (3, 0, *second_tile))
    items = b"".join(
        pack(">HHHHII", item, method, 0, 1, start, size) for item, method, start, size in places
    )
    where = full_box(b"iloc", b"\x44\0", pack(">H", len(places)), items, version=1)
    return avif(PITM, where, IPRP, GRID, TILES)


TRACK: Final = box(b"trak", full_box(b"tkhd", bytes(72), pack(">II", 20 << 16, 10 << 16)))
SEQUENCE_FTYP: Final = FTYP.replace(b"avif", b"avis", 1)


def saved(picture: Image.Image, kind: str, **how: object) -> bytes:
    content = BytesIO()
    picture.save(content, kind, **how)
    return content.getvalue()


ACCEPTED: Final = {
    # ------------------------------------------------------------------ PNG
    "png": Case(PNG),
    "png of one bit": Case(image("PNG", "1")),
    "png of a palette": Case(image("PNG", "P")),
    "png of 16 bits": Case(image("PNG", "I;16")),
    "png with alpha": Case(image("PNG", "RGBA")),
    "png of grey and alpha": Case(image("PNG", "LA")),
    "png with transparency": Case(saved(Image.new("P", (3, 3)), "PNG", transparency=0)),
    "png, animated": Case(animation("PNG")),
    "png, interlaced": Case(interlaced(37, 23)),
    "png, interlaced, of one pixel": Case(interlaced(1, 1)),
    "png, interlaced, of one column": Case(interlaced(1, 9)),
    "png with a second IEND": Case(PNG + IEND, "", 12),
    "png and a line feed": Case(PNG + b"\n", "", 1),
    "png and a line end": Case(PNG + b"\r\n", "", 2),
    "png and 4 KiB of zeros": Case(PNG + bytes(4096), "", 4096),
    "png and a script": Case(PNG + HTML, "", len(HTML)),
    "png and an archive": Case(PNG + ARCHIVE, "", len(ARCHIVE)),
    "png and a png": Case(PNG + PNG, "", len(PNG)),
    "png in pieces, some empty": Case(in_pieces(3)),
    "png in pieces of a byte": Case(in_pieces(1)),
    "png with private chunks": Case(
        before_pixels(png_chunk(b"prVt", b"x"), png_chunk(b"vpAg", bytes(9)))
    ),
    "png with unknown chunks behind its pixels": Case(after_pixels(png_chunk(b"abCd", b"x" * 99))),
    "png with a profile": Case(image("PNG", icc_profile=bytes(3000))),
    "png with eXIf behind its pixels": Case(
        after_pixels(png_chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\0"))
    ),
    "png with a text of two megabytes": Case(
        before_pixels(png_chunk(b"tEXt", b"Comment\0" + b"x" * 2_000_000))
    ),
    "png with html in its text": Case(before_pixels(png_chunk(b"tEXt", b"Comment\0" + HTML))),
    "png with more rows than it announces": Case(
        png(png_chunk(b"IDAT", zlib.compress(bytes(1000))), IEND)
    ),
    "png with bytes behind its pixel data's end": Case(
        png(png_chunk(b"IDAT", PIXELS + b"more"), IEND)
    ),
    "png of Apple": Case(apple_png()),
    "png of every filter": Case(filtered((0, 1, 2, 3, 4))),
    "png with other filters behind its rows": Case(
        png(png_chunk(b"IDAT", zlib.compress(bytes(14) + b"\x09" * 7)), IEND)
    ),
    "png, stored": Case(image("PNG", compress_level=0)),
    # ------------------------------------------------------------------ JPEG
    "jpeg": Case(JPEG),
    "jpeg, progressive": Case(image("JPEG", progressive=True)),
    "jpeg, grey": Case(image("JPEG", "L")),
    "jpeg, cmyk": Case(image("JPEG", "CMYK")),
    "jpeg with restarts": Case(image("JPEG", restart_marker_rows=1)),
    "jpeg with restarts, read in several parts": Case(
        jpeg(
            FRAME,
            b"\xff\xdd\0\4\0\1",
            QUANTIZATION,
            SCAN_HEAD,
            b"".join(b"%s\xff%c" % (b"data" * 20, 0xD0 + n % 8) for n in range(21)),
        )
    ),
    "jpeg with a comment that looks like an end": Case(image("JPEG", comment=b"\xff\xd9")),
    "jpeg of 12 bits": Case(jpeg(frame(0xC1, 12), SCAN)),
    "jpeg, arithmetic": Case(jpeg(frame(0xC9), b"\xff\xcc\0\4\0\0", SCAN)),
    "jpeg, arithmetic, of zeros only": Case(jpeg(frame(0xC9), QUANTIZATION, SCAN_HEAD)),
    "jpeg, lossless": Case(jpeg(frame(0xC3), SCAN)),
    "jpeg with zeros between segments": Case(between(bytes(2))),
    "jpeg with 4 KiB of zeros between segments": Case(between(bytes(4096))),
    "jpeg with zeros and fill bytes": Case(between(bytes(300) + b"\xff" * 300 + bytes(300))),
    "jpeg without Huffman tables": Case(without_segments(JPEG, 0xC4)),
    "jpeg, arithmetic, without Huffman tables": Case(
        jpeg(frame(0xC9), QUANTIZATION, SCAN_HEAD.replace(b"\1\0", b"\1\x22") + b"data")
    ),
    "jpeg, progressive, whose DC is refined without a table": Case(
        jpeg(
            frame(0xC2),
            QUANTIZATION,
            b"\xff\xc4\0\x14\0\1" + bytes(16),
            bytes.fromhex("ffda0008010100000001") + b"data",
            bytes.fromhex("ffda0008010110000010") + b"data",
        )
    ),
    "jpeg, lossless, without quantization tables": Case(jpeg(frame(0xC3), SCAN_HEAD + b"data")),
    "jpeg with fine quantization": Case(
        jpeg(
            FRAME[:-1] + b"\1",
            b"\xff\xdb\0\xc4\x10" + b"\0\5" * 64 + b"\1" + bytes(64),
            SCAN_HEAD + b"data",
        )
    ),
    "jpeg with fill bytes": Case(between(b"\xff" * 300)),
    "jpeg with bytes between segments": Case(between(b"junk")),
    "jpeg with a stuffed byte between segments": Case(between(b"\xff\0")),
    "jpeg with fill bytes in its scan": Case(stuffed_scan(b"\xff\xff\xff")),
    "jpeg with restarts and stuffed bytes": Case(stuffed_scan(b"\xff\0\xff\xd0\xff\xd7" * 9)),
    "jpeg and a byte": Case(JPEG + b"x", "", 1),
    "jpeg and a line feed": Case(JPEG + b"\n", "", 1),
    "jpeg and a camera's trailer": Case(JPEG + b"SEFT\0\0\0\x6b" * 99, "", 99 * 8),
    "jpeg and a video": Case(JPEG + box(b"ftyp", b"mp42") + MDAT, "", 24),
    "jpeg and a jpeg": Case(JPEG + JPEG, "", len(JPEG)),
    "jpeg of several pictures": Case(animation("MPO")),
    "jpeg of several pictures and a line feed": Case(animation("MPO") + b"\n", "", 1),
    "jpeg of several pictures without the others": Case(
        animation("MPO")[: animation("MPO").index(b"\xff\xd9\xff\xd8") + 2]
    ),
    "jpeg with a thumbnail": Case(
        between(b"\xff\xe1" + pack(">H", len(JPEG) + 2) + JPEG, image("JPEG", size=(300, 200)))
    ),
    "jpeg whose file ends in zeros": Case(JPEG + bytes(5000), "", 5000),
    # ------------------------------------------------------------------ WebP
    "webp": Case(WEBP),
    "webp, lossless": Case(image("WEBP", lossless=True)),
    "webp with alpha": Case(image("WEBP", "RGBA")),
    "webp, extended": Case(EXTENDED),
    "webp, animated": Case(animation("WEBP")),
    "webp whose frame is in the corner of its canvas": Case(framed(1, 1)),
    "webp and 64 zeros": Case(WEBP + bytes(64), "", 64),
    "webp and a zero": Case(WEBP + b"\0", "", 1),
    "webp and a webp": Case(WEBP + WEBP, "", len(WEBP)),
    "webp with a shorter RIFF length": Case(riff(WEBP + b"JUNK\4\0\0\0abcd", 0), "", 12),
    "webp whose pad byte is not counted": Case(riff(ODD, -1)),
    "webp without its pad byte": Case(riff(ODD, -1)[:-1]),
    "webp whose missing pad byte is counted": Case(ODD[:-1]),
    "webp with unknown chunks": Case(
        webp((b"VP8X", bytes(4) + b"\1\0\0\1\0\0"), (b"ABCD", b"x"), (b"VP8L", b"\x2f\1\x40\0\0ab"))
    ),
    "webp with half a chunk's head at its end": Case(riff(WEBP + b"ABCD", 4)),
    # ------------------------------------------------------------------ GIF
    "gif": Case(GIF),
    "gif of 1987": Case(GIF.replace(b"89a", b"87a", 1)),
    "gif, animated": Case(animation("GIF")),
    "gif with a comment behind its trailer": Case(
        GIF + gif_comment(b"made by"), "", len(gif_comment(b"made by"))
    ),
    "gif and zeros": Case(GIF + bytes(9), "", 9),
    "gif and a line feed": Case(GIF + b"\n", "", 1),
    "gif whose frame is larger than its screen": Case(gif(gif_frame(0, 0, 4, 3))),
    "gif whose frame is beside its screen": Case(gif(gif_frame(5, 6, 2, 2))),
    "gif whose second frame is larger than its screen": Case(
        gif(gif_frame(0, 0, 2, 2), gif_frame(0, 0, 4, 3))
    ),
    "gif without a screen size": Case(gif(GIF_IMAGE, width=0, height=0)),
    "gif with many extensions": Case(gif(gif_comment(b"x") * 500, GIF_IMAGE)),
    "gif with tables of colours": Case(
        gif(bytes(768), b"," + bytes(4) + b"\2\0\2\0\x81" + bytes(12) + GIF_IMAGE[10:], flags=0x87)
    ),
    "gif with zeros between blocks": Case(gif(GIF_IMAGE, bytes(3), gif_comment(b"x"))),
    # ------------------------------------------------------------------ AVIF
    "avif": Case(AVIF),
    "avif with alpha": Case(image("AVIF", "RGBA")),
    "avif, grey": Case(image("AVIF", "L")),
    "avif with a profile and exif": Case(
        image("AVIF", icc_profile=b"profile", exif=Image.Exif().tobytes())
    ),
    "avif, a sequence": Case(animation("AVIF")),
    "avif, a sequence larger than its still image": Case(
        animation("AVIF").replace(pack(">II", 20 << 16, 10 << 16), pack(">II", 30 << 16, 10 << 16))
    ),
    "avif, a sequence without a still image": Case(SEQUENCE_FTYP + box(b"moov", TRACK) + MDAT),
    "avif whose last mdat is endless": Case(endless(AVIF, b"mdat")),
    "avif whose last meta is endless": Case(endless(META_LAST, b"meta")),
    "avif of the brand mif1": Case(branded(b"mif1\0\0\0\0avifmif1")),
    "avif of the brand miaf": Case(branded(b"miaf\0\0\0\0mif1avif")),
    "avif with free boxes": Case(AVIF + box(b"free", bytes(9)) + box(b"skip")),
    "avif with an archive in a free box": Case(AVIF + box(b"free", ARCHIVE)),
    "avif with an unknown box": Case(AVIF + box(b"abcd", b"x")),
    "avif whose meta comes last": Case(META_LAST),
    "avif with a long box": Case(
        FTYP + meta(PITM, iloc((0, 8)), IPRP) + long_box(b"mdat", b"data")
    ),
    "avif whose item is in its meta": Case(avif(PITM, IN_IDAT, IPRP, box(b"idat", b"8 bytes."))),
    "avif whose item is a part of another": Case(
        avif(
            PITM,
            full_box(
                b"iloc", b"\x44\0", pack(">HHHHH", 1, 1, 2, 0, 1), pack(">II", 0, 8), version=1
            ),
            IPRP,
        )
    ),
    "avif of two tiles": Case(grid((4, 8))),
    "avif with properties of others": Case(
        avif(
            PITM,
            iloc((0, 8)),
            box(
                b"iprp",
                box(b"ipco", box(b"pasp", bytes(8)), ISPE),
                full_box(b"ipma", bytes.fromhex("00000002 0001 02 8102 0002 00")),
            ),
        )
    ),
    "avif and a line feed": Case(AVIF + b"\n", "", 1),
    "avif and zeros": Case(AVIF + bytes(64), "", 64),
    "avif and a script": Case(AVIF + HTML, "", len(HTML)),
    "avif and an avif": Case(AVIF + AVIF, "", len(AVIF)),
}

DAMAGED: Final = {
    "png with a wrong checksum of its pixel data": Case(
        with_crc(PNG, b"IDAT"), "(CRC) of a chunk IDAT"
    ),
    "png with a wrong checksum of a text": Case(
        with_crc(before_pixels(png_chunk(b"tEXt", b"a\0b")), b"tEXt"), "(CRC) of a chunk tEXt"
    ),
    "png with a wrong checksum of its header": Case(
        with_crc(PNG, b"IHDR"), "(CRC) of a chunk IHDR"
    ),
    "png with a wrong Adler-32": Case(with_adler(), "Adler-32"),
    "png of 40 gigapixels in 14 bytes": Case(
        png(png_chunk(b"IDAT", zlib.compress(bytes(14))), IEND, width=200_000, height=200_000),
        "ends too early",
    ),
    "png with a row too few": Case(
        png_of(bytes(6), width=2, height=2, kind=(8, 2, 0, 0, 0)), "ends too early"
    ),
    "png with text for pixel data": Case(png(png_chunk(b"IDAT", b"not zlib"), IEND), "pixel data"),
    "png without pixel data": Case(png(IEND), "no pixel data"),
    "png without its end": Case(PNG[:-12], "cut"),
    "png cut in its end": Case(PNG[:-1], "cut"),
    "png cut in half": Case(PNG[: len(PNG) // 2], "cut"),
    "png whose pixel data is interrupted": Case(
        png(
            png_chunk(b"IDAT", PIXELS[:5]),
            png_chunk(b"tEXt", b"a\0b"),
            png_chunk(b"IDAT", PIXELS[5:]),
            IEND,
        ),
        "ends too early",
    ),
    "png of a colour type that does not exist": Case(
        png(IDAT, IEND, kind=(8, 5, 0, 0, 0)), "header"
    ),
    "png of a depth that its colours don't have": Case(
        png(IDAT, IEND, kind=(4, 2, 0, 0, 0)), "header"
    ),
    "png of another compression": Case(png(IDAT, IEND, kind=(8, 2, 1, 0, 0)), "header"),
    "png larger than any": Case(png(IDAT, IEND, width=2**31), "header"),
    "png of a palette without one": Case(png(IDAT, IEND, kind=(8, 3, 0, 0, 0)), "palette"),
    "png with its header behind a text": Case(
        PNG[:8] + png_chunk(b"tEXt", b"a\0b") + PNG[8:], "not the first"
    ),
    "png with a nameless chunk": Case(before_pixels(png_chunk(b"1234", b"x")), "malformed"),
    "png with a chunk of 2 GiB": Case(before_pixels(b"\x80\0\0\0abCd"), "malformed"),
    "png with a filter that does not exist": Case(filtered((0, 9)), "filter"),
    "png with such a filter far behind": Case(filtered((*[4] * 999, 5), 300), "filter"),
    "png with an empty palette": Case(
        png(png_chunk(b"PLTE"), IDAT, IEND, kind=(8, 3, 0, 0, 0)), "palette"
    ),
    "jpeg without quantization tables": Case(without_segments(JPEG, 0xDB), "quantization"),
    "jpeg without one of its quantization tables": Case(
        changed(JPEG, SOF + 12, b"\3"), "quantization"
    ),
    "jpeg with a short quantization table": Case(
        jpeg(FRAME, b"\xff\xdb\0\x12\0" + bytes(15), SCAN_HEAD + b"data"), "quantization"
    ),
    "jpeg with its quantization table behind its scan": Case(
        jpeg(FRAME, SCAN_HEAD + b"data", SCAN), "quantization"
    ),
    "jpeg, progressive, without Huffman tables": Case(
        without_segments(PROGRESSIVE, 0xC4), "Huffman"
    ),
    "jpeg with a Huffman table of no standard": Case(changed(JPEG, SOS + 6, b"\x22"), "Huffman"),
    "jpeg with a scan of another component": Case(changed(JPEG, SOS + 5, b"\x09"), "component"),
    "jpeg with a scan of none": Case(
        jpeg(FRAME, QUANTIZATION, bytes.fromhex("ffda000600003f00") + b"data"), "scan's header"
    ),
    "jpeg with a long scan header": Case(
        jpeg(FRAME, QUANTIZATION, b"\xff\xda\0\x09\1\1\0\0\x3f\0\0data"), "scan's header"
    ),
    "jpeg without sampling factors": Case(changed(JPEG, SOF + 11, b"\0"), "frame"),
    "jpeg with a sampling factor of five": Case(changed(JPEG, SOF + 11, b"\x15"), "frame"),
    "jpeg without components": Case(jpeg(b"\xff\xc0\0\x08\x08\0\2\0\2\0", SCAN), "frame"),
    "jpeg with a restart too few": Case(
        without(RESTARTED, RESTARTED.index(b"\xff\xd1"), RESTARTED.index(b"\xff\xd2")),
        "restart is missing",
    ),
    "jpeg without its end": Case(JPEG[:-2], "cut"),
    "jpeg cut in its end": Case(JPEG[:-1], "cut"),
    "jpeg cut in half": Case(JPEG[: len(JPEG) // 2 + 200], "cut"),
    "jpeg of several pictures, cut in the last": Case(animation("MPO")[:-9], "cut"),
    "jpeg without a scan": Case(jpeg(FRAME), "no scan"),
    "jpeg with an empty scan": Case(jpeg(FRAME, SCAN[:-4]), "empty"),
    "jpeg with its scan before its frame": Case(jpeg(SCAN, FRAME), "before the frame"),
    "jpeg with two frames": Case(jpeg(FRAME, FRAME, SCAN), "second frame"),
    "jpeg with a segment that is too short": Case(jpeg(b"\xff\xdb\0\1", FRAME, SCAN), "length"),
    "jpeg with much between two segments": Case(between(b"x" * 999), "length"),
    "jpeg with a second start": Case(jpeg(b"\xff\xd8", FRAME, SCAN), "second start"),
    "jpeg with a reserved marker": Case(jpeg(b"\xff\x02", FRAME, SCAN), "bad marker"),
    "jpeg with a short frame": Case(jpeg(b"\xff\xc0\0\x08\x08\0\2\0\2\1", SCAN), "frame"),
    "webp cut in half": Case(WEBP[: len(WEBP) // 2], "cut"),
    "webp without its last byte": Case(WEBP[:-1], "cut"),
    "webp with a longer RIFF length": Case(riff(WEBP, 8), "cut"),
    "webp whose chunk is longer than it": Case(riff(WEBP, -20), "longer than the RIFF"),
    "webp without a RIFF length": Case(WEBP[:4] + bytes(4) + WEBP[8:], "RIFF length"),
    "webp of a canvas only": Case(webp((b"VP8X", bytes(10))), "no image data"),
    "webp of another chunk first": Case(
        webp((b"EXIF", b"xy"), (b"VP8L", b"\x2f\1\x40\0\0abcde")), "first chunk"
    ),
    "webp smaller than its canvas": Case(
        webp((b"VP8X", bytes(10)), (b"VP8L", b"\x2f\1\x40\0\0abcde")), "canvas"
    ),
    "webp whose frame is empty": Case(
        webp((b"VP8X", b"\2" + bytes(9)), (b"ANMF", bytes(16))), "frame has no image"
    ),
    "webp whose frame has no image": Case(
        webp((b"VP8X", b"\2" + bytes(9)), (b"ANMF", bytes(16) + b"EXIF" + bytes(4))),
        "frame has no image",
    ),
    "webp whose frame is outside its canvas": Case(framed(2, 0), "outside its canvas"),
    "webp whose frame is below its canvas": Case(framed(0, 2), "outside its canvas"),
    "webp of an animation without frames": Case(
        webp((b"VP8X", b"\2" + bytes(3) + b"\1\0\0\1\0\0"), (b"VP8L", b"\x2f\1\x40\0\0abcde")),
        "no frame",
    ),
    "webp of more than there is": Case(
        webp((b"VP8 ", b"\x30\1\0\x9d\1\x2a\2\0\2\0")), "longer than its chunk"
    ),
    "gif without its trailer": Case(GIF[:-1], "cut"),
    "gif cut in half": Case(GIF[: len(GIF) // 2], "cut"),
    "gif without a frame": Case(gif(gif_comment(b"x")), "no frame"),
    "gif whose frame has no data": Case(gif(GIF_IMAGE[:11] + b"\0"), "no data"),
    "gif whose second frame has no data": Case(gif(GIF_IMAGE, GIF_IMAGE[:11] + b"\0"), "no data"),
    "gif with a wrong code size": Case(gif(GIF_IMAGE[:10] + b"\x3f" + GIF_IMAGE[11:]), "code size"),
    "gif with text between blocks": Case(gif(GIF_IMAGE, b"junk"), "between two blocks"),
    "avif cut in half": Case(AVIF[: len(AVIF) // 2], "cut"),
    "avif without its last byte": Case(AVIF[:-1], "cut"),
    "avif whose endless mdat is cut": Case(endless(AVIF, b"mdat")[:-1], "cut"),
    "avif of the brand mif1, cut": Case(branded(b"mif1\0\0\0\0avifmif1")[:-1], "cut"),
    "avif without data": Case(NO_DATA, "no data"),
    "avif whose endless mdat is empty": Case(NO_DATA[:-8] + bytes(4) + b"mdat", "no data"),
    "avif with a tile without data": Case(grid((len(grid((0, 0))), 0)), "no data"),
    "avif with a tile that is cut": Case(grid((4, 2**20)), "cut"),
    "avif whose data is zeros": Case(
        changed(AVIF, AVIF.index(b"mdat") + 4, bytes(len(AVIF) - AVIF.index(b"mdat") - 4)),
        "not AV1",
    ),
    "avif without a configuration": Case(AVIF.replace(b"av1C", b"free"), "av1C"),
    "avif with an item beyond its end": Case(avif(PITM, iloc((0, 8), (9, 2**30)), IPRP), "cut"),
    "avif without a primary image": Case(avif(iloc((0, 8)), IPRP), "no primary"),
    "avif without locations": Case(avif(PITM, IPRP), "iloc"),
    "avif whose image is nowhere": Case(avif(PITM, iloc((0, 8), item=2), IPRP), "nowhere"),
    "avif with an item in another file": Case(
        avif(PITM, iloc((0, 8)).replace(b"\0\1\0\1\0\0", b"\0\1\0\1\0\1"), IPRP), "another file"
    ),
    "avif whose size is another item's": Case(
        avif(
            PITM,
            iloc((0, 8)),
            box(
                b"iprp", box(b"ipco", ISPE), full_box(b"ipma", bytes.fromhex("00000001 0002 01 01"))
            ),
        ),
        "no size of its own",
    ),
}

NO_IMAGE: Final = {
    "nothing but a magic number, png": Case(PNG[:8], None),
    "png cut in its header": Case(PNG[:20], None),
    "png without a header": Case(PNG[:8] + IDAT + IEND, None),
    "png of no width": Case(png(IDAT, IEND, width=0), None),
    "png of no height": Case(png(IDAT, IEND, height=0), None),
    "png that was sent as text": Case(PNG.replace(b"\r\n", b"\n"), None),
    "png behind a line feed": Case(b"\n" + PNG, None),
    "png behind html": Case(HTML + PNG, None),
    "png in base64": Case(b"iVBORw0KGgoAAAANSUhEUg==", None),
    "png in a data URL": Case(b"data:image/png;base64,iVBORw0KGgo=", None),
    "jpeg of three bytes": Case(JPEG[:3], None),
    "jpeg of tables only": Case(jpeg(b"\xff\xdb\0\2"), None),
    "jpeg of no width": Case(jpeg(FRAME[:7] + b"\0\0" + FRAME[9:], SCAN), None),
    "jpeg behind a byte order mark": Case(b"\xef\xbb\xbf" + JPEG, None),
    "jpeg with a segment that is too long": Case(JPEG[:2] + b"\xff\xfe\xff\xff" + JPEG[2:], None),
    "jpeg ls": Case(jpeg(b"\xff\xf7" + FRAME[2:], SCAN), None),
    "webp of its head": Case(WEBP[:12], None),
    "webp without chunks": Case(webp(), None),
    "webp of metadata": Case(webp((b"EXIF", b"xy")), None),
    "webp of no size": Case(webp((b"VP8 ", b"\0\0\0\x9d\1\x2a" + bytes(4))), None),
    "webp between key frames": Case(webp((b"VP8 ", b"\1\0\0\x9d\1\x2a\1\0\1\0")), None),
    "webp lossless of a later version": Case(webp((b"VP8L", b"\x2f\0\0\0\xe0")), None),
    "wave": Case(b"RIFF\x24\0\0\0WAVEfmt " + bytes(30), None),
    "gif of its magic number": Case(b"GIF89a", None),
    "gif of no size": Case(gif(width=0, height=0), None),
    "gif of 1988": Case(b"GIF88a" + bytes(40), None),
    "avif of its type": Case(FTYP, None),
    "avif cut before its meta": Case(FTYP + MDAT, None),
    "avif without properties": Case(avif(PITM, iloc((0, 8))), None),
    "avif of no size": Case(
        avif(PITM, iloc((0, 8)), box(b"iprp", box(b"ipco", full_box(b"ispe", bytes(8))), IPMA)),
        None,
    ),
    "heic": Case(box(b"ftyp", b"heic", bytes(4), b"mif1heic") + AVIF[32:], None),
    "heif of the brand mif1 only": Case(branded(b"mif1\0\0\0\0mif1miafMA1B"), None),
    "mp4": Case(box(b"ftyp", b"isom", bytes(4), b"isomavc1") + MDAT, None),
    "jpeg xl": Case(b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40), None),
    "bare jpeg xl": Case(b"\xff\x0a" + bytes(40), None),
    "jpeg 2000": Case(image("JPEG2000"), None),
    "bmp": Case(image("BMP"), None),
    "tiff": Case(image("TIFF"), None),
    "icon": Case(image("ICO"), None),
    "tga": Case(image("TGA"), None),
    "ppm": Case(image("PPM"), None),
    "svg": Case(b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', None),
    "svg with a declaration": Case(b'<?xml version="1.0"?>\n<svg/>', None),
    "html": Case(HTML, None),
    "html behind blanks": Case(b"\n\n  <HTML><body>wait</body></HTML>", None),
    "json": Case(b'{"code": 404, "msg": "gone"}', None),
    "a list in json": Case(b'["a"]', None),
    "xml": Case(b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', None),
    "text": Case(b"not found", None),
    "one byte": Case(b"\1", None),
    "zeros": Case(bytes(100), None),
    "pdf": Case(b"%PDF-1.7\n", None),
    "zip": Case(ARCHIVE, None),
    "gzip of a page": Case(gzip.compress(HTML), None),
    "a script": Case(b"#!/bin/sh\n", None),
    "a program": Case(b"\x7fELF" + bytes(60), None),
    "a video": Case(b"\x1a\x45\xdf\xa3" + bytes(40), None),
    "an avi": Case(b"RIFF\x24\0\0\0AVI LIST" + bytes(30), None),
    "a photoshop file": Case(b"8BPS\0\1" + bytes(40), None),
    "an archive before a png": Case(ARCHIVE + PNG, None),
    "a png in utf-8": Case(PNG.decode("latin-1").encode(), None),
    "a property list": Case(b"bplist00" + bytes(40), None),
}


def loads(content: bytes) -> tuple[int, int] | None:
    """Return the size of what Pillow decodes in full, if it is not too large for a test."""
    try:
        with (
            warnings.catch_warnings(action="ignore"),  # of metadata that is malformed
            Image.open(BytesIO(content), formats=list(WHOLE)) as opened,
        ):
            if opened.width * opened.height > MAX_DECODED:
                return None
            opened.load()
            return opened.size
    except Exception:  # noqa: BLE001 - decoders raise all kinds of exceptions
        return None
