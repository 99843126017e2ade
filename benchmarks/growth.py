"""What a row of a sheet costs more than a posted job, as the sheet grows: replayed messages.

``ROWS=1000,10000,100000`` chooses the sheets; 100,000 rows take some minutes.
"""

import io
import os
from dataclasses import dataclass
from datetime import timedelta
from unittest.mock import patch

from benchmarks.cost.prices import PRICES
from benchmarks.results import heading
from tests.support.jobs import MODEL
from tests.support.replay import Replay, count_reads

ROWS = tuple(map(int, os.environ.get("ROWS", "1000,10000").split(",")))
# What one more delivery of a submit message costs: it is received, deleted and sent again, the
# job and its account are read, the window is asked, and the job is marked as queued.
AGAIN = {
    "SQS requests": 3.0,
    "DynamoDB read units": 2.0,
    "DynamoDB write units": 2.0,
    "Lambda requests": 1.0,
    "Lambda GB-seconds": 0.25 * 0.03,
}
# Two objects are looked at twice, read and written for each report.
REPORT = {"SQS requests": 3.0, "S3 GET": 6.0, "S3 PUT": 2.0, "Lambda requests": 1.0}
# A job takes up to 4 KB, and is read consistently by no report.
READ = {"DynamoDB read units": 0.5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """``read`` counts jobs that were read for reports; deliveries are of submit and check."""

    rows: int
    deliveries: float
    checks: float
    reports: int
    read: int
    took: timedelta

    @property
    def more(self) -> float:
        """Return USD per million rows beside what a posted job costs."""
        again = self.deliveries - 1 + self.checks - 1
        return (
            again * _usd(AGAIN)
            + self.reports / self.rows * _usd(REPORT)
            + self.read / self.rows * _usd(READ)
        )


def main() -> None:
    print(heading("Long sheets: messages, reports and what they cost"))
    print("| rows | deliveries of a submit message | of a check | reports | jobs read | hours |")
    print("|---|---|---|---|---|---|")
    sheets = [replayed(rows) for rows in ROWS]
    for each in sheets:
        hours = each.took / timedelta(hours=1)
        cells = [f"{each.rows:,}", f"{each.deliveries:.2f}", f"{each.checks:.2f}"]
        cells += [f"{each.reports}", f"{each.read / each.rows:.1f}", f"{hours:.1f}"]
        print(f"| {' | '.join(cells)} |")
    costs = ", ".join(f"{each.more:.2f} with {each.rows:,} rows" for each in sheets)
    print(f"\nMore than a posted job, USD per million rows: {costs}.\n")


def replayed(rows: int) -> Sheet:
    replay = Replay()
    read = count_reads(replay)
    lines = [f"{MODEL},kite {row}" for row in range(rows)]
    replay.drop("requests/kites.csv", "\n".join(["model,input.prompt", *lines]).encode())
    # Copied through memory: so many jobs would mostly wait for the disk.
    with patch("ringback.use_cases.copy_image.TemporaryFile", io.BytesIO):
        replay.run(most_events=100 * rows)
    return Sheet(
        rows=rows,
        deliveries=replay.invocations["SubmitJobFunction"] / rows,
        checks=replay.invocations["CheckJobsFunction"] / rows,
        reports=replay.invocations["SummarizeDropsFunction"],
        read=read["jobs"],
        took=replay.ended_after,
    )


def _usd(units: dict[str, float]) -> float:
    return sum(count * PRICES[name] for name, count in units.items())


if __name__ == "__main__":
    main()
