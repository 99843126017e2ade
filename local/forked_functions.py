"""Lets the local AWS fork the processes of functions, where the system is able to.

Importing botocore, httpx and pydantic is two thirds of what a process costs before its first event.
"""

import json
import os
import selectors
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL, SIGTERM, pidfd_send_signal
from threading import Lock
from typing import Any

SERVER = Path(__file__).with_name("fork_server.py")
# What the emulator tells a function's process.
LAYERS = "_LAMBDA_LAYERS_DIRS"


class ForkedProcess:
    """As much of ``subprocess.Popen`` as the emulator uses, for a child of another process.

    Its exit code is not known.
    """

    def __init__(self, pid: int, descriptor: int, streams: Sequence[int]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._descriptor = descriptor
        self.stdin, self.stdout, self.stderr = (
            os.fdopen(end, mode, buffering=1, encoding="utf-8")
            for end, mode in zip(streams, ("w", "r", "r"), strict=True)
        )

    def poll(self) -> int | None:
        try:
            self.wait(timeout=0)
        except subprocess.TimeoutExpired:
            return None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            with selectors.DefaultSelector() as ended:
                ended.register(self._descriptor, selectors.EVENT_READ)
                if not ended.select(timeout):
                    raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self.returncode = 0
        return self.returncode

    def terminate(self) -> None:
        self._send(SIGTERM)

    def kill(self) -> None:
        self._send(SIGKILL)

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError):
            pidfd_send_signal(self._descriptor, number)

    def __del__(self) -> None:
        os.close(self._descriptor)


class ForkServer:
    """A running ``fork_server.py`` that has imported from these folders."""

    def __init__(self, folders: Sequence[str]) -> None:
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = Lock()
        with other:
            command = [sys.executable, "-P", str(SERVER), str(other.fileno()), *folders]
            self._process = subprocess.Popen(command, pass_fds=[other.fileno()])

    def start(self, script: str, *, folder: str, environment: Mapping[str, str]) -> ForkedProcess:
        message = {"script": script, "folder": folder, "environment": dict(environment)}
        (stdin, to_stdin), (from_stdout, stdout), (from_stderr, stderr) = (
            os.pipe() for _ in range(3)
        )
        try:
            with self._lock:
                theirs = [stdin, stdout, stderr]
                socket.send_fds(self._socket, [json.dumps(message).encode()], theirs)
                pid, [descriptor], _, _ = socket.recv_fds(self._socket, 32, 1)
        finally:
            for end in (stdin, stdout, stderr):
                os.close(end)
        return ForkedProcess(int(pid), descriptor, [to_stdin, from_stdout, from_stderr])

    def close(self) -> None:
        self._socket.close()
        self._process.wait()


class ForkingSubprocess:
    """Stands in for the module ``subprocess``, where the emulator starts functions with it."""

    def __init__(self) -> None:
        self._servers: dict[str, ForkServer] = {}
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def Popen(self, command: Sequence[str], **options: Any) -> Any:  # noqa: N802
        layers = options.get("env", {}).get(LAYERS)
        if command[0] != sys.executable or not layers:
            return subprocess.Popen(command, **options)
        # The same layers are links to the same folders.
        folders = [os.path.realpath(f"{layer}/python") for layer in layers.split(os.pathsep)]
        return self._server(folders).start(
            command[1], folder=options["cwd"], environment=options["env"]
        )

    def close(self) -> None:
        for server in self._servers.values():
            server.close()

    def _server(self, folders: Sequence[str]) -> ForkServer:
        with self._lock:
            key = os.pathsep.join(folders)
            if key not in self._servers:
                self._servers[key] = ForkServer(folders)
            return self._servers[key]


def fork_functions() -> None:
    """Patch the emulator, which this process is about to run."""
    from ministack.core import lambda_runtime  # type: ignore[import-not-found]

    if hasattr(os, "pidfd_open"):
        lambda_runtime.subprocess = ForkingSubprocess()
