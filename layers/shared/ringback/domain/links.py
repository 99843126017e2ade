"""Which links of a provider's fresh record lead to an image that a job already counts."""

from collections import Counter
from collections.abc import Sequence


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
