"""Where the items of an AVIF lie: ISO/IEC 14496-12, sections 8.11.3 and 8.11.6."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from ringback.images.boxes import Box, BoxFile, Malformed, Numbers

FULL: Final = 4  # bytes before the content of a full box: one of version, three of flags
IN_FILE, IN_IDAT = 0, 1
AV1, EXIF, XMP = b"av01", b"Exif", b"application/rdf+xml"


class Extent(NamedTuple):
    """A part of an item, in the file."""

    start: int
    end: int


def locations(boxes: BoxFile, inner: Mapping[bytes, Box]) -> dict[int, list[Extent]]:
    """Return the extents of each item, which may reach beyond the end of a file that is cut."""
    if b"iloc" not in inner:
        raise Malformed("there is no item location (iloc)")
    iloc, idat = boxes.numbers(inner[b"iloc"]), inner.get(b"idat")
    version, lengths = iloc.take(FULL) >> 24, iloc.take(2)
    of_id = 4 if version > 1 else 2
    found: dict[int, list[Extent]] = {}
    for _ in range(iloc.take(of_id)):
        item = iloc.take(of_id)
        method = iloc.take(2) & 15 if version else IN_FILE
        found.setdefault(item, []).extend(
            _extents(iloc, version, lengths, boxes.file.size, idat if method == IN_IDAT else None)
            if method in (IN_FILE, IN_IDAT)
            else _elsewhere(iloc, version, lengths)
        )
        if method == IN_IDAT and idat is None:
            raise Malformed("an item is in a box (idat) that is missing")
    return found


def _extents(
    iloc: Numbers, version: int, lengths: int, size: int, idat: Box | None
) -> Iterator[Extent]:
    of_offset, of_length, of_base = (lengths >> shift & 15 for shift in (12, 8, 4))
    in_another_file, base = iloc.take(2), iloc.take(of_base)
    if in_another_file:
        raise Malformed("an item is in another file")
    if idat:
        base += idat.start
    for _ in range(iloc.take(2)):
        iloc.take(lengths & 15 if version else 0)
        start, length = base + iloc.take(of_offset), iloc.take(of_length)
        # A length of 0 means "to the end".
        end = start + length if length else max(start, idat.end if idat else size)
        if idat and end > idat.end:
            raise Malformed("an item is longer than the box (idat) that it is in")
        yield Extent(start, end)


def _elsewhere(iloc: Numbers, version: int, lengths: int) -> Iterator[Extent]:
    """Skip an item that is made of others, and count as there."""
    for _ in _extents(iloc, version, lengths, 0, None):
        yield Extent(0, 1)


def item_types(boxes: BoxFile, inner: Mapping[bytes, Box]) -> dict[int, bytes]:
    """Return the type of each item: its media type if it has one, else the four bytes."""
    found: dict[int, bytes] = {}
    if b"iinf" not in inner:
        return found
    iinf = boxes.numbers(inner[b"iinf"]._replace(end=inner[b"iinf"].start + FULL))
    count = 2 if iinf.take(FULL) >> 24 == 0 else 4
    for box in boxes.inside(inner[b"iinf"].without(FULL + count)):
        if box.name != b"infe":
            continue
        infe = boxes.numbers(box)
        version = infe.take(FULL) >> 24
        if version in (2, 3):
            item = infe.take(2 if version == 2 else 4)
            infe.take(2)
            kind = infe.take(4).to_bytes(4, "big")
            _, _, rest = infe.rest().partition(b"\0")
            found[item] = rest.partition(b"\0")[0] if kind == b"mime" else kind
    return found


def parts_of(boxes: BoxFile, inner: Mapping[bytes, Box], item: int) -> list[int]:
    """Return the images that the item is put together from (``dimg``), or the item itself."""
    if b"iref" not in inner:
        return [item]
    of_id = 4 if boxes.numbers(inner[b"iref"]).take(FULL) >> 24 else 2
    for box in boxes.inside(inner[b"iref"].without(FULL)):
        if box.name == b"dimg":
            dimg = boxes.numbers(box)
            if dimg.take(of_id) == item:
                return [dimg.take(of_id) for _ in range(dimg.take(2))]
    return [item]
