"""Reads the size of an AVIF and checks that its items are in the file: ISO/IEC 23008-12."""

from typing import Final

from ringback.domain.errors import NotAnImage
from ringback.domain.images import ImageFormat
from ringback.images.avif_items import AV1, EXIF, FULL, XMP, Extent, item_types, locations, parts_of
from ringback.images.avif_properties import size_of
from ringback.images.boxes import Box, BoxFile, Malformed, first
from ringback.images.pictures import CUT, Cut, Findings, Metadata, Picture, PictureFile

BRANDS: Final = frozenset({b"avif", b"avis"})
# The identities of uuid boxes: C2PA 2.1, section 11.3 of its embedding appendix, and the XMP
# specification, part 3.
C2PA_BOX: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
XMP_BOX: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
ITEMS: Final = {EXIF: Metadata.EXIF, XMP: Metadata.XMP}
# Types of units, in the four bits behind the first, which is always 0: AV1 specification, section
# 6.2.2. The others are reserved.
UNITS: Final = frozenset({*range(1, 9), 15})
# Of a track header: what comes before its width, by version.
BEFORE_WIDTH: Final = {0: 76, 1: 88}


def is_avif(head: bytes) -> bool:
    """Tell whether a file's first bytes are a file type box that names a brand of AVIF."""
    length, name = int.from_bytes(head[:4], "big"), head[4:8]
    start = 16 if length == 1 else 8
    end = int.from_bytes(head[8:16], "big") if length == 1 else length
    major, compatible = head[start : start + 4], head[start + 8 : end or None]
    brands = {major, *(compatible[at : at + 4] for at in range(0, len(compatible), 4))}
    return name == b"ftyp" and not BRANDS.isdisjoint(brands)


def read_avif(file: PictureFile) -> Picture:
    """Walk the boxes; the size is that of the primary item's ``ispe``, before any rotation.

    That of a sequence is its first track's, as decoders show the track.

    Raises ``NotAnImage`` if no box tells the size.
    """
    found = Findings()
    top, end = _outermost(BoxFile(file), found)
    boxes = BoxFile(file)  # with parts left, however many boxes there were
    is_sequence, size = file.at(8, 4) == b"avis", (0, 0)
    if b"meta" in top:
        size = _image(boxes, top[b"meta"].without(FULL), found)
    if b"moov" in top and (is_sequence or size == (0, 0)):
        size = _track(boxes, top[b"moov"], found) or size
    if size == (0, 0):
        raise NotAnImage("an AVIF that does not tell its width and height")
    if is_sequence and b"moov" not in top:
        found.flaw("the track of a sequence is missing")
    return found.picture(ImageFormat.AVIF, size, end)


def _outermost(boxes: BoxFile, found: Findings) -> tuple[dict[bytes, Box], int]:
    """Return the first box of each name, and the offset after the last one."""
    top: dict[bytes, Box] = {}
    end = 0
    try:
        for box in boxes.outermost():
            top.setdefault(box.name, box)
            end = box.end
            if box.name == b"uuid":
                _uuid(boxes.file, box, found)
    except Malformed as malformed:
        found.flaw(str(malformed))
        return top, boxes.file.size
    if end > boxes.file.size:
        found.flaw(CUT)
    return top, min(end, boxes.file.size)


def _uuid(file: PictureFile, box: Box, found: Findings) -> None:
    kinds = {C2PA_BOX: Metadata.C2PA, XMP_BOX: Metadata.XMP}
    if kind := kinds.get(file.up_to(box.start, 16)):
        found.place(kind, box.start + 16, box.end)


def _image(boxes: BoxFile, meta: Box, found: Findings) -> tuple[int, int]:
    """Return the primary image's size, 0 and 0 if it has none."""
    inner, primary = first(boxes.inside(meta), found), 0
    types: dict[int, bytes] = {}
    try:
        primary = _primary(boxes, inner)
        places, types = locations(boxes, inner), item_types(boxes, inner)
        if any(end > boxes.file.size for extents in places.values() for _, end in extents):
            found.flaw(CUT)
        if not places.get(primary):
            found.flaw("the primary image is nowhere")
        for item in parts_of(boxes, inner, primary):
            found.flaw(_flaw_of(boxes.file, places.get(item, []), types.get(item, b"")))
        for item in types.keys() & places.keys():
            if kind := ITEMS.get(types[item]):
                for start, end in places[item]:
                    found.place(kind, start, end)
    except Malformed as malformed:
        found.flaw(str(malformed))
    except Cut:
        found.flaw(CUT)
    try:
        return size_of(boxes, inner, primary, types.get(primary, b""), found)
    except (Malformed, Cut):
        found.flaw("the properties of the images are malformed")
        return 0, 0


def _primary(boxes: BoxFile, inner: dict[bytes, Box]) -> int:
    if b"pitm" not in inner:
        raise Malformed("there is no primary image")
    pitm = boxes.numbers(inner[b"pitm"])
    return pitm.take(4 if pitm.take(FULL) >> 24 else 2)


def _flaw_of(file: PictureFile, extents: list[Extent], kind: bytes) -> str:
    """Return what is wrong with the data of an image; of AV1, its first unit (OBU) is looked at."""
    start = next((start for start, end in extents if start < end), None)
    if start is None:
        return "an image has no data"
    first_unit = file.up_to(min(start, file.size), 1)
    if kind == AV1 and any(each >> 3 not in UNITS for each in first_unit):
        return "an image's data is not AV1"
    return ""


def _track(boxes: BoxFile, moov: Box, found: Findings) -> tuple[int, int] | None:
    """Return the size of the first track that has one."""
    try:
        for box in boxes.inside(moov):
            is_track = box.name == b"trak"
            header = first(boxes.inside(box), found).get(b"tkhd") if is_track else None
            if header:
                tkhd = boxes.numbers(header)
                tkhd.take(BEFORE_WIDTH.get(tkhd.take(FULL) >> 24, 0) - FULL)
                size = tkhd.take(4) >> 16, tkhd.take(4) >> 16
                if all(size):
                    return size
    except (Malformed, Cut):
        found.flaw("a track is malformed")
    return None
