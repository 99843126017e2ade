"""The table that ``make models`` prints."""

from typing import Any

import pytest

from local.models import credits_in_words, limits, main
from tests.support.model_facts import FACTS


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"type": "string", "enum": ["1K", "2K"]}, "1K 2K"),
        ({"type": "integer", "enum": [1024, 2048]}, "1024 2048"),
        ({"type": "string", "minLength": 3, "maxLength": 50}, "3 to 50 characters"),
        ({"type": "array", "minItems": 1, "maxItems": 14}, "1 to 14 https URLs"),
        ({"type": "array", "minItems": 1, "maxItems": 1}, "one https URL"),
        ({"type": "integer", "minimum": 1, "maximum": 6}, "1 to 6, whole"),
        ({"type": "number", "minimum": 1, "maximum": 10}, "1 to 10"),
        ({"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}, "64 bits, whole"),
        ({"type": "boolean"}, "true or false"),
    ],
)
def test_limits_are_said_in_a_few_words(field: dict[str, Any], words: str) -> None:
    assert limits(field) == words


@pytest.mark.parametrize(
    ("prices", "words"),
    [
        ([{"where": {}, "credits_low": 3.24, "credits_high": 3.24}], "3.24"),
        ([{"where": {}, "credits_low": 5.0, "credits_high": 6.5}], "5 to 6.5"),
        (
            [
                {"where": {"quality": "basic"}, "credits_low": 7.0, "credits_high": 7.0},
                {"where": {"quality": "high"}, "credits_low": 14.0, "credits_high": 15.0},
            ],
            "quality basic: 7, quality high: 14 to 15",
        ),
    ],
)
def test_prices_are_said_in_a_few_words(prices: list[dict[str, Any]], words: str) -> None:
    price = {"per_image": prices, "credits_per_more_input_image": 0}
    assert credits_in_words(price) == words
    more = price | {"credits_per_more_input_image": 0.5}
    assert credits_in_words(more) == f"{words}, and 0.5 for each input image after the first"
    assert credits_in_words(None) == "unknown"


def test_every_field_of_every_model_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    head, rule, *lines = capsys.readouterr().out.splitlines()
    heads = ("model", "provider", "checked on", "credits", "noted on", "field", "default")
    starts = [head.index(word) for word in heads]
    assert [rule[start - 1 : start + 1] for start in starts[1:]] == [" -"] * 6
    listed: dict[str, set[str]] = {}
    prices: dict[str, list[str]] = {}
    model = ""
    for line in lines:
        model = line[: starts[1]].strip() or model
        listed.setdefault(model, set()).add(line[starts[5] : starts[6]].strip())
        prices.setdefault(model, []).append(line[starts[3] : starts[5]].strip())
    assert listed == {model: set(facts) for model, facts in FACTS.items()}
    assert all(more == [""] * len(more) for _, *more in prices.values())
    assert prices["seedream/4.5-edit"][0].split("  ")[0] == "6.5"
    assert prices["seedream/4.5-edit"][0].endswith("2026-11-26")
    assert prices["chanjing/kling-v2"][0] == "unknown"
