"""Images on this computer, as they are given: read twice, once to describe and once to send."""

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

from ringback_client.errors import UnusableFile

# A path, the bytes themselves, or a file that is open for reading bytes.
ImageSource: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO
# Called with how many of how many bytes have been sent; a try that failed begins at none again.
OnSent: TypeAlias = Callable[[int, int], None]

_CHUNK_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Facts:
    """``sha256`` is lower-case hex."""

    sha256: str
    bytes: int
    content_type: str


class LocalImage:
    """Raises ``UnusableFile`` for what is no regular file, or can't be read from its beginning."""

    def __init__(self, source: ImageSource) -> None:
        self.name = _name_of(source)
        if isinstance(source, (str, os.PathLike)):
            # Never a terminal, a pipe or a device, which would wait for somebody or never end.
            # Path.is_file raises for names that are too long.
            if not os.path.isfile(source):  # noqa: PTH113
                raise UnusableFile(f"{self.name}: no such file.")
        elif isinstance(source, io.TextIOBase):
            raise UnusableFile(f"{self.name}: it is open for text; open it for bytes.")
        elif not isinstance(source, bytes) and not source.seekable():
            raise UnusableFile(f"{self.name}: it can be read only once; give its bytes.")
        self._source = source

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Give the image from its beginning. A file that was given open stays open."""
        source = self._source
        try:
            if isinstance(source, bytes):
                yield io.BytesIO(source)
            elif isinstance(source, (str, os.PathLike)):
                with Path(source).open("rb") as file:
                    yield file
            else:
                source.seek(0)
                yield source
        except OSError as error:
            raise UnusableFile(f"{self.name}: {error.strerror or error}.") from error

    def describe(self) -> Facts:
        """Read all of it. Raises ``UnusableFile`` if it is none of the types that inputs take."""
        with self.open() as file:
            chunk = file.read(_CHUNK_BYTES)
            content_type = content_type_of(chunk)
            if content_type is None:
                raise UnusableFile(f"{self.name}: not a JPEG, PNG or WebP file.")
            digest, size = hashlib.sha256(), 0
            while chunk:
                digest.update(chunk)
                size += len(chunk)
                chunk = file.read(_CHUNK_BYTES)
            return Facts(digest.hexdigest(), size, content_type)


class Told:
    """A file that tells how much of it has been read. Its length is found by ``seek``."""

    def __init__(self, file: BinaryIO, tell: Callable[[int], None]) -> None:
        self._file, self._told = file, tell

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._told(self._file.tell())
        return chunk

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def content_type_of(head: bytes) -> str | None:
    """Return the type by the first bytes, never by a name."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/webp" if (head[:4], head[8:12]) == (b"RIFF", b"WEBP") else None


def is_source(value: Any) -> bool:
    """Tell whether a value of an input is an image on this computer. Text never is."""
    return isinstance(value, (bytes, os.PathLike)) or hasattr(value, "read")


def _name_of(source: ImageSource) -> str:
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    return "The image" if isinstance(source, bytes) else str(getattr(source, "name", "The file"))
