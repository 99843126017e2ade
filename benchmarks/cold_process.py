"""One cold start: the real runtime client, a function, and one event from a local Runtime API.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

VERSION: Final = "/2018-06-01/runtime/"
SECONDS: Final = 60
# Writes a byte for each file that Python opens; started instead of the runtime client.
COUNTING: Final = """
import os, runpy, sys
log = int(sys.argv.pop(1))
sys.addaudithook(lambda name, _: name == "open" and os.write(log, b"."))
sys.argv[0:1] = ["awslambdaric"]
runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True, slots=True)
class ColdStart:
    """CPU, user and system, in ms: of all, and whenever the function asked for an event."""

    cpu: float
    asked: tuple[float, ...]
    memory_mb: float

    @property
    def init(self) -> float:
        return self.asked[0]


@dataclass
class RuntimeApi:
    """Gives the events out one by one, and notes what CPU it took to ask for each."""

    events: Sequence[bytes]
    url: str = ""
    pid: int = 0
    memory_mb: float = 0.0
    answers: list[bytes] = field(default_factory=list)
    error: bytes = b""
    asked: list[float] = field(default_factory=list)
    done: Event = field(default_factory=Event)

    def next(self) -> bytes | None:
        self.asked.append(cpu_of(self.pid))
        if len(self.asked) <= len(self.events):
            return self.events[len(self.asked) - 1]
        self.memory_mb = peak_memory_of(self.pid)
        self.done.set()
        return None

    def told(self, path: str, body: bytes) -> None:
        if path.endswith("/response"):
            self.answers.append(body)
        else:
            self.error = body
            self.done.set()


def cpu_of(pid: int) -> float:
    """Return the milliseconds that the threads of a process have run for."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


def peak_memory_of(pid: int) -> float:
    """Return megabytes. What ``wait4`` tells includes the parent, from before ``exec``."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@contextmanager
def runtime_api(events: Sequence[Mapping[str, Any]]) -> Iterator[RuntimeApi]:
    api = RuntimeApi([json.dumps(event).encode() for event in events])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if (body := api.next()) is None:
                time.sleep(SECONDS)
                return
            self.send_response(200)
            # The client's C++ part reads both from every answer, and crashes without them.
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700")
            self.send_header(
                "Lambda-Runtime-Aws-Request-Id", "8e2c1a50-0000-4000-8000-000000000000"
            )
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 28_000))
            arn = "arn:aws:lambda:eu-west-1:123456789012:function:x"
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", arn)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()
            api.told(self.path, body)

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        api.url = f"127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield api
        server.shutdown()


def run(
    command: Sequence[str],
    *events: Mapping[str, Any],
    folder: Path,
    environment: Mapping[str, str],
    pass_fds: Sequence[int] = (),
) -> ColdStart:
    """Run a function for one event or several. Raises ``RuntimeError`` with its log if it fails."""
    log = folder.with_suffix(".log")
    with runtime_api(events) as api, log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, "AWS_LAMBDA_RUNTIME_API": api.url},
            stdout=output,
            stderr=output,
            pass_fds=pass_fds,
        )
        api.pid = process.pid
        for _ in range(SECONDS * 10):
            if api.done.wait(0.1) or process.poll() is not None:
                break
        process.kill()
        # Without a call of poll or wait before: only one of them is told of the end.
        _, _, used = os.wait4(process.pid, 0) if process.returncode is None else (0, 0, None)
        process.returncode = process.returncode or -9
    is_done = api.done.is_set() and len(api.answers) == len(events)
    if used is None or api.error or not (is_done and all(map(is_good, api.answers))):
        raise RuntimeError(f"{folder.name}: {api.error!r} {api.answers[-1:]!r}\n{log.read_text()}")
    cpu = (used.ru_utime + used.ru_stime) * 1000
    return ColdStart(cpu=cpu, asked=tuple(api.asked), memory_mb=api.memory_mb)


def is_good(answer: bytes) -> bool:
    """Tell whether a function did what it was asked to, and not only refused it."""
    reply = json.loads(answer or "null")
    refused = reply is None or reply.get("batchItemFailures") or not reply.get("isAuthorized", True)
    refused = refused or reply.get("missing_step")
    return not refused and int(reply.get("statusCode", 200)) < 300


def files_opened(
    python: str, event: Mapping[str, Any], *, folder: Path, environment: Mapping[str, str]
) -> int:
    """Return how many files and folders Python's code opens, itself included, in one cold start."""
    count = folder.with_suffix(".count")
    with count.open("wb") as log:
        command = [python, "-c", COUNTING, str(log.fileno()), "app.lambda_handler"]
        run(command, event, folder=folder, environment=environment, pass_fds=[log.fileno()])
    return count.stat().st_size
