"""Downloads an image from an untrusted URL. Its bytes decide what it is, no header does."""

import hashlib
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import BinaryIO, Final

from ringback.domain.errors import ImageRefused, LinkDead, NotAnImage, TransferInterrupted
from ringback.domain.images import ImageFacts, Remains
from ringback.domain.marks import Marks
from ringback.images.compression import unpack_image
from ringback.images.formats import read_picture
from ringback.images.marks import read_marks
from ringback.images.pictures import Picture
from ringback.outbound.guarded_http import Answer, GuardedHttp

# The client errors that ask for patience; with any other, the link is dead: S3's ExpiredToken is a
# 400.
TRY_LATER: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)
TOTAL: Final = re.compile(r"bytes [0-9]{1,19}-[0-9]{1,19}/([0-9]{1,19})", re.A)
LENGTH: Final = re.compile(r"[0-9]{1,19}", re.A)
READ_SIZE: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDownloader:
    """Accepts images of at most ``max_bytes``, damaged ones too."""

    http: GuardedHttp
    max_bytes: int

    def fetch(self, url: str, into: BinaryIO, *, within: float) -> ImageFacts:
        """Replace the contents of ``into`` with the image and seek to its first byte.

        ``within`` is the time limit in seconds, redirects included.

        Raises ``AddressRefused``, ``ImageRefused`` or ``LinkDead``; ``NotAnImage`` if ``into`` has
        other bytes, ``TransferInterrupted`` if it has a part of the image at most.
        """
        with self.http.get(url, within=within) as answer:
            _check_status(answer)
            expected = self._expected_bytes(answer)
            into.seek(0)
            digest, interruption = hashlib.sha256(), None
            received = 0
            try:
                for part in answer.parts():
                    received += len(part)
                    if received > self.max_bytes:
                        raise ImageRefused(f"{answer.host}: more than {self.max_bytes} bytes")
                    digest.update(part)
                    into.write(part)
            except TransferInterrupted as error:
                interruption = error
            # Not before writing: ext4 flushes a file that was emptied to disk when it is closed.
            into.truncate()
        if not interruption and received < max(expected, 1):
            what = f"received {received} of {expected} bytes" if expected else "empty answer"
            interruption = TransferInterrupted(f"{answer.host}: {what}")
        # Otherwise the end of the connection was the only sign of the end.
        is_framed = bool(expected) or not answer.length_counts
        delivered = Remains(bytes=received, sha256=digest.hexdigest())
        return self._judged(into, delivered, interruption, is_framed=is_framed)

    def inspect(self, content: BinaryIO) -> ImageFacts:
        """Read what is stored already. Raises ``NotAnImage``."""
        try:
            return facts_of(content, _remains(content))
        finally:
            content.seek(0)

    def _judged(
        self,
        content: BinaryIO,
        received: Remains,
        interruption: TransferInterrupted | None,
        *,
        is_framed: bool,
    ) -> ImageFacts:
        try:
            if unpack_image(content, most=self.max_bytes):
                received = _remains(content)
            facts = facts_of(content, received)
        except NotAnImage as error:
            if interruption and not received.bytes:
                raise interruption from None
            why = f"{interruption}; {error}" if interruption else str(error)
            raise NotAnImage(why, received) from None
        finally:
            content.seek(0)
        # If less came than was announced, but the image is whole, it is taken.
        if facts.damage and (interruption or not is_framed):
            interruption = interruption or TransferInterrupted(facts.damage)
            interruption.part = facts
            raise interruption
        return facts

    def _expected_bytes(self, answer: Answer) -> int:
        """Return the length of the whole body, 0 if no header tells it."""
        lengths = set(answer.header("Content-Length")) if answer.length_counts else set()
        if answer.status == HTTPStatus.PARTIAL_CONTENT:
            ranges = map(TOTAL.fullmatch, answer.header("Content-Range"))
            lengths |= {found[1] for found in ranges if found}
        known = [int(length) for length in lengths if LENGTH.fullmatch(length)]
        if len(known) != len(lengths):
            return 0
        if max(known, default=0) > self.max_bytes:
            raise ImageRefused(f"{answer.host}: more than {self.max_bytes} bytes")
        return max(known, default=0)


def facts_of(content: BinaryIO, received: Remains) -> ImageFacts:
    """Return what is known of the image. Raises ``NotAnImage``."""
    picture = read_picture(content, size=received.bytes)
    return ImageFacts(
        content_type=picture.format.content_type,
        extension=picture.format.extension,
        width=picture.width,
        height=picture.height,
        bytes=received.bytes,
        sha256=received.sha256,
        trailing_bytes=received.bytes - picture.end,
        damage=picture.damage,
        marks=_marks_of(content, picture, size=received.bytes),
    )


def _marks_of(content: BinaryIO, picture: Picture, *, size: int) -> Marks:
    try:
        return read_marks(content, picture, size=size)
    except Exception:  # noqa: BLE001 - no metadata, and no defect in reading it, costs the image
        return Marks()


def _remains(content: BinaryIO) -> Remains:
    content.seek(0)
    digest, size = hashlib.sha256(), 0
    while part := content.read(READ_SIZE):
        digest.update(part)
        size += len(part)
    return Remains(bytes=size, sha256=digest.hexdigest())


def _check_status(answer: Answer) -> None:
    problem = f"{answer.host}: answered {answer.status}"
    if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        raise TransferInterrupted(problem) if answer.status in TRY_LATER else LinkDead(problem)
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        raise TransferInterrupted(problem)
