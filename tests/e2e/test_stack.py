"""The local stack itself: it comes up, refuses strangers, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from local import processes, smoke
from local.deployment import Deployment, administrator
from local.interrupts import Interrupts
from local.jobs_api import JobsApi
from local.locks import mistakes_in
from local.paths import ROOT
from local.plain_http import refuses_plain_http
from local.ports import Ports, free_ports, is_taken
from local.processes import Process

SECONDS_TO_START = 120
SECONDS_TO_STOP = 30


def test_a_stranger_is_refused(deployment: Deployment) -> None:
    url = f"{deployment.jobs_api_url}/jobs"
    without_key = httpx.get(url, trust_env=False, timeout=30)
    with_wrong_key = httpx.get(
        url, headers={"Authorization": "Bearer wrong"}, trust_env=False, timeout=30
    )
    assert (without_key.status_code, with_wrong_key.status_code) == (401, 403)


def test_a_client_is_let_in(jobs_api: JobsApi) -> None:
    answer = jobs_api.client.get(f"{jobs_api.url}/jobs")
    assert answer.status_code == 200
    assert set(answer.json()) == {"jobs", "cursor"}


def test_keys_do_not_show_in_a_failing_test(deployment: Deployment) -> None:
    shown = repr(deployment)
    for key in (deployment.client_key, deployment.kie_api_key, deployment.kie_hmac_key):
        assert key not in shown


def test_the_functions_know_the_callback_api(deployment: Deployment) -> None:
    functions = administrator().client("lambda", endpoint_url=deployment.endpoint_url)
    told = {
        variables["CALLBACK_BASE_URL"]
        for function in functions.list_functions()["Functions"]
        if "CALLBACK_BASE_URL" in (variables := function["Environment"]["Variables"])
    }
    assert told == {deployment.callback_api_url}


def test_smoke_sends_one_job_through(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RINGBACK_API_URL", deployment.jobs_api_url)
    monkeypatch.setenv("RINGBACK_KEY", deployment.client_key)
    assert smoke.main(["--yes", "--seconds", "60"]) == 0
    shown = capsys.readouterr().out
    assert "1024 x 1024" in shown
    assert "Credits spent: 5." in shown


def test_smoke_sends_nothing_unless_told(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = f"{deployment.simulator_url}/_simulator/tasks"
    before = httpx.get(tasks, trust_env=False).json()
    monkeypatch.setenv("RINGBACK_API_URL", deployment.jobs_api_url)
    monkeypatch.setenv("RINGBACK_KEY", deployment.client_key)
    monkeypatch.setattr("builtins.input", lambda _question: "")
    assert smoke.main([]) == 1
    assert "5 credits" in capsys.readouterr().out
    assert httpx.get(tasks, trust_env=False).json() == before


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


def test_a_taken_port_gives_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        port = squatter.getsockname()[1]
        ports = Ports(aws=port, simulator=free_ports().simulator)
        with running(ports, tmp_path) as run:
            said, _ = run.communicate(timeout=SECONDS_TO_STOP)
    assert run.returncode == 1
    assert said.splitlines() == [
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


def test_only_the_rule_against_plain_http_is_lifted() -> None:
    tls_only = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    assert refuses_plain_http(tls_only)
    assert not refuses_plain_http({**tls_only, "Effect": "Allow"})
    assert not refuses_plain_http({**tls_only, "Condition": {}})


@pytest.mark.parametrize(
    ("lock", "mistake"),
    [
        ("", "httpx~=0.28 is not locked"),
        ("httpx==0.27.0 \\\n    --hash=sha256:00", "does not allow the locked 0.27.0"),
        ("httpx==0.28.1", "httpx==0.28.1 has no hash"),
        ("--index-url https://x.invalid\nhttpx==0.28.1 --hash=sha256:00", "names an index"),
        ("httpx==0.28.1 ; python_version < '4' \\\n    --hash=sha256:00", None),
    ],
)
def test_a_stale_lock_is_noticed(lock: str, mistake: str | None) -> None:
    found = list(mistakes_in(lock, ["httpx~=0.28"]))
    assert found == [] if mistake is None else any(mistake in line for line in found)


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


def processes_in(folder: Path) -> list[int]:
    """Return every other process whose environment names ``folder``; Linux tells them all."""
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
        return ""  # it ended meanwhile, or is another user's
