"""`make run` comes up, and however it is stopped it leaves nothing behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.paths import ROOT
from local.ports import Ports, free_ports, is_taken
from tests.support.child_processes import processes_in

SECONDS_TO_START = 120
SECONDS_TO_STOP = 30


def test_ctrl_c_leaves_no_process_port_or_file(tmp_path: Path) -> None:
    ports = free_ports()
    with running(ports, tmp_path) as run:
        read_until(run, "Everything stays up")
        assert is_taken(ports.aws)
        assert is_taken(ports.simulator)
        assert processes_in(tmp_path)
        run.send_signal(signal.SIGINT)
        rest, _ = run.communicate(timeout=SECONDS_TO_STOP)
    assert run.returncode == 0
    assert rest.strip().endswith("Stopped. No process and no port is left behind.")
    assert "Traceback" not in rest
    assert not is_taken(ports.aws)
    assert not is_taken(ports.simulator)
    assert processes_in(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_sigterm_during_the_start_leaves_nothing_either(tmp_path: Path) -> None:
    ports = free_ports()
    with running(ports, tmp_path) as run:
        read_until(run, "building template.yaml")
        time.sleep(0.5)
        run.send_signal(signal.SIGTERM)
        rest, _ = run.communicate(timeout=SECONDS_TO_STOP)
    assert run.returncode == 0
    assert "Traceback" not in rest
    assert not is_taken(ports.aws)
    assert not is_taken(ports.simulator)
    assert processes_in(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@contextmanager
def running(ports: Ports, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run ``local.run`` with its temporary files in ``folder``, by which its children are known."""
    run = subprocess.Popen(
        [sys.executable, "-m", "local.run"],
        cwd=ROOT,
        env={
            **os.environ,
            "RINGBACK_AWS_PORT": str(ports.aws),
            "RINGBACK_SIMULATOR_PORT": str(ports.simulator),
            "TMPDIR": str(folder),
            "PYTHONUNBUFFERED": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=1,
    )
    try:
        yield run
    finally:
        run.terminate()
        run.communicate(timeout=SECONDS_TO_STOP)


def read_until(run: subprocess.Popen[str], text: str) -> None:
    assert run.stdout
    watchdog = threading.Timer(SECONDS_TO_START, run.terminate)
    watchdog.start()
    said: list[str] = []
    for line in run.stdout:
        said.append(line)
        if text in line:
            watchdog.cancel()
            return
    pytest.fail(f"never said {text!r}, but: " + "".join(said))
