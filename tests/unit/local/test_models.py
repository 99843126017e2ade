"""The table that ``make models`` prints."""

from typing import Any

import pytest

from local.models import limits, main
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


def test_every_field_of_every_model_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    head, rule, *lines = capsys.readouterr().out.splitlines()
    starts = [head.index(word) for word in ("model", "provider", "checked on", "field", "default")]
    assert [rule[start - 1 : start + 1] for start in starts[1:]] == [" -"] * 4
    listed: dict[str, set[str]] = {}
    model = ""
    for line in lines:
        model = line[: starts[1]].strip() or model
        listed.setdefault(model, set()).add(line[starts[3] : starts[4]].strip())
    assert listed == {model: set(facts) for model, facts in FACTS.items()}
