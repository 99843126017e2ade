"""Every field of every model at, below and above the limits of the provider's pages."""

import json
from typing import Any

import pytest
from ringback.catalogue.model_input import ModelInput
from ringback.catalogue.models import MODELS
from ringback.domain.errors import InvalidRequest
from ringback.domain.jobs import JobRequest

from tests.support.model_facts import (
    FACTS,
    FILLED_IN,
    NONE,
    REQUIRED,
    Choice,
    Fact,
    Number,
    Text,
    Urls,
    Whole,
    WholeChoice,
    bad_values,
    defaults,
    good_values,
    provider_of,
    smallest,
)
from tests.support.requests import read_request

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
def test_values_that_the_page_allows_are_accepted_unchanged(
    model: str, name: str, fact: Fact
) -> None:
    for value in good_values(fact):
        request = read(model, smallest(model) | {name: value})
        assert request.input == defaults(model) | smallest(model) | {name: value}
        assert type(request.input[name]) is type(value)


@pytest.mark.parametrize(("model", "name", "fact"), FIELDS)
def test_values_that_the_page_does_not_allow_are_refused_by_name(
    model: str, name: str, fact: Fact
) -> None:
    for value in bad_values(fact):
        named = wrong_fields(model, smallest(model) | {name: value})
        assert named, value
        assert all(belongs_to(name, each) for each in named), (value, named)


@pytest.mark.parametrize(("model", "name", "fact"), FIELDS)
def test_null_is_refused(model: str, name: str, fact: Fact) -> None:
    assert wrong_fields(model, smallest(model) | {name: None}) == [f"input.{name}"]


@pytest.mark.parametrize(("model", "name", "fact"), FIELDS)
def test_only_required_fields_must_be_present(model: str, name: str, fact: Fact) -> None:
    given = {key: value for key, value in smallest(model).items() if key != name}
    if fact.default is REQUIRED:
        assert wrong_fields(model, given) == [f"input.{name}"]
    else:
        assert read(model, given).input.get(name, NONE) == fact.default


@pytest.mark.parametrize("model", FACTS)
def test_defaults_are_filled_in_and_the_sent_body_is_kept(model: str) -> None:
    request = read(model, smallest(model))
    assert request.input == smallest(model) | defaults(model)
    assert request.sent == {"model": model, "input": smallest(model)}
    assert (request.model, request.provider) == (model, provider_of(model))


@pytest.mark.parametrize("model", FACTS)
def test_an_unknown_field_is_refused_by_name(model: str) -> None:
    for name in {*ALL_NAMES, "Prompt", "n", "", "model", "callBackUrl"} - FACTS[model].keys():
        assert wrong_fields(model, smallest(model) | {name: 1}) == [f"input.{name}"]


def test_a_field_of_4_0_is_refused_by_4_5() -> None:
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
def test_a_message_states_the_limits(model: str, name: str, fact: Fact) -> None:
    expected: list[tuple[Any, list[str]]] = []
    match fact:
        case Text():
            expected = [("", [f"{fact.shortest} character"]), ("x" * 9999, [str(fact.longest)])]
        case Choice():
            expected = [("auto", list(fact.values))]
        case WholeChoice():
            expected = [(1, [str(value) for value in fact.values])]
        case Whole() | Number():
            limits = f"{fact.least:.0f}", f"{fact.most:.0f}"
            if isinstance(fact, Whole):
                limits = str(fact.least), str(fact.most)
            expected = [(fact.most + 1, [limits[1]]), (fact.least - 1, [limits[0]])]
        case Urls():
            expected = [(["https://a.example/"] * 99, [str(fact.most)])]
            if fact.default is REQUIRED:
                expected += [([], ["at least 1"])]
    for value, words in expected:
        with pytest.raises(InvalidRequest) as refused:
            read(model, smallest(model) | {name: value})
        (error,) = refused.value.errors
        assert all(word in error.message for word in words), error.message


