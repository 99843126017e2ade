"""The file in which a download grows: never a link to another, and written by one at a time."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def length_of(path: Path) -> int:
    """Return how many bytes are there; what is no file of its own is removed."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return 0
    if stat.S_ISREG(found.st_mode):
        return found.st_size
    path.unlink()
    return 0


def open_at(path: Path, offset: int) -> BinaryIO:
    """Open a file to write from ``offset`` on.

    Raises ``BlockingIOError`` while another download writes it, and ``OSError``.
    """
    flags = os.O_WRONLY | os.O_CREAT
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)  # each on some systems
    file = os.fdopen(os.open(path, flags, 0o666), "wb")
    try:
        _lock(file)
        if os.fstat(file.fileno()).st_size < offset:
            raise BlockingIOError("another download has taken it")
        file.truncate(offset)
        file.seek(offset)
    except BaseException:
        file.close()
        raise
    return file


def _lock(file: BinaryIO) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return  # a file system without locks
