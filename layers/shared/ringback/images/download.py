"""Downloads an image from an untrusted URL."""

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
    """Accepts complete images of at most ``max_bytes``, recognized by their bytes."""

    http: GuardedHttp
    max_bytes: int

    def fetch(self, url: str, into: BinaryIO, *, within: float) -> ImageFacts:
        """Replace the contents of ``into`` with the image and seek to its first byte.

        ``within`` is the time limit in seconds, redirects included.

        Raises ``AddressRefused``, ``ImageRefused``, ``LinkDead`` or ``TransferInterrupted``; the
        contents of ``into`` are then undefined.
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
            # Not before writing: ext4 flushes a file that was emptied to disk when it is closed.
            into.truncate()
        if expected is not None and received != expected:
            raise TransferInterrupted(f"{answer.host}: received {received} of {expected} bytes")
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
            raise ImageRefused(f"{answer.host}: unexpected Content-Encoding")
        lengths = set(answer.header("Content-Length"))
        if not (answer.length_counts and lengths):
            return None
        length = lengths.pop()
        if lengths or not (length.isascii() and length.isdigit() and len(length) < 20):
            raise TransferInterrupted(f"{answer.host}: invalid Content-Length")
        if int(length) > self.max_bytes:
            raise ImageRefused(f"{answer.host}: more than {self.max_bytes} bytes")
        return int(length)


def _check_status(answer: Answer) -> None:
    if answer.status in DEAD:
        raise LinkDead(f"{answer.host}: answered {answer.status}")
    # A 206 is refused, too: the whole body was requested.
    if answer.status != HTTPStatus.OK:
        raise TransferInterrupted(f"{answer.host}: answered {answer.status}")
