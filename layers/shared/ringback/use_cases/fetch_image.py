"""Download one of a job's images, by a fresh link if its own is dead."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Final

from ringback.domain.errors import LinkDead, NotAnImage, TransferInterrupted
from ringback.domain.images import ImageFacts
from ringback.domain.jobs import Job
from ringback.use_cases.ports import Downloader, ProviderClient

# Some hosts answer for a dead link with a page instead of a 404.
LINK_MAY_BE_DEAD: Final = (LinkDead, NotAnImage)
# No image takes longer, fresh links included.
MAX_COPY_TIME: Final = timedelta(seconds=100)

# The result URL that each picture belongs to, by the picture's SHA-256.
Owners = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchImage:
    """Download an image by the link that the job has, then by those that the provider has.

    A fresh record may be in another order, so a picture that belongs to another result URL of the
    job is taken only if the provider made the same picture twice.
    """

    download: Downloader
    clients: Mapping[str, ProviderClient]
    now: Callable[[], datetime]

    def __call__(self, job: Job, number: int, content: BinaryIO, owners: Owners) -> ImageFacts:
        """Download the image into ``content``; ``owners`` is shared by all images of a job."""
        own, is_twin = job.result_urls[number - 1], False
        until, failures = self.now() + MAX_COPY_TIME, list[Exception]()
        for url in self._links(job, number):
            try:
                facts = self.download.fetch(url, content, within=self._seconds_left(until))
            except LINK_MAY_BE_DEAD as failure:
                failures.append(failure)
            else:
                if owners.setdefault(facts.sha256, own) == own:
                    return facts
                is_twin = is_twin or url == own
            self._seconds_left(until)  # no time left: do not ask the provider for another link
        if is_twin:  # the provider made the same picture twice
            return self.download.fetch(own, content, within=self._seconds_left(until))
        raise _no_link(failures[0])

    def _links(self, job: Job, number: int) -> Iterator[str]:
        yield job.result_urls[number - 1]
        yield from self.clients[job.request.provider].fresh_links(job, number)

    def _seconds_left(self, until: datetime) -> float:
        left = (until - self.now()).total_seconds()
        if left <= 0:
            raise TransferInterrupted("timed out")
        return left


def _no_link(first: Exception) -> Exception:
    if isinstance(first, NotAnImage):
        return first
    dead = LinkDead(f"{first}, and the provider has no working link")
    dead.__cause__ = first
    return dead
