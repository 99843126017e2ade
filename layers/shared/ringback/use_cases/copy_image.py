"""Copy one of a job's images, or keep what came instead of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from tempfile import TemporaryFile
from typing import BinaryIO, Final

from ringback.domain.errors import (
    AddressRefused,
    ImageRefused,
    LinkDead,
    NotAnImage,
    NotConfigured,
    ProviderUnavailable,
    TransferInterrupted,
)
from ringback.domain.images import Quarantined, StoredImage, StoredObject
from ringback.domain.jobs import Job
from ringback.use_cases.fetch_image import Download, FetchImage, Owners
from ringback.use_cases.ports import Downloader, ImageStore, ProviderClient

RETRYABLE: Final = (TransferInterrupted, LinkDead, NotAnImage, ProviderUnavailable)
PERMANENT: Final = (AddressRefused, ImageRefused)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyImage:
    images: ImageStore
    download: Downloader
    clients: Mapping[str, ProviderClient]
    now: Callable[[], datetime]

    def __call__(
        self, job: Job, number: int, owners: Owners, *, is_last: bool
    ) -> StoredImage | Quarantined:
        """Store the image, or in the last try other bytes that its links gave.

        Raises one of ``RETRYABLE`` or ``PERMANENT``, or ``NotConfigured``.
        """
        fetch = FetchImage(download=self.download, clients=self.clients, now=self.now)
        with TemporaryFile() as one, TemporaryFile() as another:
            found = Download(one, another)
            try:
                facts = fetch(job, number, found, owners, is_last=is_last)
                stored = self.images.put_image(job.job_id, number, found.content, facts)
            except (*RETRYABLE, *PERMANENT, NotConfigured) as problem:
                # An earlier delivery may have stored it, and crashed before it recorded it.
                earlier = self.images.find_image(job.job_id, number)
                if found_again := earlier or self._from_quarantine(job, number, found.spare):
                    stored = found_again
                elif is_last and isinstance(problem, NotAnImage) and problem.remains:
                    reason, remains = str(problem), problem.remains
                    key = self.images.put_quarantined(job.job_id, number, found.content, remains)
                    return Quarantined(number=number, key=key, remains=remains, reason=reason)
                else:
                    raise
        url = job.result_urls[number - 1]
        return StoredImage(number=number, key=stored.key, source_url=url, facts=stored.facts)

    def _from_quarantine(self, job: Job, number: int, into: BinaryIO) -> StoredObject | None:
        """Store bytes that were quarantined, if this version recognizes an image in them."""
        for kept in job.quarantined:
            if kept.number == number and self.images.read_object(kept.key, into):
                try:
                    facts = self.download.inspect(into)
                except NotAnImage:
                    continue
                return self.images.put_image(job.job_id, number, into, facts)
        return None
