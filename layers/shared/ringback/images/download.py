"""Fetches an image from a URL that somebody else chose."""

import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import BinaryIO, Final

from ringback.domain.errors import ImageRefused, LinkDead, TransferInterrupted
from ringback.domain.images import ImageFacts
from ringback.images.formats import read_picture
from ringback.outbound.guarded_http import Answer, GuardedHttp

DEAD: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDownloader:
    """Takes in whole images of at most ``max_bytes``, and says what they are by their bytes."""

    http: GuardedHttp
    max_bytes: int = 64 * 1024 * 1024

    def fetch(self, url: str, into: BinaryIO, *, within: float = 120.0) -> ImageFacts:
        """Replace what is in ``into`` by the image, and leave it at its first byte.

        ``within`` so many seconds, redirects and all.

        Raises ``AddressRefused``, ``ImageRefused``, ``LinkDead`` or ``TransferInterrupted``; then
        ``into`` is rubbish.
        """
        with self.http.get(url, within=within) as answer:
            _check_status(answer)
            expected = self._expected_bytes(answer)
            into.seek(0)
            digest, received = hashlib.sha256(), 0
            for part in answer.parts():
                received += len(part)
                if received > self.max_bytes:
                    raise ImageRefused(f"{answer.host}: more than {self.max_bytes} bytes")
                digest.update(part)
                into.write(part)
            # Not before: ext4 writes a file that was emptied to the disk when it is closed.
            into.truncate()
        if expected is not None and received != expected:
            raise TransferInterrupted(f"{answer.host}: {received} of {expected} bytes came")
        picture = read_picture(into, size=received)
        into.seek(0)
        return ImageFacts(
            content_type=picture.format.content_type,
            extension=picture.format.extension,
            width=picture.width,
            height=picture.height,
            bytes=received,
            sha256=digest.hexdigest(),
        )

    def _expected_bytes(self, answer: Answer) -> int | None:
        encodings = answer.header("Content-Encoding")[:1]
        if [name.lower() for name in encodings] not in ([], ["identity"]):
            raise ImageRefused(f"{answer.host}: body is encoded although we asked for it as it is")
        lengths = set(answer.header("Content-Length"))
        if not (answer.length_counts and lengths):
            return None
        length = lengths.pop()
        if lengths or not (length.isascii() and length.isdigit() and len(length) < 20):
            raise TransferInterrupted(f"{answer.host}: content length cannot be read")
        if int(length) > self.max_bytes:
            raise ImageRefused(f"{answer.host}: more than {self.max_bytes} bytes")
        return int(length)


def _check_status(answer: Answer) -> None:
    if answer.status in DEAD:
        raise LinkDead(f"{answer.host}: answered {answer.status}")
    # Also 206: we asked for the whole.
    if answer.status != HTTPStatus.OK:
        raise TransferInterrupted(f"{answer.host}: answered {answer.status}")
