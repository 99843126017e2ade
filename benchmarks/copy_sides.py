"""The two sides of the comparison, Ringback and curl, between the same servers."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.copy_worker import HOST
from local.certificate import write_certificate

ADDRESS = "127.0.0.1"
NO_AWS = {
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "*",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Seconds of CPU and of wall time, and the peak memory in KiB."""

    cpu: float
    wall: float
    peak_kb: int = 0


@dataclass(frozen=True, slots=True)
class Worker:
    """A warm process, like a Lambda container that is invoked again."""

    process: "subprocess.Popen[str]"

    def copy(self, path: str, *, images: int = 1, at_once: int = 1) -> Used:
        task = json.dumps({"path": path, "images": images, "at_once": at_once})
        print(task, file=self.process.stdin, flush=True)
        return Used(**json.loads(line_of(self.process)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    pem: Path
    source_port: int
    sink_port: int

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        settings = NO_AWS | {
            "AWS_ENDPOINT_URL_S3": f"https://{ADDRESS}:{self.sink_port}",
            "AWS_CA_BUNDLE": str(self.pem),
        }
        with child("copy_worker", str(self.source_port), str(self.pem), settings=settings) as one:
            worker = Worker(one)
            worker.copy("/1")
            yield worker

    def curl(self, path: str) -> Used:
        """Measure two processes and a pipe, from the start of the first to the end of the last."""
        usual = ["curl", "-q", "-sSf", "-m", "60", "--noproxy", "*", "--cacert", str(self.pem)]
        there = ["--connect-to", f"{HOST}:443:{ADDRESS}:{self.source_port}"]
        get = [*usual, *there, f"https://{HOST}{path}"]
        put = [*usual, "-T", "-", f"https://{ADDRESS}:{self.sink_port}/images/1.png"]
        began, before = time.perf_counter(), cpu_of_ended_children()
        with subprocess.Popen(get, stdout=subprocess.PIPE) as source:
            subprocess.run(put, stdin=source.stdout, stdout=subprocess.DEVNULL, check=True)
        if source.returncode:
            raise subprocess.CalledProcessError(source.returncode, get)
        return Used(wall=time.perf_counter() - began, cpu=cpu_of_ended_children() - before)


@contextmanager
def a_bench() -> Iterator[Bench]:
    with ExitStack() as stack:
        pem = Path(stack.enter_context(TemporaryDirectory())) / "loopback.pem"
        write_certificate(pem, host=HOST, address=ADDRESS)
        ports = [
            int(line_of(stack.enter_context(child("copy_servers", role, str(pem)))))
            for role in ("source", "sink")
        ]
        yield Bench(pem=pem, source_port=ports[0], sink_port=ports[1])


@contextmanager
def child(
    module: str, *words: str, settings: Mapping[str, str] = NO_AWS
) -> Iterator["subprocess.Popen[str]"]:
    """Run a module of this package; it ends with its stdin, should this process be killed."""
    with subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{module}", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **settings},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: "subprocess.Popen[str]") -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise SystemExit(f"{process.args!r} ended")
    return line


def cpu_of_ended_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
