"""Function processes of the local AWS that are forked look like those that are started."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from local.forked_functions import LAYERS, ForkedProcess, ForkingSubprocess

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="Linux only")


@pytest.fixture
def forking() -> Iterator[ForkingSubprocess]:
    with closing(ForkingSubprocess()) as forking:
        yield forking


@contextmanager
def started(forking: ForkingSubprocess, folder: Path, script: str) -> Iterator[ForkedProcess]:
    (folder / "layer/python").mkdir(parents=True, exist_ok=True)
    (folder / "script.py").write_text(script)
    process = forking.Popen(
        [sys.executable, str(folder / "script.py")],
        cwd=str(folder),
        env={LAYERS: str(folder / "layer"), "COLOUR": "green"},
    )
    assert isinstance(process, ForkedProcess)
    with process.stdin, process.stdout, process.stderr:
        yield process


def test_it_has_its_own_environment_folder_and_streams(
    forking: ForkingSubprocess, tmp_path: Path
) -> None:
    ask = "import os, sys; line = input(); print(line, dict(os.environ), os.getcwd(), sys.path[0])"
    given = {LAYERS: str(tmp_path / "layer"), "COLOUR": "green"}
    with started(forking, tmp_path, ask) as first, started(forking, tmp_path, ask) as second:
        second.stdin.write("two\n")
        first.stdin.write("one\n")
        assert first.stdout.readline() == f"one {given} {tmp_path} {tmp_path}\n"
        assert second.stdout.readline() == f"two {given} {tmp_path} {tmp_path}\n"
        assert first.wait(timeout=60) == second.wait(timeout=60) == 0
        assert first.pid != second.pid


def test_an_error_shows_on_its_stderr(forking: ForkingSubprocess, tmp_path: Path) -> None:
    with started(forking, tmp_path, "raise ValueError('no such kite')") as failed:
        assert failed.stderr.read().endswith("ValueError: no such kite\n")
        failed.wait(timeout=60)


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_it_can_be_ended(forking: ForkingSubprocess, tmp_path: Path, end: str) -> None:
    with started(forking, tmp_path, "print('here', flush=True); input()") as process:
        assert process.stdout.readline() == "here\n"
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.01)
        getattr(process, end)()
        process.wait(timeout=60)
        assert process.poll() is not None
        getattr(process, end)()  # once more does nothing


def test_what_has_no_layers_is_started_as_usual(forking: ForkingSubprocess, tmp_path: Path) -> None:
    usual = forking.Popen([sys.executable, "-c", ""], cwd=tmp_path, env={})
    assert isinstance(usual, subprocess.Popen)
    assert usual.wait() == 0
