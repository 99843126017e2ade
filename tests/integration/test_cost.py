"""What a job costs: docs/cost.md tells what the code does now, within a budget."""

from collections.abc import Mapping

import pytest

from benchmarks.cost.page import CASES, PAGE, Measured, measure, page
from benchmarks.cost.units import size_of, write_units

# Our calls, those of the event sources, and write units, at most: for every change of the code.
BUDGETS = {
    "one image": (30, 8, 15),
    "one image, without thumbnails": (24, 6, 13),
    "four images": (54, 14, 41),
    "one image, with an `Idempotency-Key`": (30, 8, 19),
    "one image, with a webhook": (33, 10, 18),
    "one image, its client follows live": (48, 8, 21),
    "one image, whose callback never comes": (32, 10, 15),
}


@pytest.fixture(scope="module")
def measured() -> Mapping[str, Measured]:
    return {name: measure(case) for name, case in CASES.items()}


@pytest.mark.parametrize("name", CASES)
def test_a_job_stays_within_its_budget(measured: Mapping[str, Measured], name: str) -> None:
    bill, (calls, polls, units) = measured[name].bill, BUDGETS[name]
    assert bill.calls <= calls
    assert bill.polls <= polls
    assert bill.units["DynamoDB write units"] <= units


def test_an_invocation_logs_at_most_one_short_line(measured: Mapping[str, Measured]) -> None:
    for each in measured["one image, with a webhook"].warm:
        assert each.log_bytes <= (0 if each.function == "publish_events" else 420), each.function


def test_the_page_says_what_the_code_does(measured: Mapping[str, Measured]) -> None:
    """If it doesn't: ``.venv/bin/python -m benchmarks.cost --write``."""
    assert PAGE.read_text() == page(measured)


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
