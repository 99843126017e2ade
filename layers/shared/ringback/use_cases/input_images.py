"""Images in the drop bucket as inputs of a job."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ringback.domain.drops import RECEIPTS, S3, bucket_and_key, spellings
from ringback.domain.errors import InputImageRefused
from ringback.domain.jobs import JobRequest
from ringback.use_cases.ports import InputImages


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInputImage:
    """Check an input image before anything is paid.

    ``fault_of`` takes its first bytes and its size in bytes, and returns what is wrong with it,
    empty if nothing is.
    """

    images: InputImages
    bucket: str
    fault_of: Callable[[bytes, int], str]

    def __call__(self, url: str, version: str | None = None) -> tuple[str, str]:
        """Return the object's own URL and the version that was checked, by default the newest.

        The provider gets a link to that version later. An accent in the URL may be spelled as one
        character or as two, whichever the key has. Raises ``InputImageRefused``.
        """
        try:
            bucket, key = bucket_and_key(url)
        except ValueError as error:
            raise InputImageRefused(str(error)) from None
        if bucket != self.bucket or key.startswith(RECEIPTS):
            raise InputImageRefused(f"only images in s3://{self.bucket}/ are accepted")
        for name in spellings(key):
            if found := self.images.inspect(name, version=version):
                if fault := self.fault_of(found.head, found.size):
                    raise InputImageRefused(fault)
                return f"{S3}{bucket}/{name}", found.version
        raise InputImageRefused("the object does not exist")


def with_links(request: JobRequest, link: Callable[[str, str], str]) -> JobRequest:
    """Replace each s3 URL in the input by a link; ``link`` takes the URL and its version."""
    links = {url: link(url, version) for url, version in request.input_images.items()}
    return replace(request, input=_replaced(request.input, links)) if links else request


def _replaced(value: Any, links: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return links.get(value, value)
    if isinstance(value, list):
        return [_replaced(each, links) for each in value]
    if isinstance(value, Mapping):
        return {name: _replaced(each, links) for name, each in value.items()}
    return value
