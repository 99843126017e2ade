"""What one of many jobs costs: all of them are replayed, with every call counted.

``ROWS=1000,10000,100000`` chooses how many; these take twenty minutes.
"""

import os
from datetime import timedelta

from benchmarks.cost.page import CASES, measure
from benchmarks.growth.bill import Rates, usd_per_million
from benchmarks.growth.metering import READ
from benchmarks.growth.scenarios import SCENARIOS, replayed
from benchmarks.results import heading

SIZES = tuple(map(int, os.environ.get("ROWS", "1000,10000,100000").split(",")))

COLUMNS = (
    *("", "jobs", "USD per million", "deliveries to submit", "to check"),
    *("reports", "jobs read for them", "hours"),
)


def main() -> None:
    rates = Rates(measure(CASES["one image"]).warm)
    print(heading("One of many jobs: messages, reports and what it costs"))
    print(f"| {' | '.join(COLUMNS)} |")
    print("|---" * len(COLUMNS) + "|")
    for name in SCENARIOS:
        for jobs in SIZES:
            print(f"| {' | '.join([name, *cells(name, jobs, rates)])} |", flush=True)
    print("\nPer job, but for the jobs, the reports and the hours; without what secrets cost.\n")


def cells(name: str, jobs: int, rates: Rates) -> list[str]:
    replay, meter = replayed(SCENARIOS[name], jobs)
    return [
        f"{jobs:,}",
        f"{usd_per_million(meter, rates, jobs=jobs):.1f}",
        f"{meter.invocations['submit_job'] / jobs:.2f}",
        f"{meter.invocations['check_jobs'] / jobs:.2f}",
        str(meter.invocations["summarize_drops"]),
        f"{meter.calls['summarize_drops', READ] / jobs:.1f}",
        f"{replay.ended_after / timedelta(hours=1):.1f}",
    ]


if __name__ == "__main__":
    main()
