"""Record the command line at work on a local stack, as a picture: ``make recording``."""

import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Final

import pyte

from local.drop_bucket import photo
from local.failures import LocalFailure
from local.paths import ROOT
from local.ports import ports_from_environment
from local.run import timed_report
from local.stack import local_stack

PICTURE: Final = ROOT / "docs" / "pictures" / "command-line.svg"
# ``{job}`` is the first job that was named before.
COMMANDS: Final = (
    'ringback price bytedance/seedream-v4-edit -p "A red scarf" -i fox.jpg',
    'ringback submit bytedance/seedream-v4-edit -p "A red scarf" -i fox.jpg --wait',
    "ringback download {job} -o pictures",
    "ringback list",
)
JOB: Final = re.compile(r"job_[0-9a-z]{26}")
COLUMNS: Final = 110
ROWS: Final = 80
SECONDS: Final = 120
# Pixels of a character and a line, and around them.
WIDTH: Final = 8.4
LINE: Final = 20
MARGIN: Final = 16
# By the names that pyte gives the colours of a terminal; "brown" is yellow.
COLOURS: Final[Mapping[str, str]] = {
    **{"default": "#d8dee9", "black": "#5b6472", "red": "#e06c75", "green": "#98c379"},
    **{"brown": "#e5c07b", "blue": "#61afef", "magenta": "#c678dd", "cyan": "#56b6c2"},
}


def main() -> int:
    try:
        record()
    except LocalFailure as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def record() -> None:
    with (
        local_stack(ports=ports_from_environment(), report=timed_report()) as deployment,
        tempfile.TemporaryDirectory() as folder,
    ):
        (Path(folder) / "fox.jpg").write_bytes(photo())
        screen = recorded(COMMANDS, deployment.client_settings, Path(folder))
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(drawn(screen), "utf-8")
    print("", *lines_of(screen), "", f"{PICTURE.relative_to(ROOT)} is written.", sep="\n")


def recorded(commands: Sequence[str], settings: Mapping[str, str], folder: Path) -> pyte.Screen:
    """Run the commands one after the other, and return what a person would see in the end.

    Raises ``LocalFailure`` for one that fails.
    """
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    for command in commands:
        job = JOB.search("\n".join(screen.display))
        line = command.format(job=job[0] if job else "")
        stream.feed(f"\x1b[32m$\x1b[0m \x1b[1m{line}\x1b[0m\r\n".encode())
        if _show(shlex.split(line), settings, folder, stream):
            raise LocalFailure("\n".join(lines_of(screen)))
        stream.feed(b"\r\n")
    return screen


def _show(
    words: Sequence[str], settings: Mapping[str, str], folder: Path, stream: pyte.ByteStream
) -> int:
    """Run a command in a terminal of its own, and return its exit code."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # Nothing of the caller's environment shows in the picture.
    given = {"PATH": path, "TERM": "xterm-256color", "LANG": "C.UTF-8", **settings}
    with subprocess.Popen(
        words, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=given
    ) as process:
        os.close(theirs)
        # Linux's end of a pseudo-terminal whose other side is closed is an error.
        with suppress(OSError):
            while part := os.read(ours, 1 << 16):
                stream.feed(part)
        os.close(ours)
        return process.wait(SECONDS)


def lines_of(screen: pyte.Screen) -> list[str]:
    return [line.rstrip() for line in "\n".join(screen.display).rstrip().split("\n")]


def drawn(screen: pyte.Screen) -> str:
    """Return the screen as SVG, without its empty end."""
    rows = len(lines_of(screen))
    width, height = COLUMNS * WIDTH + 2 * MARGIN, rows * LINE + 2 * MARGIN
    font = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
    texts = [text for row in range(rows) for text in _texts(screen, row)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'font-family="{font}" font-size="14">',
            '<rect width="100%" height="100%" rx="8" fill="#1e222a"/>',
            *texts,
            "</svg>\n",
        ]
    )


def _texts(screen: pyte.Screen, row: int) -> Iterator[str]:
    cells = [(column, screen.buffer[row][column]) for column in range(COLUMNS)]
    for (colour, bold), run in groupby(cells, key=lambda each: (each[1].fg, each[1].bold)):
        found = [*run]
        text = "".join(cell.data for _, cell in found)
        if text.isspace():
            continue
        x, y = MARGIN + found[0][0] * WIDTH, MARGIN + row * LINE + 15
        weight = ' font-weight="bold"' if bold else ""
        yield (
            f'<text x="{x:g}" y="{y:g}" textLength="{len(found) * WIDTH:g}" xml:space="preserve" '
            f'fill="{COLOURS.get(colour, COLOURS["default"])}"{weight}>{escape(text)}</text>'
        )


if __name__ == "__main__":
    sys.exit(main())
