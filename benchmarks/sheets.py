"""The cost of reading a sheet of jobs: rows per second, and memory by number of rows.

Each row takes the path of a dropped sheet as far as that needs no AWS: bytes, row, request, the
model's validation. One row in twenty is invalid for its model.
"""

import json
import subprocess
import sys
from statistics import median
from typing import Any

from benchmarks.results import heading

KINDS = {"csv": "CSV", "jsonl": "JSON Lines"}
ROWS, ROUNDS = 10_000, 7
MEMORY_ROWS = (1_000, 10_000, 50_000, 200_000)


def main() -> None:
    print(heading("Reading a sheet of jobs"))
    print(f"| {ROWS:,} rows | MB | s | rows/s | CPU, µs a row |\n|---|---|---|---|---|")
    for kind, name in KINDS.items():
        found = worker(kind, ROWS, ROUNDS)
        wall, cpu = (median(times) for times in zip(*found["seconds"], strict=True))
        print(
            f"| {name} | {found['megabytes']:.1f} | {wall:.2f} | {ROWS / wall:,.0f}"
            f" | {cpu / ROWS * 1e6:.0f} |"
        )
    print(f"\nMedians of {ROUNDS} rounds in one process; every row read and validated.\n")
    print("| peak memory, growth in MB |" + "".join(f" {rows:,} rows |" for rows in MEMORY_ROWS))
    print("|---" * (1 + len(MEMORY_ROWS)) + "|")
    for kind, name in KINDS.items():
        grown = [worker(kind, rows, 1)["growth_kb"] / 1024 for rows in MEMORY_ROWS]
        print(f"| {name} |" + "".join(f" {each:.1f} |" for each in grown))
    print(
        "\nEach in a new process, compared with its memory after a hundred rows. The growth up to"
        " 50,000 rows is the\nJSON parser's own cache of short strings, in validation.\n"
    )


def worker(kind: str, rows: int, rounds: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.sheet_worker", kind, str(rows), str(rounds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
