"""The process ``ringback``: what it ends with, and that it ends at once."""

import os
import sys
from contextlib import suppress

INTERRUPTED = 130


def open_streams() -> None:
    """Open what whoever starts the command has closed, and print characters of any encoding."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def run() -> None:
    """Run the command line and end the process.

    Threads that still wait for an answer are not waited for: what they post again has the same
    key, and what they download is continued.
    """
    open_streams()
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
