"""A program in a terminal whose every question is answered with Enter."""

import os
import pty
import re
import select
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

# What a question of SAM's ends with: its default in brackets, or a bare colon.
QUESTION: Final = re.compile(rb"(\]|[^\s:]): ?(\x1b\[\d*m)*$")
# A question is what stands at the end when nothing follows it for so long.
QUIET_SECONDS: Final = 0.3
STANDSTILL_SECONDS: Final = 120.0


def answer_with_enter(
    command: Sequence[str | Path], *, environment: Mapping[str, str], directory: Path
) -> tuple[int, str]:
    """Run a command; return its exit code and all that stood on the terminal."""
    master, slave = pty.openpty()
    child = subprocess.Popen(  # noqa: S603
        [str(part) for part in command],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=dict(environment),
        cwd=directory,
        start_new_session=True,
    )
    os.close(slave)
    shown, quiet = b"", 0.0
    try:
        while quiet < STANDSTILL_SECONDS:
            if select.select([master], [], [], QUIET_SECONDS)[0]:
                try:
                    shown += os.read(master, 65536)
                except OSError:  # Linux's end of file: the child has closed the terminal
                    break
                quiet = 0.0
            elif QUESTION.search(shown):
                os.write(master, b"\n")
                quiet += QUIET_SECONDS
            else:
                quiet += QUIET_SECONDS
        else:
            child.kill()
        return child.wait(), shown.decode(errors="replace").replace("\r\n", "\n")
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        os.close(master)
