"""The local AWS: ministack, in an environment of its own and with an environment of its own."""

from pathlib import Path
from typing import Final

import httpx

from local.interrupts import Interrupts
from local.paths import EMULATOR_PYTHON
from local.ports import LOOPBACK
from local.processes import Process

REGION: Final = "eu-west-1"
READY_SECONDS = 30.0


def start_emulator(process: Process, *, port: int, private: Path) -> None:
    """Start it without waiting.

    Nothing of the caller's environment is passed on: the functions' processes inherit what the
    emulator has, and it would listen on every interface if ``BIND_HOST`` were lost.
    """
    process.start(
        directory=private,
        environment={
            "PATH": "/usr/bin:/bin",
            "HOME": str(private),
            "TMPDIR": str(private),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "BIND_HOST": LOOPBACK,
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": "localhost",
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "0",
            "AWS_ENDPOINT_URL": endpoint_url(port),
            "AWS_EC2_METADATA_DISABLED": "true",
            # Each function gets its own role's credentials, and the role's policies hold.
            "AUTH": "true",
        },
    )


def emulator_process(log: Path, interrupts: Interrupts) -> Process:
    command = (str(EMULATOR_PYTHON), "-m", "ministack")
    return Process("The local AWS", command, log=log, interrupts=interrupts)


def endpoint_url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def is_healthy(port: int) -> bool:
    try:
        answer = httpx.get(f"{endpoint_url(port)}/_ministack/health", trust_env=False, timeout=2)
    except httpx.TransportError:
        return False
    return answer.is_success
