"""Child processes and ports of the local stack, with real ones."""

import socket
import sys
from pathlib import Path

import pytest

from local import processes, run
from local.interrupts import Interrupts
from local.ports import free_ports
from local.processes import Process
from tests.support.child_processes import processes_in


def test_a_taken_port_gives_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        port = squatter.getsockname()[1]
        monkeypatch.setenv("RINGBACK_AWS_PORT", str(port))
        monkeypatch.setenv("RINGBACK_SIMULATOR_PORT", str(free_ports().simulator))
        assert run.main([]) == 1
    said = capsys.readouterr()
    assert (said.out + said.err).splitlines() == [
        f"Port {port} is taken. Stop what uses it, or choose another: "
        f"RINGBACK_AWS_PORT={port + 100} make run"
    ]


def test_a_process_that_ends_at_once_shows_its_last_lines(tmp_path: Path) -> None:
    script = "print('the reason'); raise SystemExit(3)"
    process = Process(
        "The server",
        [sys.executable, "-c", script],
        log=tmp_path / "server.log",
        interrupts=Interrupts(),
    )
    process.start(environment={}, directory=tmp_path)
    try:
        with pytest.raises(Exception, match=r"(?s)The server ended at once.*the reason"):
            process.wait_until(lambda: False, seconds=10)
    finally:
        process.stop()


def test_a_process_is_stopped_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when both ignore SIGTERM."""
    monkeypatch.setattr(processes, "TERMINATE_SECONDS", 0.2)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    script = (
        deaf
        + "import subprocess, sys; "
        + f"subprocess.Popen([sys.executable, '-c', {(deaf + 'time.sleep(60)')!r}]); "
        + "print('started', flush=True); time.sleep(60)"
    )
    log = tmp_path / "parent.log"
    process = Process("Parent", [sys.executable, "-c", script], log=log, interrupts=Interrupts())
    process.start(environment={"TMPDIR": str(tmp_path)}, directory=tmp_path)
    process.wait_until(lambda: "started" in log.read_text(), seconds=10)
    assert len(processes_in(tmp_path)) == 2
    process.stop()
    assert processes_in(tmp_path) == []
