"""Links to images: what may stand around one, and which of a fresh record's is to which image."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

_RANGES: Final = (
    *((0x00, 0x20), (0x7F, 0xA0), (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x1680, 0x1680)),
    *((0x115F, 0x1160), (0x180E, 0x180E), (0x2000, 0x200F), (0x2028, 0x202F), (0x205F, 0x206F)),
    *((0x2800, 0x2800), (0x3000, 0x3000), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
    *((0xFFA0, 0xFFA0), (0xFFF9, 0xFFFD)),
)
# Characters that show nothing: blanks, no-break and zero-width ones, controls, byte order marks.
# No URL begins or ends with one; copying and pasting leaves them around it.
INVISIBLE: Final = "".join(chr(code) for first, last in _RANGES for code in range(first, last + 1))


def other_links(number: int, *, known: Sequence[str], fresh: Sequence[str]) -> tuple[str, ...]:
    """Return the links in ``fresh`` to image ``number`` of ``known``, the likeliest first.

    A fresh record may list the images in another order, with new signatures or hosts. A file name
    that is unique in both lists identifies an image. Without one, the link at the image's position
    comes first; the caller has to compare what they lead to. Links in ``known`` are left out.
    An image without a link is ``""`` in both lists.
    """
    named = {_name(url): url for url in fresh if url}
    is_unique = Counter(_name(url) for url in known) | Counter(_name(url) for url in fresh)
    ours = [name if is_unique[name] == 1 else None for name in map(_name, known)]
    if (own := ours[number - 1]) in named:
        candidates = [named[own]]
    else:
        position = [*fresh[number - 1 : number]]
        candidates = [url for url in position + list(fresh) if _name(url) not in ours]
    return tuple(url for url in dict.fromkeys(candidates) if url and url not in known)


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]
