"""Lets the functions of the local AWS share the unpacked layers.

By itself the emulator unpacks every layer anew for every process of a function: 31 MB and 1,200
files each, most of a cold start.
"""

import hashlib
import tempfile
import zipfile
from pathlib import Path
from threading import Lock
from typing import Any

# Layers have a thousand files, the code of a function has one.
MANY_FILES = 100

_lock = Lock()


class SharedArchive(zipfile.ZipFile):
    """A zip file that is unpacked as links to one unpacked copy, if it is a layer."""

    @property
    def _is_layer(self) -> bool:
        return len(super().namelist()) >= MANY_FILES

    def namelist(self) -> list[str]:
        """Return what is unpacked: of a layer, its uppermost entries."""
        names = super().namelist()
        return sorted({name.split("/")[0] for name in names}) if self._is_layer else names

    def extractall(self, path: Any = None, *rest: Any) -> None:
        if path is None or rest or not self._is_layer:
            super().extractall(path, *rest)
            return
        contents = sorted((member.filename, member.CRC) for member in self.infolist())
        name = f"layer-{hashlib.sha256(repr(contents).encode()).hexdigest()}"
        copy = Path(tempfile.gettempdir(), name)
        with _lock:
            if not copy.exists():
                new = copy.with_suffix(".new")
                for member in self.infolist():
                    self.extract(member, new)
                new.rename(copy)
        for entry in copy.iterdir():
            Path(path, entry.name).symlink_to(entry)


class SharingZipfile:
    """Stands in for the module ``zipfile``, where the emulator unpacks layers with it."""

    ZipFile = SharedArchive

    def __getattr__(self, name: str) -> Any:
        return getattr(zipfile, name)


def share_layers() -> None:
    """Patch the emulator, which this process is about to run."""
    from ministack.core import lambda_runtime  # type: ignore[import-not-found]

    lambda_runtime.zipfile = SharingZipfile()
