"""docs/cost.md: what a job costs, by the calls that the code makes now."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from benchmarks.cost import prices
from benchmarks.cost.bill import Bill, bill_of, memory_of, price_of, rows_of
from benchmarks.cost.metering import Invocation
from benchmarks.cost.one_job import PROMPT, Case
from benchmarks.cost.worlds import run
from tests.support.template import ROOT

PAGE: Final = ROOT / "docs" / "cost.md"
TEXT: Final = Path(__file__).with_name("page.txt")
CASES: Final[Mapping[str, Case]] = {
    "one image": Case(),
    "one image, without thumbnails": Case(thumbnails=False),
    "four images": Case(images=4),
    "one image, with an `Idempotency-Key`": Case(has_key=True),
    "one image, with a webhook": Case(has_webhook=True),
    "one image, its client follows live": Case(is_followed=True),
    "one image, whose callback never comes": Case(is_called_back=False),
}
QUIET_SECONDS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    first: list[Invocation]
    warm: list[Invocation]

    @property
    def bill(self) -> Bill:
        return bill_of(self.first, self.warm)


def measure(case: Case) -> Measured:
    first, warm = run(case)
    return Measured(first=first, warm=warm)


def page(measured: Mapping[str, Measured]) -> str:
    usual = next(iter(measured.values()))
    quiet = bill_of(usual.first, usual.warm, seconds_between=QUIET_SECONDS)
    return Template(TEXT.read_text()).substitute(
        date=prices.DATE,
        region=prices.REGION,
        cases=table(
            ("job", "USD", "our calls", "of event sources", "write units"),
            map(case_row, measured.items()),
        ),
        quiet_minutes=QUIET_SECONDS // 60,
        quiet=f"{quiet.usd - usual.bill.usd:.2f}",
        services=table(("", "units", "USD"), service_rows(usual.bill)),
        calls=table(
            ("function", "memory, MB", "call", "calls", "billed", "USD"), call_rows(usual.warm)
        ),
        whole_core=prices.WHOLE_CORE_MB,
        call_cpu=prices.CALL_CPU_MS,
        prices=table(
            ("unit", "USD per million"),
            ((name, f"{usd:.2f}") for name, usd in prices.PRICES.items()),
        ),
        times=table(("time", "ms"), times()),
        prompt=len(PROMPT),
        between=prices.SECONDS_BETWEEN_JOBS,
    )


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [[*head]]
    lines += [["---"] * len(lines[0]), *([*row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def case_row(named: tuple[str, Measured]) -> list[str]:
    name, bill = named[0], named[1].bill
    units = f"{bill.units['DynamoDB write units']:g}"
    return [name, f"{bill.usd:.1f}", f"{bill.calls:.3g}", f"{bill.polls:.2g}", units]


def service_rows(bill: Bill) -> Iterator[list[str]]:
    for name in prices.PRICES:
        if count := bill.units[name]:
            usd = f"{price_of({name: count}):.2f}"
            yield [name, f"{count:.2f}".removesuffix(".00"), usd]
    yield ["together", "", f"{bill.usd:.2f}"]


def call_rows(warm: Iterable[Invocation]) -> Iterator[list[str]]:
    for function, label, count, units in rows_of([*warm]):
        each = ", ".join(f"{number:g} {name}" for name, number in units.items())
        memory = str(memory_of(function))
        yield [f"`{function}`", memory, label, str(count), each, f"{price_of(units):.3f}"]


def times() -> Iterator[list[str]]:
    for service, wait in prices.WAITS.items():
        yield [f"wait for {service}", str(wait)]
    yield ["more if an image is stored or read", str(prices.IMAGE_MS)]
    yield ["download of an image", str(prices.DOWNLOAD_MS)]
    yield ["the provider's answer", str(prices.PROVIDER_MS)]
    yield ["the webhook's receiver", str(prices.RECEIVER_MS)]
    for function, cpu in prices.OWN_CPU_MS.items():
        yield [f"processor, `{function}`, without its calls", f"{cpu:g}"]
