"""Images in the drop bucket as inputs of a job."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from tempfile import TemporaryFile
from typing import Any, Final

from ringback.domain.drops import RECEIPTS, S3, UPLOADS, DroppedObject, bucket_and_key, spellings
from ringback.domain.errors import InputImageRefused
from ringback.domain.jobs import JobRequest
from ringback.domain.uploads import may_use
from ringback.use_cases.ports import InputImages, InputRules

# Images of which it is remembered whether they are whole.
MAX_KNOWN: Final = 1000
MISSING: Final = "the object does not exist"
# Also said of another client's: nobody learns what others have uploaded.
MISSING_UPLOAD: Final = "there is no such upload, or it has expired; upload the image again"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInputImage:
    """Check an input image before anything is paid."""

    images: InputImages
    bucket: str
    rules: InputRules
    # By key and version: many rows of a sheet may use one image, and a version does not change.
    damages: dict[tuple[str, str], str] = field(default_factory=dict)

    def __call__(self, url: str, version: str | None = None, *, client: str) -> tuple[str, str]:
        """Return the object's own URL and the version that was checked, by default the newest.

        The provider gets a link to that version later. An accent in the URL may be spelled as one
        character or as two, whichever the key has. Uploads are their own client's. Raises
        ``InputImageRefused``.
        """
        try:
            bucket, key = bucket_and_key(url)
        except ValueError as error:
            raise InputImageRefused(str(error)) from None
        if bucket != self.bucket or key.startswith(RECEIPTS):
            raise InputImageRefused(f"only images in s3://{self.bucket}/ are accepted")
        for name in filter(lambda name: may_use(name, client), spellings(key)):
            if found := self.images.inspect(name, version=version):
                if fault := self._fault(name, found):
                    raise InputImageRefused(fault)
                return f"{S3}{bucket}/{name}", found.version
        raise InputImageRefused(MISSING_UPLOAD if key.startswith(UPLOADS) else MISSING)

    def _fault(self, key: str, found: DroppedObject) -> str:
        return self.rules.fault_of(found.head, found.size) or self._damage(key, found)

    def _damage(self, key: str, found: DroppedObject) -> str:
        known = key, found.version
        if known not in self.damages:
            if len(self.damages) == MAX_KNOWN:
                self.damages.clear()
            with TemporaryFile() as content:
                self.images.copy(key, found.version, into=content)
                self.damages[known] = self.rules.damage_of(content, found.size)
        return self.damages[known]


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
