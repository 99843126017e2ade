"""docs/limits.md: the busiest minutes against AWS's limits, and where each of them is reached."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from string import Template
from typing import Final

from ringback.aws.queues import MAX_DELAY
from ringback.providers.registry import PROVIDERS

from benchmarks.cost.page import table
from benchmarks.growth.bill import Rates
from benchmarks.limits.demands import COLD_SECONDS, SHARDS, busiest, workers
from benchmarks.limits.minutes import MINUTES, replayed
from benchmarks.limits.quotas import QUOTAS, Quota
from tests.support.template import ROOT

PAGE: Final = ROOT / "docs" / "limits.md"
KIE: Final = PROVIDERS["kie"]
TEXT: Final = Path(__file__).with_name("page.txt")


def page(rates: Rates) -> str:
    return Template(TEXT.read_text()).substitute(
        peaks=table(
            ("limit, a second or at a time", "", *MINUTES, "reached with"),
            (peak_row(each, rates) for each in QUOTAS),
        ),
        then="\n".join(f"- **[{each.name}]({each.source})**: {each.then}" for each in QUOTAS),
        asked="\n".join(f"- {each.name}: {each.limit:,}" for each in QUOTAS if each.is_raised),
        queues=table(("function", "executions", *MINUTES), queue_rows()),
        cold=COLD_SECONDS,
        shards=SHARDS,
        waiting=f"{timedelta(seconds=MAX_DELAY) // KIE.pace.sustained:,}",
    )


def peak_row(quota: Quota, rates: Rates) -> list[str]:
    peaks = {name: peak_of(name, quota, rates) for name in MINUTES}
    most = max(peaks, key=lambda name: peaks[name])
    reached = "-"
    if peaks[most]:
        at = MINUTES[most].rate * quota.limit / peaks[most]
        reached = f"{rounded(at)} {MINUTES[most].unit} a second"
    return [quota.name, f"{quota.limit:,}", *map(rounded, peaks.values()), reached]


def peak_of(name: str, quota: Quota, rates: Rates) -> float:
    return busiest(replayed(name), rates, quota.demand, starts=MINUTES[name].starts)


def queue_rows() -> Iterator[list[str]]:
    for worker in workers():
        cells = list[str]()
        for name, minute in MINUTES.items():
            busy = worker.busy(replayed(name), starts=minute.starts, ends=minute.ends)
            cells.append(rounded(busy))
        yield [f"`{worker.function}`", str(worker.executions), *cells]


def rounded(number: float) -> str:
    """Return two significant digits."""
    return f"{float(f'{number:.2g}'):,.0f}" if number >= 1 else f"{number:.1g}" if number else "-"
