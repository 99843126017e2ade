"""What a cold start costs: every function beside an empty one and beside the usual heavy stack.

Each process runs alone. Of each round's processes, in random order, the CPU is compared with that
of the round's empty handler: the load of a shared machine changes both.
"""

import os
import random
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.aws_over_tls import aws_over_tls
from benchmarks.cold_events import EVENTS, accept_job
from benchmarks.cold_layers import (
    Folders,
    build,
    lambda_python,
    without_bytecode,
    zip_megabytes,
)
from benchmarks.cold_process import ColdStart, files_opened, run
from benchmarks.cold_world import World, a_world
from benchmarks.results import heading
from local.certificate import write_certificate
from tests.support.aws import REGION

EMPTY, USUAL = "empty", "usual"
ROUNDS: Final = int(os.environ.get("ROUNDS", "9"))
WITHOUT_BYTECODE: Final = max(ROUNDS // 2, 1)

Rounds = dict[str, list[ColdStart]]


def main() -> None:
    with TemporaryDirectory() as name:
        place = Path(name)
        certificate = place / "aws.pem"
        write_certificate(certificate, host="localhost", address="127.0.0.1")
        folders = build(place, lambda_python(), certificate=certificate)
        sizes = {name: zip_megabytes(folder) for name, folder in folders.layers.items()}
        with a_world() as world, aws_over_tls(certificate) as endpoint:
            bench = Bench(world, folders, endpoint)
            measured = bench.rounds(ROUNDS)
            files = {function: bench.files(function) for function in bench.names}
            without_bytecode(folders)
            compiling = bench.rounds(WITHOUT_BYTECODE)
        report(measured, compiling, files, sizes)


class Bench:
    def __init__(self, world: World, folders: Folders, endpoint: str) -> None:
        self.world, self.folders, self.endpoint = world, folders, endpoint
        self.names = [EMPTY, USUAL, *EVENTS]

    def rounds(self, number: int) -> Rounds:
        found: Rounds = defaultdict(list)
        for _ in range(number):
            for function in random.sample(self.names, len(self.names)):
                found[function].append(self.run(function))
        return found

    def run(self, function: str) -> ColdStart:
        event = EVENTS.get(function, accept_job)(self.world)
        command = [self.folders.python, "-m", "awslambdaric", "app.lambda_handler"]
        folder = self.folders.functions / function
        return run(command, event, folder=folder, environment=self.environment(function))

    def files(self, function: str) -> int:
        event = EVENTS.get(function, accept_job)(self.world)
        return files_opened(
            self.folders.python,
            event,
            folder=self.folders.functions / function,
            environment=self.environment(function),
        )

    def environment(self, function: str) -> Mapping[str, str]:
        """Return the variables that Lambda gives a function, and those of template.yaml."""
        folder = self.folders.functions / function
        settings = self.world.settings(function if function in EVENTS else "submit_job")
        if "LIVE_API_URL" in settings:
            settings["LIVE_API_URL"] = f"{self.endpoint}/live"
        return settings | {
            "PATH": "/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PYTHONPATH": self.folders.path_of(function),
            # Nothing that Lambda unpacks can be written to.
            "PYTHONDONTWRITEBYTECODE": "1",
            "LAMBDA_TASK_ROOT": str(folder),
            "_HANDLER": "app.lambda_handler",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_SESSION_TOKEN": "testing",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_LAMBDA_FUNCTION_NAME": function,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/27/[$LATEST]0",
            "POWERTOOLS_LOG_LEVEL": "INFO",
            "POWERTOOLS_LOGGER_LOG_EVENT": "false",
        }


def report(
    measured: Rounds, compiling: Rounds, files: Mapping[str, int], sizes: Mapping[str, float]
) -> None:
    print(heading("Cold starts: CPU, memory and files"))
    print(
        "| function | CPU, ms | x empty | of it INIT, ms | x usual | MB | x empty | files ", end=""
    )
    print("| without bytecode, x empty |\n|---|---|---|---|---|---|---|---|---|")
    for function in [EMPTY, *EVENTS, USUAL]:
        cells = [
            f"{median(each.cpu for each in measured[function]):.0f}",
            f"{ratio(measured, function, EMPTY):.1f}",
            f"{median(each.init for each in measured[function]):.0f}",
            f"{ratio(measured, function, USUAL):.2f}",
            f"{median(each.memory_mb for each in measured[function]):.0f}",
            f"{ratio(measured, function, EMPTY, of='memory_mb'):.1f}",
            f"{files[function]}",
            f"{ratio(compiling, function, EMPTY):.1f}",
        ]
        print(f"| {function} | {' | '.join(cells)} |")
    zipped = ", ".join(f"{name} {size:.1f}" for name, size in sizes.items())
    print(f"\nThe functions run on Python 3.13. Medians of {ROUNDS} rounds, without bytecode of")
    print(f"{WITHOUT_BYTECODE}, and of their ratios; load of the machine {os.getloadavg()[1]:.0f}.")
    print(f"Zipped, MB: {zipped}.\n")


def ratio(rounds: Rounds, function: str, base: str, *, of: str = "cpu") -> float:
    pairs = zip(rounds[function], rounds[base], strict=True)
    ratios = [getattr(each, of) / getattr(other, of) for each, other in pairs]
    return float(median(ratios))


if __name__ == "__main__":
    main()
