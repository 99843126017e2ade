"""Download one of a job's images, by a fresh link if its own gives no whole image."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
from ringback.domain.images import ImageFacts
from ringback.domain.jobs import Job
from ringback.use_cases.ports import Downloader, ProviderClient

# No image takes longer, fresh links included.
MAX_COPY_TIME: Final = timedelta(seconds=100)

# The result that each picture belongs to, by the picture's SHA-256.
Owners = dict[str, str]


def owner(url: str, number: int) -> str:
    """Return the result's URL, so that one that is listed twice is one; without it, its number."""
    return url or f"{number}"


@dataclass
class Download:
    """The best that the links have given so far, in ``content``; the next one goes to ``spare``.

    ``is_twin``: the image's own link leads to a picture that another image of the job has as well.
    """

    content: BinaryIO
    spare: BinaryIO
    facts: ImageFacts | None = None
    failures: list[Exception] = field(default_factory=list)
    is_twin: bool = False
    _rank: int = 0

    @property
    def has_something(self) -> bool:
        """Tell whether the last try would keep something."""
        return self._rank > 0 or self.is_twin

    def keep(self, result: ImageFacts | Exception) -> None:
        """Keep what ``spare`` has if it is better.

        A whole image is better than a damaged one, that than a part, and that than other bytes.
        """
        facts, rank = None, 0
        if isinstance(result, ImageFacts):
            facts, rank = result, 3 if result.damage else 4
        elif isinstance(result, TransferInterrupted) and result.part:
            facts, rank = result.part, 2
        elif isinstance(result, NotAnImage) and result.remains:
            rank = 1
        if isinstance(result, Exception):
            self.failures.append(result)
        if rank > self._rank:
            self.content, self.spare = self.spare, self.content
            self.facts, self._rank = facts, rank

    def outcome(self, *, is_last: bool) -> ImageFacts:
        """Return the image, damaged or not. Raises the failure that says what to do next."""
        for failure in self.failures:
            if isinstance(failure, TransferInterrupted | ProviderUnavailable) and not is_last:
                raise failure
        if self.facts:
            return self.facts
        for failure in self.failures:
            if isinstance(failure, ImageRefused | NotAnImage):
                raise failure
        first = self.failures[0]
        if not isinstance(first, LinkDead):
            raise first
        raise LinkDead(f"{first}, and the provider has no working link") from first


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchImage:
    """Download an image by the link that the job has, then by those that the provider has.

    A fresh record may be in another order, so a picture that belongs to another result URL of the
    job is taken only if the provider made the same picture twice.
    """

    download: Downloader
    clients: Mapping[str, ProviderClient]
    now: Callable[[], datetime]

    def __call__(
        self, job: Job, number: int, found: Download, owners: Owners, *, is_last: bool
    ) -> ImageFacts:
        """Download the image into ``found.content``; ``owners`` is shared by a job's images.

        A damaged image is returned only if no other link gives a whole one. In the last try, a
        part of an image is as good, and every failure is worth a fresh link.
        """
        own = job.result_urls[number - 1]
        ours = owner(own, number)
        until = self.now() + MAX_COPY_TIME
        for url in self._links(job, number, found, is_last=is_last):
            # The last try leaves time for a fresh link, however slow the image's own is.
            within = (until - self.now()).total_seconds() / (2 if is_last else 1)
            result = self._fetch(url, found.spare, within)
            if isinstance(result, ImageFacts) and owners.setdefault(result.sha256, ours) != ours:
                found.is_twin = found.is_twin or url == own
                result = LinkDead("another image of the job is behind the link")
            found.keep(result)
            if isinstance(result, ImageFacts) and not result.damage:
                return result
            if isinstance(result, ImageRefused) and not found.is_twin:
                break
            if isinstance(result, TransferInterrupted) and not is_last:
                break
            if self.now() >= until:  # do not ask the provider for another link
                found.failures.insert(0, TransferInterrupted("timed out"))
                break
        else:
            if found.is_twin and not found.facts:  # the provider made the same picture twice
                left = (until - self.now()).total_seconds()
                return self.download.fetch(own, found.content, within=left)
        return found.outcome(is_last=is_last)

    def _fetch(self, url: str, into: BinaryIO, within: float) -> ImageFacts | Exception:
        if not url:
            return LinkDead("the provider's result has no link for it")
        try:
            return self.download.fetch(url, into, within=within)
        except (AddressRefused, ImageRefused, NotAnImage, LinkDead, TransferInterrupted) as failure:
            return failure

    def _links(self, job: Job, number: int, found: Download, *, is_last: bool) -> Iterator[str]:
        yield job.result_urls[number - 1]
        try:
            yield from self.clients[job.request.provider].fresh_links(job, number)
        except ProviderUnavailable as failure:
            if not is_last:
                raise
            found.failures.append(failure)
        except NotConfigured as failure:
            # What a link gave may not be there any more once the owner has stored a good key.
            if not found.has_something:
                raise
            counted = ProviderUnavailable(str(failure))
            if not is_last:
                raise counted from failure
            found.failures.append(counted)
