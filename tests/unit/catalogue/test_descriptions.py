"""The schemas that clients see, held against the facts and against what is really taken."""

import json
import re
from typing import Any

import pytest
from ringback.catalogue.descriptions import DIALECT, describe
from ringback.catalogue.models import MODELS
from ringback.catalogue.requests import read_request
from ringback.domain.errors import InvalidRequest

from tests.support.model_facts import (
    A_URL,
    FACTS,
    NONE,
    REQUIRED,
    Choice,
    Fact,
    Number,
    Step,
    Switch,
    Text,
    Urls,
    Whole,
)

FIELDS = [
    pytest.param(model, name, fact, id=f"{model}-{name}")
    for model, facts in FACTS.items()
    for name, fact in facts.items()
]


def expected(fact: Fact) -> dict[str, Any]:
    match fact:
        case Text():
            return {"type": "string", "minLength": fact.shortest, "maxLength": fact.longest}
        case Choice():
            return {"type": "string", "enum": list(fact.values)}
        case Step():
            return {"type": "integer", "enum": list(fact.values)}
        case Whole():
            return {"type": "integer", "minimum": fact.least, "maximum": fact.most}
        case Number():
            return {"type": "number", "minimum": fact.least, "maximum": fact.most}
        case Switch():
            return {"type": "boolean"}
        case Urls():
            return {"type": "array", "minItems": fact.least, "maxItems": fact.most}


@pytest.mark.parametrize(("model", "name", "fact"), FIELDS)
def test_a_field_is_described_with_its_limits_and_its_default(
    model: str, name: str, fact: Fact
) -> None:
    schema = describe(MODELS[model])["input"]
    field = schema["properties"][name]
    assert field.pop("description").endswith(".")
    items = field.pop("items", None)
    assert (items is not None) == isinstance(fact, Urls)
    assert field.pop("default", NONE) == (NONE if fact.default is REQUIRED else fact.default)
    assert field == expected(fact)
    assert (name in schema["required"]) == (fact.default is REQUIRED)


@pytest.mark.parametrize("model", FACTS)
def test_a_schema_is_whole_and_closed(model: str) -> None:
    schema = describe(MODELS[model])["input"]
    assert schema["$schema"] == DIALECT
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert "$ref" not in json.dumps(schema)
    assert "null" not in json.dumps(schema)


@pytest.mark.parametrize(
    "url",
    [
        A_URL,
        "https://a.example",
        "https://a.example/b@c",
        "https://a.example?x=@",
        "http://a.example/",
        "https://user@a.example/",
        "https://a.example/a b",
        "ftp://a.example/",
        "a.example",
    ],
)
def test_the_schema_and_the_check_agree_on_a_url(url: str) -> None:
    model = "seedream/4.5-edit"
    items = describe(MODELS[model])["input"]["properties"]["image_urls"]["items"]
    fits = bool(re.search(items["pattern"], url)) and len(url) <= items["maxLength"]
    body = {"model": model, "input": {"prompt": "x", "image_urls": [url]}}
    if fits:
        assert read_request(json.dumps(body).encode()).input["image_urls"] == [url]
    else:
        with pytest.raises(InvalidRequest):
            read_request(json.dumps(body).encode())
