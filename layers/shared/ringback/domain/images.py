"""What is known of an image once its bytes have been seen."""

from dataclasses import dataclass
from typing import Final

EXTENSIONS: Final = ("png", "jpg", "webp", "avif", "gif")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """Read from the bytes, never from a header or a name. ``sha256`` is lower-case hex."""

    content_type: str
    extension: str
    width: int
    height: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An image as it lies in our bucket."""

    key: str
    facts: ImageFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """An image that a job has; ``number`` is its place in the provider's list, from 1.

    ``thumbnail`` is the key of a smaller one, once it is made.
    """

    number: int
    key: str
    source_url: str
    facts: ImageFacts
    thumbnail: str | None = None
