"""URLs of input images: https, which the provider fetches, and s3, in the drop bucket."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from ringback.catalogue.not_images import why_not_an_image
from ringback.catalogue.public_urls import check_public
from ringback.domain.clock import utc_now
from ringback.domain.drops import S3
from ringback.domain.errors import AddressRefused, InputImageRefused

FindImage = Callable[[str], tuple[str, str]]

MAX_IMAGE_URL_LENGTH: Final = 2048
# The most that any model accepts; each one costs a request to S3.
MAX_DROPPED_IMAGES: Final = 14


@dataclass(frozen=True, slots=True)
class DroppedImages:
    """Collects the versions of the drop bucket's images that one request uses.

    ``find`` checks the image of an s3 URL and returns the URL and version of the object, or raises
    ``InputImageRefused``.
    """

    find: FindImage
    versions: dict[str, str] = field(default_factory=dict)
    respelled: dict[str, str] = field(default_factory=dict)
    now: Callable[[], datetime] = utc_now

    def take(self, url: str) -> str:
        """Return the object's own URL: it may spell an accent otherwise."""
        url = self.respelled.get(url, url)
        if url in self.versions:
            return url
        if len(self.versions) == MAX_DROPPED_IMAGES:
            raise InputImageRefused(
                f"a job can use at most {MAX_DROPPED_IMAGES} images of the drop bucket"
            )
        found, version = self.find(url)
        self.versions[found] = version
        self.respelled[url] = found
        return found


def nothing_dropped(url: str, *, client: str = "") -> tuple[str, str]:
    raise InputImageRefused("must be an https:// URL")


def checked_url(url: str, dropped: DroppedImages) -> str:
    """Return the URL as the provider gets it. Raises ``InputImageRefused``."""
    is_dropped = url.startswith(S3)
    # Before its length: a data: URI is not a URL that could be shorter.
    why = "" if is_dropped else why_not_an_image(url, now=dropped.now())
    if not why and len(url) > MAX_IMAGE_URL_LENGTH:
        why = f"must have at most {MAX_IMAGE_URL_LENGTH} characters; it has {len(url)}"
    if why:
        raise InputImageRefused(why)
    if is_dropped:
        return dropped.take(url)
    try:
        check_public(url)
    except AddressRefused as error:
        raise InputImageRefused(
            f"must be a public, percent-encoded https:// URL: {error}"
        ) from None
    return url


def _checked(url: str, info: ValidationInfo) -> str:
    try:
        return checked_url(url, info.context or DroppedImages(nothing_dropped))
    except InputImageRefused as error:
        raise PydanticCustomError("image_url", "{reason}", {"reason": str(error)}) from None


# The checks above, as far as JSON Schema can express them.
_URL_SCHEMA: Final = {
    "type": "string",
    "format": "uri",
    "maxLength": MAX_IMAGE_URL_LENGTH,
    "pattern": r'^([Hh][Tt][Tt][Pp][Ss]://[!-"$-.0->A-\[\]-~]+([/?#][!-\[\]-~]*)?|s3://[^/]+/.+)$',
}
ImageUrl = Annotated[
    str,
    AfterValidator(_checked),
    WithJsonSchema(_URL_SCHEMA),
]

_TO_EDIT: Final = "The images to edit: JPEG, PNG or WebP."
TenImages = Annotated[list[ImageUrl], Field(min_length=1, max_length=10, description=_TO_EDIT)]
FourteenImages = Annotated[list[ImageUrl], Field(min_length=1, max_length=14, description=_TO_EDIT)]
