"""Print how much CPU the start of the command line takes."""

import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks.results import heading

ROUNDS: Final = 15
COMMAND: Final = Path(sys.executable).with_name("ringback")
STARTS: Final[dict[str, list[str | Path]]] = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "ringback --help": [COMMAND, "--help"],
    "import ringback_client": [sys.executable, "-c", "import ringback_client"],
}


def milliseconds(command: list[str | Path]) -> float:
    """Return the CPU, user and system, of one run."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return (usage.ru_utime + usage.ru_stime) * 1000


def main() -> None:
    print(heading("The command line: CPU of a start"))
    print("| start | ms, median | best |\n|---|---|---|")
    for name, command in STARTS.items():
        found = [milliseconds(command) for _ in range(ROUNDS)]
        print(f"| `{name}` | {statistics.median(found):.0f} | {min(found):.0f} |")


if __name__ == "__main__":
    main()
