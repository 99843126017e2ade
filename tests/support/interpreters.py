"""Runs Python with the packages of one folder, as a function has those of its layers."""

import subprocess
import sys
from pathlib import Path


def printed_by(*arguments: str | Path, packages: str | Path, cwd: Path | None = None) -> str:
    """Return what Python prints with these arguments. What it says if it fails fails the test."""
    done = subprocess.run(  # noqa: S603 Python itself
        [sys.executable, *arguments],
        cwd=cwd,
        env={"PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
