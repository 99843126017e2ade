"""Make the thumbnails of stored images. No failure here affects the original."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import BinaryIO, Final

from ringback.domain import canary
from ringback.domain.errors import ThumbnailRefused
from ringback.domain.images import ImageFacts, ImageFormat, StoredImage
from ringback.domain.jobs import GONE, Job, JobId
from ringback.use_cases.ports import JobStore, ThumbnailStore

# The bytes that a decoder may take, in all. The function has 90 MB more (template.yaml).
ROOM: Final = 640_000_000
# The most that was measured for each pixel: with 16-bit PNGs, and for formats whose decoders hold
# an image several times over.
BYTES_A_PIXEL: Final = 10
MORE_BYTES_A_PIXEL: Final[Mapping[ImageFormat, int]] = {ImageFormat.AVIF: 12, ImageFormat.WEBP: 17}
# Of any format.
MAX_PIXELS: Final = ROOM // BYTES_A_PIXEL


def max_pixels(kind: ImageFormat) -> int:
    return ROOM // MORE_BYTES_A_PIXEL.get(kind, BYTES_A_PIXEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeThumbnail:
    """``shrink`` returns a WebP thumbnail, or raises ``ThumbnailRefused``."""

    jobs: JobStore
    images: ThumbnailStore
    shrink: Callable[[BinaryIO, ImageFacts], bytes]

    def __call__(
        self, job_id: JobId, numbers: Sequence[int], *, receives: int = 1
    ) -> tuple[Job, Mapping[int, ThumbnailRefused]]:
        """Return the job as it was, and the refusals by the image's number. Safe to repeat.

        Thumbnails are recorded together. But if it is not the first time that the message is
        received, one of its images may have crashed the function: then each is recorded at once,
        and each time another image is the first. Raises ``UnknownJob``, or the first unexpected
        error after recording all that were made.
        """
        job = self.jobs.get(job_id)
        if job.status in GONE:
            return job, {}
        missing = {image.number: image for image in job.images if not image.thumbnail}
        order = deque(numbers)
        order.rotate(1 - receives)
        made, refused, errors = dict[int, str](), dict[int, ThumbnailRefused](), list[Exception]()
        for number in order:
            if number not in missing:
                continue
            try:
                made[number] = self._make(job, missing[number])
            except ThumbnailRefused as error:
                refused[number] = error
            except Exception as error:  # noqa: BLE001 - the other thumbnails are recorded first
                errors.append(error)
            if made and receives > 1:
                self.jobs.add_thumbnails(job_id, made)
                made = {}
        if made:
            self.jobs.add_thumbnails(job_id, made)
        if errors:
            raise errors[0]
        return job, refused

    def _make(self, job: Job, image: StoredImage) -> str:
        """Return the key of the thumbnail. Raises ``ThumbnailRefused``."""
        pixels, most = image.facts.width * image.facts.height, max_pixels(image.facts.format)
        if pixels > most:
            raise ThumbnailRefused(f"{pixels} pixels, more than {most}")
        with TemporaryFile() as content:
            self.images.read_image(image.key, content)
            thumbnail = self.shrink(content, image.facts)
        key = self.images.put_thumbnail(job.job_id, image.number, thumbnail)
        if job.client == canary.CLIENT:
            self.images.let_expire([key])
        return key
