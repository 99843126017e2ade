"""Links to images, as the functions make them that show images."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from ringback.aws.image_bucket import ImageBucket

# Makes a link of an image's key.
Link = Callable[[str], str]


class LinkSettings(Protocol):
    @property
    def images_bucket(self) -> str: ...
    @property
    def link_lifetime_seconds(self) -> int: ...


def image_link(settings: LinkSettings) -> Link:
    bucket = ImageBucket.connect(settings.images_bucket)
    return partial(bucket.link, seconds=settings.link_lifetime_seconds)
