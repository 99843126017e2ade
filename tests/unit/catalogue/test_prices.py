from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from ringback.catalogue.models import MODELS
from ringback.catalogue.prices import PRICES, Price, PriceNote, estimate
from ringback.catalogue.schemas import describe_all
from ringback.domain.estimates import Estimate
from ringback.domain.jobs import JobRequest

from local.models import credits_in_words
from local.simulator.kie.models import price_of
from tests.support.model_facts import (
    FACTS,
    Choice,
    Whole,
    defaults,
    good_values,
    provider_of,
    smallest,
)
from tests.support.template import ROOT

DAY, NEWER = date(2026, 8, 19), date(2026, 11, 26)
UNKNOWN = {
    "chanjing/doubao-seedream-3.0-t2i",
    "chanjing/doubao-seedream-4.0",
    "chanjing/doubao-seedream-4.5",
    "chanjing/kling-v2",
    "chanjing/kling-v2-1",
    "chanjing/wan2.2-t2i",
}
# Fields sent beside the defaults, the number of images, and their lowest and highest price.
EXPECTED: list[tuple[str, dict[str, Any], int, str, str]] = [
    ("bytedance/seedream", {}, 1, "3.5", "3.5"),
    ("bytedance/seedream-v4-text-to-image", {}, 1, "5", "5"),
    ("bytedance/seedream-v4-text-to-image", {"max_images": 6}, 6, "30", "30"),
    ("bytedance/seedream-v4-text-to-image", {"image_resolution": "4K"}, 1, "5", "5"),
    ("bytedance/seedream-v4-edit", {}, 1, "3.5", "3.5"),
    ("bytedance/seedream-v4-edit", {"max_images": 3}, 3, "10.5", "10.5"),
    ("seedream/4.5-text-to-image", {}, 1, "6.5", "6.5"),
    ("seedream/4.5-text-to-image", {"quality": "high"}, 1, "6.5", "6.5"),
    ("seedream/4.5-edit", {}, 1, "6.5", "6.5"),
    ("seedream/4.5-edit", {"image_urls": ["u"] * 14}, 1, "6.5", "6.5"),
    ("seedream/5-lite-text-to-image", {}, 1, "5", "5.5"),
    ("seedream/5-lite-image-to-image", {"quality": "ultra"}, 1, "5", "5.5"),
    ("seedream/5-pro-text-to-image", {}, 1, "7", "7"),
    ("seedream/5-pro-text-to-image", {"quality": "basic"}, 1, "7", "7"),
    ("seedream/5-pro-text-to-image", {"quality": "high"}, 1, "14", "14"),
    ("seedream/5-pro-image-to-image", {}, 1, "7", "7"),
    ("seedream/5-pro-image-to-image", {"quality": "high"}, 1, "14", "14"),
    ("seedream/5-pro-image-to-image", {"image_urls": ["u"] * 2}, 1, "7.5", "7.5"),
    ("seedream/5-pro-image-to-image", {"image_urls": ["u"] * 10}, 1, "11.5", "11.5"),
    ("seedream/5-pro-image-to-image", {"image_urls": []}, 1, "7", "7"),
    ("seedream/5-flash-text-to-image", {}, 1, "3.24", "3.24"),
    ("seedream/5-flash-image-to-image", {"size": "2K"}, 1, "3.24", "3.24"),
]


def a_request(model: str, **fields: Any) -> JobRequest:
    """Return a request with its model's defaults filled in."""
    given = smallest(model) | defaults(model) | fields
    return JobRequest(model=model, provider=provider_of(model), input=given, sent={})


def test_every_model_has_a_price_or_is_known_to_have_none() -> None:
    assert PRICES.keys() | UNKNOWN == MODELS.keys()
    assert PRICES.keys() & UNKNOWN == set()


def test_every_price_is_in_the_expected_table() -> None:
    assert {model for model, *_ in EXPECTED} == PRICES.keys()


@pytest.mark.parametrize(("model", "fields", "images", "low", "high"), EXPECTED)
def test_an_estimate_covers_all_requested_images(
    model: str, fields: dict[str, Any], images: int, low: str, high: str
) -> None:
    assert estimate(a_request(model, **fields)) == Estimate(
        images=images, low=Decimal(low), high=Decimal(high), noted_on=PRICES[model].noted_on
    )


@pytest.mark.parametrize("model", sorted(UNKNOWN))
def test_an_unknown_price_is_not_guessed(model: str) -> None:
    assert estimate(a_request(model)) is None


def test_a_model_outside_the_catalogue_has_no_estimate() -> None:
    passed = JobRequest(
        model="google/nano-banana",
        provider="kie",
        input={"max_images": "many"},
        sent={},
        checked=False,
    )
    assert estimate(passed) is None


@pytest.mark.parametrize("model", PRICES)
def test_every_valid_input_has_exactly_one_price(model: str) -> None:
    for name, fact in FACTS[model].items():
        for value in good_values(fact) if isinstance(fact, Choice | Whole) else []:
            request = a_request(model, **{name: value})
            fitting = [
                price
                for price in PRICES[model].per_image
                if price.where.items() <= request.input.items()
            ]
            assert len(fitting) == 1, (name, value)
            # The simulator charges by its own table.
            estimated = estimate(request)
            assert estimated is not None
            assert float(estimated.low) <= price_of(model, request.input) <= float(estimated.high)


def test_a_price_has_a_date_and_a_source() -> None:
    newer = {name for name in PRICES if name.startswith(("seedream/4.5-", "seedream/5-pro-"))}
    newer |= {name for name in PRICES if name.startswith("seedream/5-flash-")}
    for name, note in PRICES.items():
        assert note.noted_on == (NEWER if name in newer else DAY)
        assert note.source
        assert all(0 < price.low <= price.high for price in note.per_image)


MODEL = "chanjing/kling-v2"
MADE_UP = PriceNote(
    per_image=(
        Price(low=Decimal("0.1"), high=Decimal("0.3"), where={"clarity": 1024}),
        Price(low=Decimal(9), high=Decimal(9), where={"clarity": 512}),
    ),
    noted_on=date(2027, 1, 2),
    source="a test",
)


def test_images_are_counted_exactly_under_either_name() -> None:
    request = a_request(MODEL, number_of_images=3, clarity=1024)
    assert estimate(request, prices={MODEL: MADE_UP}) == Estimate(
        images=3, low=Decimal("0.3"), high=Decimal("0.9"), noted_on=date(2027, 1, 2)
    )


def test_a_value_without_a_price_has_no_estimate() -> None:
    request = a_request(MODEL, clarity=2048)
    assert estimate(request, prices={MODEL: MADE_UP}) is None
    without = replace(request, input={})
    assert estimate(without, prices={MODEL: MADE_UP}) is None


def test_the_documented_prices_are_those_of_the_table() -> None:
    """``docs/use.md`` says of each model what is known, and since when."""
    [table] = [
        part
        for part in (ROOT / "docs" / "use.md").read_text().split("\n\n")
        if part.startswith("| model | credits per image | known since |")
    ]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    documented = {
        name.strip("`"): (credits, since)
        for names, credits, since in rows
        for name in names.split(", ")
    }
    expected = {
        model["id"]: (
            credits_in_words(model["price"]),
            model["price"]["noted_on"] if model["price"] else "never stated",
        )
        for model in describe_all()
    }
    assert documented == expected
