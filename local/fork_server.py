"""Forks function processes from one that has imported the packages of a layer already.

Run by the emulator's Python: ``fork_server.py SOCKET FOLDER...``, with the file descriptor of a
socket and the folders to import from. For each message it answers with a process that runs a
script. It ends when the socket is closed.
"""

import json
import os
import runpy
import signal
import socket
import sys
from pathlib import Path

PACKAGES = ("botocore.session", "httpx", "pydantic", "aws_lambda_powertools.logging")
MAX_MESSAGE = 1 << 20


def import_packages() -> None:
    for name in PACKAGES:
        try:
            __import__(name)
        except ImportError:
            continue
    if botocore := sys.modules.get("botocore.session"):
        # What they import at their first use; nothing is sent.
        botocore.Session().create_client("sqs", region_name="eu-west-1")
    if pydantic := sys.modules.get("pydantic"):
        pydantic.create_model("First")


def serve(requests: socket.socket) -> None:
    # The kernel collects the processes; who asked for one has a descriptor of it.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, streams, _, _ = socket.recv_fds(requests, MAX_MESSAGE, 3)
        if not message:
            return
        pid = os.fork()
        if pid == 0:
            requests.close()
            run(json.loads(message), streams)
            return
        process = os.pidfd_open(pid)
        socket.send_fds(requests, [str(pid).encode()], [process])
        for descriptor in (*streams, process):
            os.close(descriptor)


def run(message: dict[str, object], streams: list[int]) -> None:
    """Become the process: its streams, folder, environment and arguments; then run its script."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for standard, descriptor in enumerate(streams):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    os.chdir(str(message["folder"]))
    os.environ.clear()
    os.environ.update(message["environment"])  # type: ignore[call-overload]
    script = str(message["script"])
    sys.argv[:] = [script]
    sys.path.insert(0, str(Path(script).parent))
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    given, *folders = sys.argv[1:]
    sys.path[:0] = folders
    import_packages()
    del sys.path[: len(folders)]
    serve(socket.socket(fileno=int(given)))
