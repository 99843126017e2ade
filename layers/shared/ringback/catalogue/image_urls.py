"""URLs of input images: https, which the provider fetches, and s3, in the drop bucket."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import AfterValidator, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from ringback.domain.drops import S3
from ringback.domain.errors import AddressRefused, InputImageRefused
from ringback.outbound.addresses import why_not_public
from ringback.outbound.urls import parse_url

MAX_IMAGE_URL_LENGTH: Final = 2048
# The most that any model accepts; each one costs a request to S3.
MAX_DROPPED_IMAGES: Final = 14


@dataclass(frozen=True, slots=True)
class DroppedImages:
    """Collects the versions of the drop bucket's images that one request uses.

    ``version_of`` checks the image of an s3 URL and returns its version, or raises
    ``InputImageRefused``.
    """

    version_of: Callable[[str], str]
    versions: dict[str, str] = field(default_factory=dict)

    def take(self, url: str) -> None:
        if url in self.versions:
            return
        if len(self.versions) == MAX_DROPPED_IMAGES:
            raise InputImageRefused(
                f"a job can use at most {MAX_DROPPED_IMAGES} images of the drop bucket"
            )
        self.versions[url] = self.version_of(url)


def nothing_dropped(url: str) -> str:
    raise InputImageRefused("must be an https:// URL")


def _checked(url: str, info: ValidationInfo) -> str:
    try:
        if url.startswith(S3):
            (info.context or DroppedImages(nothing_dropped)).take(url)
        else:
            _check_https(url)
    except InputImageRefused as error:
        raise PydanticCustomError("image_url", "{reason}", {"reason": str(error)}) from None
    except AddressRefused as error:
        raise PydanticCustomError(
            "image_url",
            "must be a public, percent-encoded https:// URL: {reason}",
            {"reason": str(error)},
        ) from None
    return url


def _check_https(url: str) -> None:
    """Refuse what the image downloader refuses, as far as that needs no resolver."""
    if not url.isascii():
        raise AddressRefused("URL contains a character that is not percent-encoded")
    target = parse_url(url)
    reason = why_not_public(target.host) if target.is_address else None
    if reason:
        raise AddressRefused(f"URL has an IP address that is not public ({reason})")


# The checks above, as far as JSON Schema can express them.
_URL_SCHEMA: Final = {
    "type": "string",
    "format": "uri",
    "maxLength": MAX_IMAGE_URL_LENGTH,
    "pattern": r'^([Hh][Tt][Tt][Pp][Ss]://[!-"$-.0->A-\[\]-~]+([/?#][!-\[\]-~]*)?|s3://[^/]+/.+)$',
}
ImageUrl = Annotated[
    str,
    Field(max_length=MAX_IMAGE_URL_LENGTH),
    AfterValidator(_checked),
    WithJsonSchema(_URL_SCHEMA),
]

_TO_EDIT: Final = "The images to edit: JPEG, PNG or WebP."
TenImages = Annotated[list[ImageUrl], Field(min_length=1, max_length=10, description=_TO_EDIT)]
FourteenImages = Annotated[list[ImageUrl], Field(min_length=1, max_length=14, description=_TO_EDIT)]
