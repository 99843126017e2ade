"""Reads the size of an AVIF and checks that its items are in the file: ISO/IEC 23008-12."""

from typing import Final

from ringback.domain.errors import ImageRefused
from ringback.domain.images import ImageFormat
from ringback.images.boxes import Box, BoxFile, Numbers, malformed, only
from ringback.images.pictures import Picture, PictureFile, truncated

STILL: Final = b"\0\0\0ftypavif"  # without the lowest byte of the length before ftyp
SEQUENCE: Final = b"\0\0\0ftypavis"
IN_FILE, IN_IDAT = 0, 1
HEAD: Final = 4  # of a full box: a byte of version, three of flags


def read_avif(file: PictureFile) -> Picture:
    """Walk the boxes; the size is that of the primary item's ``ispe``, before any rotation."""
    boxes = BoxFile(file)
    top = only(boxes.outermost(), b"ftyp", b"meta", b"moov")
    if b"meta" not in top or (b"moov" not in top and file.at(8, 4) == SEQUENCE[-4:]):
        raise truncated()
    meta = only(boxes.inside(top[b"meta"], skip=HEAD), b"pitm", b"iloc", b"iprp", b"idat")
    if not meta.keys() >= {b"pitm", b"iloc", b"iprp"}:
        raise ImageRefused("AVIF has no primary image")
    pitm = boxes.numbers(meta[b"pitm"])
    primary = pitm.take(4 if pitm.take(HEAD) >> 24 else 2)
    if not _has_primary(file, boxes.numbers(meta[b"iloc"]), meta.get(b"idat"), primary):
        raise ImageRefused("AVIF has no primary image")
    return Picture(ImageFormat.AVIF, *_width_and_height(boxes, meta[b"iprp"], primary))


def _has_primary(file: PictureFile, iloc: Numbers, idat: Box | None, primary: int) -> bool:
    """Check that all items lie within the file; return whether the primary one is among them."""
    version, lengths, is_present = iloc.take(HEAD) >> 24, iloc.take(2), False
    of_offset, of_length, of_base = (lengths >> shift & 15 for shift in (12, 8, 4))
    of_id = 4 if version > 1 else 2
    for _ in range(iloc.take(of_id)):
        item = iloc.take(of_id)
        method = iloc.take(2) & 15 if version else IN_FILE
        in_another_file, base = iloc.take(2), iloc.take(of_base)
        for _ in range(iloc.take(2)):
            iloc.take(lengths & 15 if version else 0)
            offset, length = base + iloc.take(of_offset), iloc.take(of_length)
            # A length of 0 means "to the end of the file".
            if in_another_file or not length:
                raise malformed()
            if method == IN_FILE:
                file.must_reach(offset + length)
            elif method != IN_IDAT or not idat or offset + length > idat.end - idat.start:
                raise malformed()
            is_present = is_present or item == primary
    return is_present


def _width_and_height(boxes: BoxFile, iprp: Box, primary: int) -> tuple[int, int]:
    properties = only(boxes.inside(iprp), b"ipco", b"ipma")
    if len(properties) < 2:
        raise ImageRefused("AVIF has no width or height")
    of_primary = _properties_of(primary, boxes.numbers(properties[b"ipma"]))
    numbered = enumerate(boxes.inside(properties[b"ipco"]), start=1)
    sizes = only((box for number, box in numbered if number in of_primary), b"ispe")
    if not sizes:
        raise ImageRefused("AVIF has no width or height")
    ispe = boxes.numbers(sizes[b"ispe"])
    ispe.take(HEAD)
    return ispe.take(4), ispe.take(4)


def _properties_of(primary: int, ipma: Numbers) -> set[int]:
    head = ipma.take(HEAD)
    of_id, of_number = (4 if head >> 24 else 2), (2 if head & 1 else 1)
    highest = 2 ** (8 * of_number - 1) - 1  # the first bit marks an essential property
    for _ in range(ipma.take(4)):
        item = ipma.take(of_id)
        numbers = {ipma.take(of_number) & highest for _ in range(ipma.take(1))}
        if item == primary:
            return numbers
    return set()
