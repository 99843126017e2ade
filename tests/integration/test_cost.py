"""What a job costs: docs/cost.md tells what the code does now, within a budget."""

from collections import Counter
from collections.abc import Mapping

import pytest
from ringback.domain.jobs import JobStatus

from benchmarks.cost.bill import SECRET, bill_of, price_of
from benchmarks.cost.page import CASES, PAGE, Measured, measure, page
from benchmarks.cost.prices import ACCESS_LINE, PRICES
from benchmarks.cost.units import size_of, write_units
from benchmarks.growth.bill import Rates, usd_per_million
from benchmarks.growth.scenarios import SCENARIOS, replayed
from benchmarks.limits import page as limits

# Our calls, those of the event sources, write units, and USD per million, at most: for every change
# of the code.
BUDGETS = {
    "one image": (22.4, 7.4, 9, 37.6),
    "one image, without thumbnails": (17.4, 5.4, 8, 28.0),
    "four images": (31.4, 7.4, 12, 77.4),
    "one image, with an `Idempotency-Key`": (24.4, 7.4, 13, 40.4),
    "one image, with a webhook": (25.4, 9.4, 10, 40.4),
    "one image, its client follows live": (28.4, 7.4, 11, 41.5),
    "one image, whose callback never comes": (25.4, 9.4, 9, 38.8),
}


@pytest.fixture(scope="module")
def measured() -> Mapping[str, Measured]:
    return {name: measure(case) for name, case in CASES.items()}


@pytest.mark.parametrize("name", CASES)
def test_a_job_stays_within_its_budget(measured: Mapping[str, Measured], name: str) -> None:
    bill, (calls, polls, units, usd) = measured[name].bill, BUDGETS[name]
    assert bill.calls <= calls
    assert bill.polls <= polls
    assert bill.units["DynamoDB write units"] <= units
    assert bill.usd <= usd


def test_an_invocation_logs_at_most_one_short_line(measured: Mapping[str, Measured]) -> None:
    most = {"publish_events": 0, "authorize_client": 420}
    for each in measured["one image, with a webhook"].warm:
        own = each.log_bytes - each.metric_bytes
        assert own <= most.get(each.function, 310), each.function


@pytest.mark.parametrize("name", CASES)
def test_metrics_and_access_logs_cost_less_than_a_millionth(
    measured: Mapping[str, Measured], name: str
) -> None:
    """One USD per million jobs."""
    numbers = sum(each.metric_bytes for each in measured[name].warm)
    lines = ACCESS_LINE * measured[name].bill.units["HTTP API requests"]
    assert 0 < (numbers + lines) / 1024 * PRICES["log KB"] < 1


def test_the_page_says_what_the_code_does(measured: Mapping[str, Measured]) -> None:
    """If it doesn't: ``.venv/bin/python -m benchmarks.cost --write``."""
    assert PAGE.read_text() == page(measured)


@pytest.fixture(scope="module")
def rates(measured: Mapping[str, Measured]) -> Rates:
    return Rates(measured["one image"].warm)


def test_a_simulated_job_costs_what_a_real_one_does(
    measured: Mapping[str, Measured], rates: Rates
) -> None:
    """But for secrets and checks that jobs share; the figures of growth rest on it."""
    one = measured["one image"]
    bill = bill_of(one.first, one.warm, together=1)
    _, meter = replayed(SCENARIOS["posts at the pace"], 1)
    usd = bill.usd - price_of({SECRET: bill.units[SECRET]})
    assert usd_per_million(meter, rates, jobs=1) == pytest.approx(usd, rel=0.01)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("rows of a sheet", (300, 3_000)),
        ("posts at the pace", (100, 1_000)),
        # As many as are sent before SQS delivers a message again.
        ("posts within a second", (100, 1_000)),
    ],
)
def test_a_job_costs_as_much_among_many(
    rates: Rates, name: str, sizes: tuple[int, int], *, full_size: bool
) -> None:
    if full_size and name != "posts within a second":
        sizes = (1_000, 100_000)
    costs, calls = list[float](), list[Counter[tuple[str, str]]]()
    for jobs in sizes:
        replay, meter = replayed(SCENARIOS[name], jobs)
        assert replay.statuses == {JobStatus.SUCCEEDED: jobs}
        costs.append(usd_per_million(meter, rates, jobs=jobs))
        calls.append(meter.calls)
    assert max(costs) < 1.02 * min(costs), costs
    few, many = calls
    more = {each: many[each] / sizes[1] - few[each] / sizes[0] for each in few | many}
    assert max(more.values()) < 0.6, more


@pytest.mark.exhaustive
def test_the_limits_say_what_the_code_does(rates: Rates) -> None:
    """If they don't: ``.venv/bin/python -m benchmarks.limits --write``."""
    assert limits.PAGE.read_text() == limits.page(rates)


def test_an_item_is_measured_as_dynamodb_does() -> None:
    """By the rules of CapacityUnitCalculations: names and values in UTF-8, 3 bytes a container."""
    item = {
        "job_id": {"S": "é" * 5},  # 6 + 10
        "n": {"N": "-1200.5"},  # 1 + 3 + 1 + 1
        "yes": {"BOOL": True},  # 3 + 1
        "list": {"L": [{"S": "ab"}]},  # 4 + 3 + 1 + 2
        "map": {"M": {"k": {"NULL": True}}},  # 3 + 3 + 1 + 1 + 1
    }
    assert size_of(item) == 16 + 6 + 4 + 10 + 9


def test_the_larger_image_is_billed_and_an_index_for_new_keys() -> None:
    small, large = {"job_id": {"S": "x"}}, {"job_id": {"S": "x" * 1018}}
    assert write_units(small, large, transaction=False) == 1
    larger = {"job_id": {"S": "x" * 1019}}
    assert write_units(larger, small, transaction=False) == 2
    assert write_units({}, {**small, "client": {"S": "c"}}, transaction=True) == 3
