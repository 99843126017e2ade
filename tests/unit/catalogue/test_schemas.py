"""The JSON Schemas of the models, compared with the facts and with the validation."""

import json
import re
from typing import Any

import pytest
from ringback.catalogue.models import MODELS
from ringback.catalogue.schemas import DIALECT, describe, describe_all
from ringback.domain.errors import UnknownModel

from tests.support.model_facts import (
    FACTS,
    NONE,
    REQUIRED,
    Fact,
    bad_values,
    good_values,
    provider_of,
    smallest,
)

FIELDS = [
    pytest.param(model, name, fact, id=f"{model}-{name}")
    for model, facts in FACTS.items()
    for name, fact in facts.items()
]
# Every keyword that may be used, with its type in the 2020-12 meta-schema.
KEYWORDS: dict[str, type | tuple[type, ...]] = {
    "$schema": str,
    "type": str,
    "description": str,
    "default": object,
    "properties": dict,
    "required": list,
    "additionalProperties": bool,
    "enum": list,
    "minLength": int,
    "maxLength": int,
    "minimum": (int, float),
    "maximum": (int, float),
    "minItems": int,
    "maxItems": int,
    "items": dict,
    "format": str,
    "pattern": str,
}
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


def allows(schema: dict[str, Any], value: Any) -> bool:
    """Validate a value with the keywords above."""
    if not isinstance(value, TYPES[schema["type"]]):
        return False
    if isinstance(value, bool):
        return bool(schema["type"] == "boolean")
    match value:
        case str():
            size: Any = len(value)
            least, most = "minLength", "maxLength"
        case list():
            size, least, most = len(value), "minItems", "maxItems"
        case dict():
            known = schema["properties"]
            return (
                set(schema["required"]) <= value.keys() <= known.keys()
                and not schema["additionalProperties"]
                and all(allows(known[name], each) for name, each in value.items())
            )
        case _:
            size, least, most = value, "minimum", "maximum"
    return (
        schema.get(least, size) <= size <= schema.get(most, size)
        and value in schema.get("enum", [value])
        and not (isinstance(value, str) and not re.search(schema.get("pattern", ""), value))
        and all(allows(schema["items"], each) for each in (value if "items" in schema else []))
    )


def check_keywords(schema: dict[str, Any]) -> None:
    for keyword, value in schema.items():
        assert isinstance(value, KEYWORDS[keyword]), keyword
    assert schema["type"] in TYPES
    assert len(set(schema.get("enum", []))) == len(schema.get("enum", []))
    assert set(schema.get("required", [])) <= schema.get("properties", {}).keys()
    re.compile(schema.get("pattern", ""))
    inside = list(schema.get("properties", {}).values())
    for inner in [*inside, schema["items"]] if "items" in schema else inside:
        check_keywords(inner)


def schema_of(model: str) -> dict[str, Any]:
    # As clients read it: through JSON.
    schema: dict[str, Any] = json.loads(json.dumps(describe(model)))["input"]
    return schema


@pytest.mark.parametrize("model", FACTS)
def test_a_schema_is_valid_2020_12(model: str) -> None:
    schema = schema_of(model)
    assert next(iter(schema)) == "$schema"
    assert schema["$schema"] == DIALECT == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False
    check_keywords(schema)


@pytest.mark.parametrize(("model", "name", "fact"), FIELDS)
def test_a_schema_allows_exactly_what_the_page_allows(model: str, name: str, fact: Fact) -> None:
    schema = schema_of(model)
    for value in good_values(fact):
        assert allows(schema, smallest(model) | {name: value}), value
    for value in [*bad_values(fact), None]:
        # 2.0 is an integer in JSON Schema. Ringback refuses it: it stores exactly what it sends.
        if not isinstance(value, float) or value % 1:
            assert not allows(schema, smallest(model) | {name: value}), value


@pytest.mark.parametrize(("model", "name", "fact"), FIELDS)
def test_a_schema_has_defaults_and_required_fields(model: str, name: str, fact: Fact) -> None:
    schema = schema_of(model)
    assert (name in schema["required"]) == (fact.default is REQUIRED)
    assert schema["properties"][name].get("default", NONE) == (
        NONE if fact.default is REQUIRED else fact.default
    )


@pytest.mark.parametrize(("model", "name", "fact"), FIELDS)
def test_every_field_has_a_one_line_description(model: str, name: str, fact: Fact) -> None:
    description = schema_of(model)["properties"][name]["description"]
    assert description.endswith(".")
    assert "\n" not in description


def test_the_limits_of_a_url_are_in_the_schema() -> None:
    items = schema_of("seedream/4.5-edit")["properties"]["image_urls"]["items"]
    assert (items["type"], items["format"], items["maxLength"]) == ("string", "uri", 2048)
    assert allows(items, "https://a.example/x.png")
    for url in ["http://a.example/", "//a.example", "https://u@a.example/", "https://a.example/ x"]:
        assert not allows(items, url), url


@pytest.mark.parametrize("model", FACTS)
def test_a_description_is_complete(model: str) -> None:
    described = describe(model)
    assert list(described) == [
        *("id", "provider", "description", "documentation", "checked_on", "price", "input")
    ]
    assert (described["id"], described["provider"]) == (model, provider_of(model))
    assert described["documentation"] == MODELS[model].documentation
    assert described["checked_on"] == "2026-08-19"


def test_a_price_is_shown_with_its_conditions() -> None:
    assert describe("seedream/5-pro-text-to-image")["price"] == {
        "per_image": [
            {"where": {"quality": "basic"}, "credits_low": 7.0, "credits_high": 7.0},
            {"where": {"quality": "high"}, "credits_low": 14.0, "credits_high": 14.0},
        ],
        "credits_per_more_input_image": 0.5,
        "noted_on": "2026-11-26",
        "source": "price table of a kie.ai integrator",
        "is_estimate": True,
    }


def test_a_price_may_be_a_range_or_null() -> None:
    assert describe("seedream/5-lite-text-to-image")["price"]["per_image"] == [
        {"where": {}, "credits_low": 5.0, "credits_high": 5.5}
    ]
    assert describe("chanjing/kling-v2")["price"] is None


def test_describe_all_describes_every_model() -> None:
    assert describe_all() == [describe(model) for model in MODELS]
    assert {each["id"] for each in describe_all()} == set(FACTS)


@pytest.mark.parametrize("model", ["", "seedream", "seedream/4.5-edit/", "Seedream/4.5-edit"])
def test_an_unknown_model_is_not_described(model: str) -> None:
    with pytest.raises(UnknownModel):
        describe(model)
