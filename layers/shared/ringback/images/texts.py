"""Decodes text of which the file doesn't say, or says wrongly, how it is encoded."""

from typing import Final

SAMPLE: Final = 256


def decoded(text: bytes) -> str:
    """Return UTF-8, UTF-16, GB 18030 or, if nothing else fits, Latin-1; a mark stays in it."""
    sample = text[:SAMPLE]
    high, low = sample[::2].count(0), sample[1::2].count(0)
    if high + low > len(sample) // 4:  # half of the bytes of ASCII in UTF-16 are zeros
        return text.decode("utf-16-be" if high > low else "utf-16-le", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return text.decode(encoding)
        except UnicodeDecodeError:
            continue
    return text.decode("latin-1")


def storable(text: str, *, most: int) -> str:
    """Return text that can be stored and sent: half a surrogate pair becomes U+FFFD."""
    return text[:most].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
