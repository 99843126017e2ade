"""Download the images of a job: resumed where a file was cut, and held against its checksum."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ringback_client.calls import JOB_ID, get_job
from ringback_client.errors import DownloadFailed, NoAnswer, UnexpectedAnswer
from ringback_client.partial_files import length_of
from ringback_client.records.jobs import Image, Job
from ringback_client.retrying import Sender
from ringback_client.settings import is_here
from ringback_client.steps import Fetch, NotSent, Sleep, Steps
from ringback_client.words import words_of

# File names come from here and from the job's own id, never from an answer.
EXTENSIONS: Final = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/gif": "gif",
}
OTHER_EXTENSION: Final = "bin"
TRIES: Final = 5
FIRST_PAUSE_SECONDS: Final = 0.5
_NUMBER: Final = re.compile(r"images/job_[0-9a-z]{26}/([1-9][0-9]{0,3})\.[a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloader:
    """``random`` gives numbers from 0 to 1."""

    send: Sender
    random: Callable[[], float]

    def job(self, job_id: str, folder: Path) -> Steps[tuple[Path, ...]]:
        """Return the files of the job's images. Raises ``DownloadFailed``."""
        job = yield from self.send(get_job(job_id))
        paths = list[Path]()
        for name, image in names_of(job_id, job).items():
            path = yield from self.image(job_id, image, folder / name)
            paths.append(path)
        return tuple(paths)

    def image(self, job_id: str, image: Image, path: Path) -> Steps[Path]:
        """Return ``path`` once it has the image; a file that has it already is left alone.

        Raises ``DownloadFailed``, also for what the file system refuses.
        """
        try:
            return (yield from self._downloaded(job_id, image, path))
        except OSError as error:
            raise DownloadFailed(f"{path.name}: {words_of(error)}") from error

    def _downloaded(self, job_id: str, image: Image, path: Path) -> Steps[Path]:
        part = path.with_name(f"{path.name}.part")
        why = ""
        for attempt in range(TRIES):
            if attempt:
                pause = FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1)
                yield Sleep(pause * (0.5 + 0.5 * self.random()))
            if _is(path, image):
                return path  # another download may have been faster
            had = length_of(part)
            if had < image.bytes:
                why = yield from self._fetch(image, part, had)
            if _is(part, image) and _moved(part, path):
                return path
            if length_of(part) >= image.bytes:
                why = "its checksum is not the job's"
                part.unlink(missing_ok=True)  # nothing of it can be kept
            if why == EXPIRED:
                image = yield from self._with_new_link(job_id, image)
        raise DownloadFailed(f"{path.name}: {why}")

    def _fetch(self, image: Image, part: Path, had: int) -> Steps[str]:
        """Return why the file is not complete, if it isn't."""
        url = image.url
        if url is None:
            raise DownloadFailed(f"{part.stem}: it has no link; images of this age may be deleted")
        if urlsplit(url).scheme != "https" and not is_here(url):
            raise DownloadFailed(f"{part.stem}: its link is not https://")
        try:
            status = yield Fetch(url, part, had, image.bytes)
        except BlockingIOError:
            return "another download writes it"
        except (NotSent, NoAnswer) as error:
            return str(error)
        return EXPIRED if status == 403 else f"the bucket answered {status}"

    def _with_new_link(self, job_id: str, image: Image) -> Steps[Image]:
        job = yield from self.send(get_job(job_id))
        return next((each for each in job.images if each.key == image.key), image)


EXPIRED: Final = "its link has expired"


def names_of(job_id: str, job: Job) -> dict[str, Image]:
    """Return the images by their file names, ``{job_id}-{n}.{ext}``."""
    if not JOB_ID.fullmatch(job_id):
        raise UnexpectedAnswer("The answer has a job's id that is none.")
    names = dict[str, Image]()
    for position, image in enumerate(job.images, 1):
        # An image that is missing keeps its number, so a position may not be one.
        found = _NUMBER.fullmatch(image.key)
        number = int(found[1]) if found else position
        extension = EXTENSIONS.get(image.content_type, OTHER_EXTENSION)
        names[f"{job_id}-{number}.{extension}"] = image
    return names


def _is(path: Path, image: Image) -> bool:
    try:
        if not path.is_file() or path.stat().st_size != image.bytes:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == image.sha256
    except FileNotFoundError:
        return False


def _moved(part: Path, path: Path) -> bool:
    try:
        part.replace(path)
    except FileNotFoundError:
        return False
    return True
