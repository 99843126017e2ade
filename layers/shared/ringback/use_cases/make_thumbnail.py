"""Make the thumbnail of a stored image. No failure here affects the original."""

from collections.abc import Callable
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import BinaryIO, Final

from ringback.domain import canary
from ringback.domain.errors import ThumbnailRefused
from ringback.domain.images import ImageFacts
from ringback.domain.jobs import Job, JobId
from ringback.use_cases.ports import JobStore, ThumbnailStore

# Four bytes each, held twice while the image is scaled: this fits into the function's memory.
MAX_PIXELS: Final = 64_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeThumbnail:
    """``shrink`` returns a WebP thumbnail, or raises ``ThumbnailRefused``."""

    jobs: JobStore
    images: ThumbnailStore
    shrink: Callable[[BinaryIO, ImageFacts], bytes]

    def __call__(self, job_id: JobId, number: int) -> Job:
        """Return the job as it was. Safe to repeat.

        Raises ``UnknownJob`` or ``ThumbnailRefused``.
        """
        job = self.jobs.get(job_id)
        image = next((image for image in job.images if image.number == number), None)
        if image is None or image.thumbnail:
            return job
        pixels = image.facts.width * image.facts.height
        if pixels > MAX_PIXELS:
            raise ThumbnailRefused(f"{pixels} pixels, more than {MAX_PIXELS}")
        with TemporaryFile() as content:
            self.images.read_image(image.key, content)
            thumbnail = self.shrink(content, image.facts)
        key = self.images.put_thumbnail(job_id, number, thumbnail)
        if job.client == canary.CLIENT:
            self.images.let_expire_alone(key)
        self.jobs.add_thumbnail(job_id, number, key)
        return job
