"""Every field of every model at, under and over what the provider's pages say of it."""

import json
from typing import Any

import pytest
from ringback.catalogue.models import MODELS
from ringback.catalogue.requests import read_request
from ringback.domain.errors import InvalidRequest
from ringback.domain.jobs import JobRequest

from tests.support.model_facts import (
    A_URL,
    FACTS,
    NONE,
    REQUIRED,
    Choice,
    Fact,
    Number,
    Step,
    Text,
    Urls,
    Whole,
    bad_values,
    defaults,
    good_values,
    smallest,
)

FIELDS = [
    pytest.param(model, name, fact, id=f"{model}-{name}")
    for model, facts in FACTS.items()
    for name, fact in facts.items()
]
ALL_NAMES = sorted({name for facts in FACTS.values() for name in facts})


def read(model: str, given: dict[str, Any]) -> JobRequest:
    return read_request(json.dumps({"model": model, "input": given}).encode())


def wrong_fields(model: str, given: dict[str, Any]) -> list[str]:
    with pytest.raises(InvalidRequest) as refused:
        read(model, given)
    return [error.field for error in refused.value.errors]


def belongs_to(name: str, named: str) -> bool:
    return named == f"input.{name}" or named.startswith(f"input.{name}.")


def test_the_table_has_every_model_and_every_field() -> None:
    assert {model: set(MODELS[model].model_fields) for model in MODELS} == {
        model: set(facts) for model, facts in FACTS.items()
    }


@pytest.mark.parametrize(("model", "name", "fact"), FIELDS)
def test_what_the_page_allows_is_taken_as_it_is(model: str, name: str, fact: Fact) -> None:
    for value in good_values(fact):
        taken = read(model, smallest(model) | {name: value})
        assert taken.input == defaults(model) | smallest(model) | {name: value}
        assert type(taken.input[name]) is type(value)


@pytest.mark.parametrize(("model", "name", "fact"), FIELDS)
def test_what_the_page_does_not_allow_is_refused_by_name(model: str, name: str, fact: Fact) -> None:
    for value in bad_values(fact):
        named = wrong_fields(model, smallest(model) | {name: value})
        assert named, value
        assert all(belongs_to(name, each) for each in named), (value, named)


@pytest.mark.parametrize(("model", "name", "fact"), FIELDS)
def test_null_is_not_a_way_to_leave_a_field_out(model: str, name: str, fact: Fact) -> None:
    assert wrong_fields(model, smallest(model) | {name: None}) == [f"input.{name}"]


@pytest.mark.parametrize(("model", "name", "fact"), FIELDS)
def test_only_what_is_required_must_be_there(model: str, name: str, fact: Fact) -> None:
    given = {key: value for key, value in smallest(model).items() if key != name}
    if fact.default is REQUIRED:
        assert wrong_fields(model, given) == [f"input.{name}"]
    else:
        assert read(model, given).input.get(name, NONE) == fact.default


@pytest.mark.parametrize("model", FACTS)
def test_defaults_are_filled_in_and_what_was_sent_is_kept(model: str) -> None:
    request = read(model, smallest(model))
    assert request.input == smallest(model) | defaults(model)
    assert request.sent == {"model": model, "input": smallest(model)}
    provider = "chanjing" if model.startswith("chanjing/") else "kie"
    assert (request.model, request.provider, request.is_checked) == (model, provider, True)


@pytest.mark.parametrize("model", FACTS)
def test_a_field_that_the_model_does_not_have_is_refused_by_name(model: str) -> None:
    ours = {"model", "callBackUrl", "model_code", "creation_type", "callback"}
    for name in {*ALL_NAMES, "Prompt", "n", "", *ours} - FACTS[model].keys():
        assert wrong_fields(model, smallest(model) | {name: 1}) == [f"input.{name}"]


def test_a_field_that_other_models_have_names_them() -> None:
    assert messages("seedream/4.5-edit", {"seed": 7}) == [
        "seedream/4.5-edit has no such field; it is one of bytedance/seedream,"
        " bytedance/seedream-v4-edit, bytedance/seedream-v4-text-to-image"
    ]
    assert messages("chanjing/kling-v2-1", {"ref_img_url": [A_URL]}) == [
        "chanjing/kling-v2-1 has no such field; it is one of chanjing/doubao-seedream-4.0,"
        " chanjing/doubao-seedream-4.5, chanjing/kling-v2"
    ]
    # Of another provider is no help.
    assert messages("chanjing/wan2.2-t2i", {"seed": 7}) == ["no such field"]


def test_a_field_that_we_fill_in_says_so() -> None:
    for name in ("model_code", "creation_type", "callback"):
        [message] = messages("chanjing/doubao-seedream-4.0", {name: 3})
        assert message == "is filled in for you: leave it out"


def messages(model: str, extra: dict[str, Any]) -> list[str]:
    with pytest.raises(InvalidRequest) as refused:
        read(model, smallest(model) | extra)
    return [error.message for error in refused.value.errors]


def test_what_4_0_has_and_4_5_has_not_is_refused_rather_than_dropped() -> None:
    model = "seedream/4.5-edit"
    given = smallest(model) | {"seed": 7, "max_images": 2, "image_size": "square"}
    assert sorted(wrong_fields(model, given)) == [
        "input.image_size",
        "input.max_images",
        "input.seed",
    ]


@pytest.mark.parametrize("model", FACTS)
def test_every_wrong_field_is_named_at_once(model: str) -> None:
    given = {name: bad_values(fact)[0] for name, fact in FACTS[model].items()}
    named = wrong_fields(model, given | {"colour": "red"})
    for name in [*FACTS[model], "colour"]:
        assert any(belongs_to(name, each) for each in named), name


@pytest.mark.parametrize(("model", "name", "fact"), FIELDS)
def test_a_message_says_what_is_allowed(model: str, name: str, fact: Fact) -> None:
    expected: list[tuple[Any, list[str]]] = []
    match fact:
        case Text():
            expected = [("", [f"{fact.shortest} character"]), ("x" * 9999, [str(fact.longest)])]
        case Choice():
            expected = [("auto", list(fact.values))]
        case Step():
            expected = [(7, [str(value) for value in fact.values])]
        case Number():
            expected = [(fact.most + 1, [f"{fact.most:g}"]), (fact.least - 1, [f"{fact.least:g}"])]
        case Whole():
            expected = [(fact.most + 1, [str(fact.most)]), (fact.least - 1, [str(fact.least)])]
        case Urls():
            expected = [([], ["at least 1"]), (["https://a.example/"] * 99, [str(fact.most)])]
    for value, words in expected:
        with pytest.raises(InvalidRequest) as refused:
            read(model, smallest(model) | {name: value})
        (error,) = refused.value.errors
        assert all(word in error.message for word in words), error.message


def test_every_model_says_where_its_limits_come_from() -> None:
    for model in MODELS.values():
        homes = {"kie": "https://docs.kie.ai/", "chanjing": "https://doc.chanjing.cc"}
        assert model.documentation.startswith(homes[model.provider])
        assert model.checked_on.isoformat() == "2026-08-19"
        assert model.description.endswith(".")
