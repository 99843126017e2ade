"""Runs the local AWS so that its functions share the unpacked layers.

Started by the emulator's own Python in place of ``python -m ministack``, which unpacks every layer
anew for every process of a function: 31 MB and 1,200 files each, most of a cold start.
"""

import hashlib
import sys
import tempfile
import zipfile
from pathlib import Path
from threading import Lock
from typing import Any

# Layers have a thousand files, the code of a function has one.
MANY_FILES = 100

_unpack = zipfile.ZipFile.extractall
_lock = Lock()


def extract_shared(archive: zipfile.ZipFile, path: Any = None, *rest: Any, **named: Any) -> None:
    """Stand in for ``extractall``: fill ``path`` with links to one unpacked copy of a layer."""
    if path is None or rest or named or len(archive.namelist()) < MANY_FILES:
        _unpack(archive, path, *rest, **named)
        return
    contents = sorted((member.filename, member.CRC) for member in archive.infolist())
    copy = Path(
        tempfile.gettempdir(), f"layer-{hashlib.sha256(repr(contents).encode()).hexdigest()}"
    )
    with _lock:
        if not copy.exists():
            _unpack(archive, f"{copy}.new")
            Path(f"{copy}.new").rename(copy)
    for entry in copy.iterdir():
        Path(path, entry.name).symlink_to(entry)


def main() -> None:
    # Only while importing: the emulator has packages of its own.
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from local.leading_keys import check_leading_keys

    del sys.path[0]
    from ministack.app import main as run_emulator  # type: ignore[import-not-found]
    from ministack.core import iam_actions  # type: ignore[import-not-found]

    check_leading_keys(iam_actions)
    zipfile.ZipFile.extractall = extract_shared  # type: ignore[assignment, method-assign]
    run_emulator()


if __name__ == "__main__":
    main()
