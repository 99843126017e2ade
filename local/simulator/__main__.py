"""Runs the simulator until SIGINT or SIGTERM: ``python -m local.simulator``."""

import argparse
import errno
import signal
import sys
from collections.abc import Sequence
from dataclasses import fields
from threading import Event
from typing import Any

from local.simulator.faults import fault_lines
from local.simulator.settings import Settings
from local.simulator.simulator import Simulator


def read_arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local.simulator",
        description="Simulates the image providers on 127.0.0.1, with faults on command.",
    )
    parser.add_argument("--faults", action="store_true", help="list the faults and exit")
    parser.add_argument("--port", type=int, default=4567, help="0 chooses a free one")
    parser.add_argument("--kie-api-key", help="the key clients must send")
    parser.add_argument(
        "--kie-hmac-key", default="", help="signs callbacks; without it they are unsigned"
    )
    parser.add_argument(
        "--kie-any-model", action="store_true", help="accept unknown models as well"
    )
    parser.add_argument("--chanjing-app-id", default="", help="without it no token is issued")
    parser.add_argument("--chanjing-secret-key", default="")
    parser.add_argument(
        "--chanjing-create-limit", type=int, default=20, help="creates per 10 seconds"
    )
    parser.add_argument("--chanjing-token-seconds", type=_from_zero, default=86_400.0)
    parser.add_argument("--generate-seconds", type=_from_zero, default=1.0)
    parser.add_argument(
        "--image-seconds", type=_from_zero, default=0.0, help="until a download is answered"
    )
    parser.add_argument("--link-seconds", type=_from_zero, default=1200.0)
    parser.add_argument("--credits", type=_from_zero, default=10_000.0)
    parser.add_argument("--create-limit", type=int, default=20, help="creates per 10 seconds")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random faults")
    parser.add_argument("--verbose", action="store_true", help="print one line per event")
    given = parser.parse_args(words)
    if not given.faults and not given.kie_api_key:
        parser.error("--kie-api-key is required")
    return given


def settings_from(given: argparse.Namespace) -> Settings:
    known = {field.name for field in fields(Settings)}
    return Settings(**{name: value for name, value in vars(given).items() if name in known})


def main(words: Sequence[str] | None = None) -> int:
    given = read_arguments(sys.argv[1:] if words is None else words)
    if given.faults:
        print("\n".join(fault_lines()))
        return 0
    stop_requested = Event()
    _on_signals(stop_requested)
    try:
        simulator = Simulator(settings_from(given)).start()
    except (OSError, OverflowError) as error:
        print(f"simulator: {_why_not(error, given.port)}", file=sys.stderr)
        return 1
    print(f"simulator: listening on {simulator.url}", flush=True)
    stop_requested.wait()
    simulator.stop()
    return 0


def _on_signals(stop_requested: Event) -> None:
    def stop(number: int, frame: Any) -> None:
        stop_requested.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _why_not(error: Exception, port: int) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"port {port} of 127.0.0.1 is in use; choose another with --port"
    return f"cannot listen on port {port} of 127.0.0.1: {error}"


def _from_zero(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError("must be a number of at least 0")
    return number


if __name__ == "__main__":
    sys.exit(main())
