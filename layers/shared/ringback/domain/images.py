"""Image formats, and what is known of an image once its bytes have been read."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any, Final

from ringback.domain.marks import Marks

# Enough of a file's first bytes to tell every format from the others.
HEAD_BYTES: Final = 12
# Of what came instead of an image, so that it fits into the job's item.
MAX_LISTED: Final = 4


class ImageFormat(Enum):
    """Every format that is archived: its extension and content type.

    Members are called as Pillow calls them. ``images/formats.py`` has a reader for each, and the
    images bucket finds a stored image again by trying every extension.
    """

    PNG = "png", "image/png"
    JPEG = "jpg", "image/jpeg"
    WEBP = "webp", "image/webp"
    AVIF = "avif", "image/avif"
    GIF = "gif", "image/gif"

    def __init__(self, extension: str, content_type: str) -> None:
        self.extension = extension
        self.content_type = content_type


THUMBNAIL_FORMAT: Final = ImageFormat.WEBP
# "jpeg, png, webp, at most 10 MB each": the model pages of the provider that states a limit.
INPUT_FORMATS: Final = frozenset({ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP})
MAX_INPUT_IMAGE_BYTES: Final = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """Read from the image's bytes, never from a header or a name.

    ``width`` and ``height`` are in pixels, ``sha256`` is lower-case hex. ``trailing_bytes`` are
    those behind the image's end. ``damage`` says what is wrong with it, empty if it is whole.
    """

    content_type: str
    extension: str
    width: int
    height: int
    bytes: int
    sha256: str
    trailing_bytes: int = 0
    damage: str = ""
    marks: Marks = field(default_factory=Marks)

    def as_json(self) -> dict[str, Any]:
        """Return the facts as a job and its ``job.json`` show them."""
        return {**asdict(self), "damaged": bool(self.damage), "damage": self.damage or None}

    @property
    def format(self) -> ImageFormat:
        return next(each for each in ImageFormat if each.content_type == self.content_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """Bytes that came instead of an image; ``sha256`` is lower-case hex."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """Bytes that came instead of a job's image ``number``, kept in the images bucket."""

    number: int
    key: str
    remains: Remains
    reason: str

    def as_json(self) -> dict[str, Any]:
        return {"key": self.key, **asdict(self.remains), "reason": self.reason}


def listed(quarantined: Iterable[Quarantined]) -> tuple[Quarantined, ...]:
    """Return what a job lists of these: the same bytes once, and at most so many of each image.

    Those are the first, which came before the link expired, and the newest.
    """
    by_number = dict[int, list[Quarantined]]()
    for each in {each.key: each for each in quarantined}.values():
        by_number.setdefault(each.number, []).append(each)
    return tuple(
        each for own in by_number.values() for each in (*own[:1], *own[1:][1 - MAX_LISTED :])
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An image in the images bucket."""

    key: str
    facts: ImageFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """A job's image; ``number`` is its position in the provider's list, from 1.

    ``thumbnail`` is the thumbnail's key, once there is one.
    """

    number: int
    key: str
    source_url: str
    facts: ImageFacts
    thumbnail: str | None = None
