"""SAM's command for the local AWS, with what makes it faster.

Started by SAM's own Python. Deployments to AWS take SAM as it is.
"""

from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import yaml
from samcli.cli.main import cli  # type: ignore[import-not-found]

_write = ZipFile.writestr


def store(archive: ZipFile, name: ZipInfo, content: bytes, **_: Any) -> None:
    """Write a file without packing it: it is unpacked on the same machine."""
    _write(archive, name, content, ZIP_STORED)


def main() -> None:
    # SAM parses the template ten times; libyaml does that ten times as fast.
    yaml.SafeLoader = yaml.CSafeLoader  # type: ignore[assignment,misc]
    ZipFile.writestr = store  # type: ignore[method-assign,assignment]
    cli(prog_name="sam")


if __name__ == "__main__":
    main()
