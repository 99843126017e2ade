"""The process ``ringback``: what it ends with, and that it ends at once."""

import os
import sys
from contextlib import suppress

INTERRUPTED = 130


def run() -> None:
    """Run the command line and end the process.

    Threads that still wait for an answer are not waited for: what they post again has the same
    key, and what they download is continued.
    """
    for stream in (sys.stdout, sys.stderr):
        # A prompt may have characters that the terminal's encoding has not.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    code: object = INTERRUPTED
    with suppress(KeyboardInterrupt):
        try:
            from ringback_cli.main import main

            main()
        except SystemExit as end:
            code = end.code
    with suppress(OSError):  # who reads may have gone
        sys.stderr.flush()
        sys.stdout.flush()
    os._exit(code if isinstance(code, int) else 0)
