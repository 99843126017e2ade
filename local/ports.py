"""Ports on loopback."""

import os
import socket
from contextlib import ExitStack
from dataclasses import dataclass

from local.failures import LocalFailure

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The ports that a stack listens on."""

    aws: int = 4566
    simulator: int = 4567

    def require_free(self) -> None:
        """Raise ``LocalFailure`` if a port is taken, naming the setting that changes it."""
        if self.aws == self.simulator:
            raise LocalFailure(f"Two servers cannot share port {self.aws}.")
        for port, setting in (
            (self.aws, "RINGBACK_AWS_PORT"),
            (self.simulator, "RINGBACK_SIMULATOR_PORT"),
        ):
            if is_taken(port):
                raise LocalFailure(
                    f"Port {port} is in use. Stop the program that uses it or choose another: "
                    f"{setting}={port + 100} make run"
                )


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return True
    return False


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def free_ports() -> Ports:
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(2)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        aws, simulator = (probe.getsockname()[1] for probe in probes)
    return Ports(aws=aws, simulator=simulator)


def ports_from_environment() -> Ports:
    default = Ports()
    try:
        return Ports(
            aws=int(os.environ.get("RINGBACK_AWS_PORT", default.aws)),
            simulator=int(os.environ.get("RINGBACK_SIMULATOR_PORT", default.simulator)),
        )
    except ValueError as error:
        raise LocalFailure(f"RINGBACK_AWS_PORT, RINGBACK_SIMULATOR_PORT: {error}") from error