HAVING = {
    ("seedream/4.5-edit", "seed"): "bytedance/seedream, bytedance/seedream-v4-edit and "
    "bytedance/seedream-v4-text-to-image have it",
    ("seedream/4.5-edit", "size"): "seedream/5-flash-text-to-image and "
    "seedream/5-flash-image-to-image have it",
    ("seedream/4.5-edit", "guidance_scale"): "bytedance/seedream has it",
    ("seedream/4.5-edit", "output_format"): "seedream/5-lite-text-to-image, "
    "seedream/5-lite-image-to-image, seedream/5-pro-text-to-image and 3 more have it",
    ("bytedance/seedream", "aspect_ratio"): "seedream/4.5-edit, seedream/4.5-text-to-image, "
    "seedream/5-lite-text-to-image and 5 more have it",
    ("bytedance/seedream", "quality_mode"): "chanjing/wan2.2-t2i has it",
    ("chanjing/kling-v2-1", "ref_img_url"): "chanjing/doubao-seedream-4.0, "
    "chanjing/doubao-seedream-4.5 and chanjing/kling-v2 have it",
}


def message(model: str, given: dict[str, Any]) -> str:
    with pytest.raises(InvalidRequest) as refused:
        read(model, given)
    (error,) = refused.value.errors
    return error.message


@pytest.mark.parametrize(("model", "name"), HAVING)
def test_a_field_of_another_model_is_refused_with_its_models(model: str, name: str) -> None:
    expected = f"{model} has no such field; {HAVING[model, name]}"
    assert message(model, smallest(model) | {name: 1}) == expected


@pytest.mark.parametrize("model", FACTS)
def test_the_message_names_a_model_that_has_the_field(model: str) -> None:
    for name in set(ALL_NAMES) - FACTS[model].keys():
        text = message(model, smallest(model) | {name: 1})
        if "did you mean" in text:
            asked = text.partition("did you mean ")[2].rstrip("?")
            assert set(asked.replace(" or ", ", ").split(", ")) <= FACTS[model].keys()
            continue
        _, _, rest = text.partition("; ")
        named = [other for other in FACTS if other in rest.replace(",", "").split()]
        having = [other for other in FACTS if name in FACTS[other]]
        siblings = [other for other in having if provider_of(other) == provider_of(model)]
        assert named
        assert set(named) <= set(siblings or having), text


@pytest.mark.parametrize("model", [model for model in FACTS if provider_of(model) == "chanjing"])
def test_fields_that_ringback_fills_in_may_say_the_same_and_nothing_else(model: str) -> None:
    code = model.partition("/")[2]
    given = smallest(model)
    same = {"creation_type": 3, "model_code": code, "ref_img_url": []}
    assert same.keys() >= FILLED_IN
    assert read(model, given | same).input == read(model, given).input
    assert read(model, given | same).sent["input"] == given | same
    for name, value, more in (("creation_type", 4, " or send 3"), ("callback", "x", "")):
        expected = f"is filled in automatically; leave it out{more}"
        assert message(model, given | {name: value}) == expected
    expected = f"is filled in automatically; leave it out or send {code}"
    assert message(model, given | {"model_code": "another"}) == expected


@pytest.mark.parametrize(("model", "name", "fact"), FIELDS)
def test_a_whole_number_may_have_a_decimal_point(model: str, name: str, fact: Fact) -> None:
    """Some languages have no integers: 2.0 is sent as 2."""
    if isinstance(fact, Whole | WholeChoice):
        for value in good_values(fact):
            if abs(value) < 2**53:
                given = read(model, smallest(model) | {name: float(value)}).input[name]
                assert (given, type(given)) == (value, int)


def test_an_integer_is_accepted_as_a_number() -> None:
    model = "bytedance/seedream"
    assert read(model, smallest(model) | {"guidance_scale": 3}).input["guidance_scale"] == 3


@pytest.mark.parametrize("model", MODELS.values())
def test_a_model_has_a_description_and_a_source(model: type[ModelInput]) -> None:
    home = {"kie": "https://docs.kie.ai/", "chanjing": "https://doc.chanjing.cc/"}
    assert model.documentation.startswith(home[model.provider])
    assert model.checked_on.isoformat() == "2026-08-19"
    assert model.description.endswith(".")
