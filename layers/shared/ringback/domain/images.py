"""What is known of an image once its bytes have been seen."""

from dataclasses import dataclass


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
class StoredImage:
    """An image that lies in our bucket; ``number`` is its place in the provider's list, from 1."""

    number: int
    key: str
    source_url: str
    facts: ImageFacts
