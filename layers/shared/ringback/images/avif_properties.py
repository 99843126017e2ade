"""Reads the properties of an AVIF's items: ISO/IEC 23008-12, sections 6.5 and 9.3."""

from collections.abc import Mapping
from typing import NamedTuple

from ringback.images.avif_items import AV1, FULL
from ringback.images.boxes import Box, BoxFile, Malformed, first
from ringback.images.pictures import Cut, Findings


class Property(NamedTuple):
    name: bytes
    size: tuple[int, int] = (0, 0)  # of an ``ispe``


def size_of(
    boxes: BoxFile, inner: Mapping[bytes, Box], primary: int, kind: bytes, found: Findings
) -> tuple[int, int]:
    """Return the size of the primary image, 0 and 0 if no property tells it.

    ``kind`` is the image's type, empty if it is not known.
    """
    if b"iprp" not in inner:
        return 0, 0
    boxes_of = first(boxes.inside(inner[b"iprp"]), found)
    if b"ipco" not in boxes_of:
        return 0, 0
    properties: dict[int, Property] = {}
    try:
        for number, box in enumerate(boxes.inside(boxes_of[b"ipco"]), start=1):
            properties[number] = _property(boxes, box)
    except (Malformed, Cut):
        found.flaw("the properties of the images are malformed")
    ipma = boxes_of.get(b"ipma")
    of_primary = _numbers_of(boxes, ipma, primary) if ipma else set()
    own = [property for number, property in properties.items() if number in of_primary]
    if kind == AV1 and not any(property.name == b"av1C" for property in own):
        found.flaw("the primary image has no configuration (av1C)")
    sizes = [property.size for property in own if property.name == b"ispe"]
    if not sizes:
        found.flaw("the primary image has no size of its own")
        sizes = [property.size for property in properties.values()]
    return max(sizes, default=(0, 0), key=lambda size: size[0] * size[1])


def _property(boxes: BoxFile, box: Box) -> Property:
    if box.name != b"ispe":
        return Property(box.name)
    ispe = boxes.numbers(box)
    ispe.take(FULL)
    return Property(box.name, (ispe.take(4), ispe.take(4)))


def _numbers_of(boxes: BoxFile, box: Box, primary: int) -> set[int]:
    ipma = boxes.numbers(box)
    head = ipma.take(FULL)
    of_id, of_number = (4 if head >> 24 else 2), (2 if head & 1 else 1)
    highest = 2 ** (8 * of_number - 1) - 1  # the first bit marks an essential property
    for _ in range(ipma.take(4)):
        item = ipma.take(of_id)
        numbers = {ipma.take(of_number) & highest for _ in range(ipma.take(1))}
        if item == primary:
            return numbers
    return set()
