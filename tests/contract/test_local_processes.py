"""Child processes and ports of the local stack, with real ones."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local import run
from local.interrupts import Interrupts
from local.paths import ROOT
from local.ports import free_ports
from local.processes import Process
from local.waiting import wait_for
from tests.support.child_processes import processes_in


def test_a_port_in_use_gives_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        port = squatter.getsockname()[1]
        monkeypatch.setenv("RINGBACK_AWS_PORT", str(port))
        monkeypatch.setenv("RINGBACK_SIMULATOR_PORT", str(free_ports().simulator))
        assert run.main([]) == 1
    said = capsys.readouterr()
    assert (said.out + said.err).splitlines() == [
        f"Port {port} is in use. Stop the program that uses it or choose another: "
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
            process.wait_until(lambda: False)
    finally:
        process.stop()


def test_a_process_is_stopped_with_what_it_started(tmp_path: Path) -> None:
    """Also when both ignore SIGTERM."""
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
    process.wait_until(lambda: "started" in log.read_text())
    assert len(processes_in(tmp_path)) == 3  # with its guard
    process.stop()
    assert processes_in(tmp_path) == []


PARENT = """
import sys, time
from pathlib import Path
from local.interrupts import Interrupts
from local.processes import Process

folder = Path(sys.argv[1])
child = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', sys.argv[1]]); "
child += "print('started', flush=True); time.sleep(600)"
command = [sys.executable, "-c", child, "import time; time.sleep(600)"]
log = folder / "child.log"
process = Process("Child", command, log=log, interrupts=Interrupts(), folder=folder / "private")
process.start(environment={"TMPDIR": str(folder)}, directory=folder)
process.wait_until(lambda: "started" in log.read_text())
print("started", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_a_parent_that_is_killed(tmp_path: Path, number: int) -> None:
    (tmp_path / "private").mkdir()
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as parent:  # noqa: S603 ours
        assert parent.stdout
        assert parent.stdout.readline() == b"started\n"
        assert len(processes_in(tmp_path)) == 3
        parent.send_signal(number)
    wait_for(lambda: processes_in(tmp_path), lambda left: not left, what="the processes to end")
    wait_for(lambda: (tmp_path / "private").exists(), lambda there: not there, what="its removal")


def test_a_process_that_make_started_ends_with_it(tmp_path: Path) -> None:
    """``kill -9`` of make says nothing to what it has started."""
    (tmp_path / "child.py").write_text(
        "import time\nfrom local.parent import end_with_make\n"
        "end_with_make()\nprint('started', flush=True)\ntime.sleep(600)\n"
    )
    (tmp_path / "Makefile").write_text(
        f"run:\n\t@PYTHONPATH='{ROOT}' exec '{sys.executable}' child.py\n"
    )
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        ["make", "run"],  # noqa: S607 whichever make it is
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
    ) as make:
        assert make.stdout
        assert make.stdout.readline() == b"started\n"
        make.kill()
    wait_for(lambda: processes_in(tmp_path), lambda left: not left, what="the process to end")
