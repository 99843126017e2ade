"""Finds the processes that a test has started, by their environment."""

import os
from pathlib import Path

import pytest


def processes_in(folder: Path) -> list[int]:
    """Return every other live process whose environment contains ``folder``. Linux only."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("needs /proc")
    return [pid for pid in other_processes() if str(folder) in environment_of(pid)]


def other_processes() -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if pid != os.getpid()]


def environment_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/environ").read_text(errors="replace")
    except OSError:
        return ""  # it has ended, or belongs to another user


def folder_of(pid: int) -> str:
    """Return its working directory."""
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return ""
