"""`make run` comes up, and however it is stopped it leaves nothing behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.paths import ROOT
from local.ports import Ports, free_ports, is_taken
from local.waiting import wait_for
from tests.support.child_processes import processes_in

# What a developer may have set, and what must not reach a process of ours.
FOREIGN = {
    "AWS_PROFILE": "unknown",
    "AWS_DEFAULT_REGION": "us-east-1",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "PIP_USER": "1",
    "PYTHONWARNINGS": "error",
}


@dataclass(frozen=True)
class Run:
    """``folder`` has its temporary files, by which its processes are known."""

    process: subprocess.Popen[bytes]
    ports: Ports
    folder: Path
    output: Path

    @property
    def text(self) -> str:
        return self.output.read_text()

    def wait_for_text(self, text: str) -> None:
        wait_for(
            lambda: (self.process.poll(), self.text),
            lambda seen: seen[0] is not None or text in seen[1],
            what=repr(text),
        )
        assert text in self.text

    def stop(self, number: int) -> int:
        self.process.send_signal(number)
        return wait_for(self.process.poll, lambda code: code is not None, what="its end") or 0

    def assert_nothing_is_left(self) -> None:
        wait_for(lambda: processes_in(self.folder), lambda left: not left, what="their end")
        assert not is_taken(self.ports.aws)
        assert not is_taken(self.ports.simulator)
        wait_for(lambda: [*self.folder.iterdir()], lambda left: not left, what="their removal")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with running(tmp_path) as run:
        yield run


@contextmanager
def running(tmp_path: Path) -> Iterator[Run]:
    ports, folder, output = free_ports(), tmp_path / "temporary files", tmp_path / "output"
    folder.mkdir()
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.run"],
            cwd=ROOT,
            env={
                **os.environ,
                **FOREIGN,
                "RINGBACK_AWS_PORT": str(ports.aws),
                "RINGBACK_SIMULATOR_PORT": str(ports.simulator),
                "TMPDIR": str(folder),
                "MAKELEVEL": "1",  # it ends with these tests, as with make
            },
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Run(process, ports, folder, output)
    finally:
        process.terminate()
        process.wait()


def printed_commands(text: str) -> list[str]:
    _, _, commands = text.partition("Commands to try")
    return re.findall(r"^ {4}(\S.*)$", commands, re.MULTILINE)


def test_what_it_prints_can_be_pasted_and_ctrl_c_leaves_nothing(run: Run, tmp_path: Path) -> None:
    run.wait_for_text("The stack runs until Ctrl-C")
    run.wait_for_text("[simulate: no_callback]")
    assert is_taken(run.ports.aws)
    assert is_taken(run.ports.simulator)
    assert processes_in(run.folder)
    commands = printed_commands(run.text)
    assert len(commands) == 7
    replies = []
    for command in commands:
        done = subprocess.run(  # noqa: S603 what a person would paste
            ["bash", "-o", "pipefail", "-c", command],  # noqa: S607 whichever bash it is
            cwd=tmp_path,
            env={**os.environ, **FOREIGN},
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b""), command
        replies.append(done.stdout.decode() or "{}")
    assert "succeeded" in replies.pop(0)
    posted, all_jobs, of_sheet, estimate, _, faults = map(json.loads, replies)
    assert posted["status"] == "accepted"
    assert posted["job_id"] in {job["job_id"] for job in all_jobs["jobs"]}
    assert [job["row"] for job in of_sheet["jobs"]] == [3, 1]
    assert estimate["dry_run"] is True
    assert "no_callback" in faults["known"]
    # Of any of the formats that the simulator cycles through.
    image = (tmp_path / "newest-image").read_bytes()
    assert image.startswith((b"\x89PNG", b"\xff\xd8\xff\xe0", b"RIFF"))
    assert run.stop(signal.SIGINT) == 0
    assert run.text.strip().endswith(
        "Stopped: no process is left running, and both ports are free."
    )
    assert "Traceback" not in run.text
    run.assert_nothing_is_left()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_during_the_start_leaves_nothing(run: Run, number: int) -> None:
    run.wait_for_text("building template.yaml")
    time.sleep(0.5)
    assert run.stop(number) == (-number if number == signal.SIGKILL else 0)
    assert "Traceback" not in run.text
    run.assert_nothing_is_left()
