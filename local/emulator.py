"""The local AWS: ministack, in a virtual environment of its own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx

from local.environment import own_environment
from local.interrupts import Interrupts
from local.paths import EMULATOR_PYTHON, ROOT
from local.ports import LOOPBACK
from local.processes import Process

REGION: Final = "eu-west-1"


def start_emulator(
    process: Process, *, port: int, private: Path, concurrency: int | None = None
) -> None:
    """Start it without waiting. The functions' processes inherit its environment.

    ``concurrency`` is the account's: how many functions run at a time. Without it, it depends on
    the machine's memory.
    """
    limit = {"LAMBDA_ACCOUNT_CONCURRENCY": str(concurrency)} if concurrency else {}
    process.start(
        directory=private,
        environment=own_environment(private)
        | limit
        | {
            # Without it the emulator listens on every interface.
            "BIND_HOST": LOOPBACK,
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": "localhost",
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "0",
            "AWS_ENDPOINT_URL": endpoint_url(port),
            "AWS_EC2_METADATA_DISABLED": "true",
            # Each function gets its own role's credentials, and the role's policies are enforced.
            "AUTH": "true",
        },
    )


def emulator_process(
    private: Path, interrupts: Interrupts, *, through: Sequence[Path] = ()
) -> Process:
    """Return it unstarted; ``through`` are scripts that change it and then run their argument."""
    # -P keeps the script's folder out of the import path.
    command: list[str | Path] = [EMULATOR_PYTHON, "-P", *through, ROOT / "local/run_emulator.py"]
    return Process(
        "The local AWS",
        command,
        log=private / "aws.log",
        interrupts=interrupts,
        folder=private,
    )


def endpoint_url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def is_healthy(port: int) -> bool:
    try:
        answer = httpx.get(f"{endpoint_url(port)}/_ministack/health", trust_env=False, timeout=2)
    except httpx.TransportError:
        return False
    return answer.is_success
