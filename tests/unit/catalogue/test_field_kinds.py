"""The kind of each field, compared with what the model accepts."""

import pytest
from pydantic import ValidationError
from ringback.catalogue.field_kinds import field_kinds
from ringback.catalogue.models import MODELS

# A value of each kind that is of no other kind for a strict model.
VALUES = {
    **{"list": [], "integer": 7, "number": 2.5, "boolean": True},
    **{"string": "kite", "choice": "kite"},
}
TYPE_ERRORS = {"list_type", "int_type", "float_type", "bool_type", "string_type"}


@pytest.mark.parametrize("model_id", MODELS)
def test_every_field_of_a_model_has_a_kind(model_id: str) -> None:
    model, kinds = MODELS[model_id], field_kinds(model_id)
    assert kinds.keys() == model.model_fields.keys()
    assert set(kinds.values()) <= VALUES.keys()
    with pytest.raises(ValidationError) as refused:
        model.model_validate({name: object() for name in kinds})
    assert {error["loc"][0] for error in refused.value.errors()} == kinds.keys()


@pytest.mark.parametrize("model_id", MODELS)
def test_no_field_refuses_a_value_of_its_kind(model_id: str) -> None:
    given = {name: VALUES[kind] for name, kind in field_kinds(model_id).items()}
    try:
        MODELS[model_id].model_validate(given)
    except ValidationError as error:
        assert [each for each in error.errors() if each["type"] in TYPE_ERRORS] == []


def test_kinds_are_those_of_the_documentation() -> None:
    assert field_kinds("bytedance/seedream-v4-edit") == {
        "prompt": "string",
        "image_size": "choice",
        "image_resolution": "choice",
        "max_images": "integer",
        "seed": "integer",
        "nsfw_checker": "boolean",
        "image_urls": "list",
    }
    assert field_kinds("bytedance/seedream")["guidance_scale"] == "number"
    assert field_kinds("chanjing/kling-v2")["clarity"] == "integer"


def test_an_unknown_model_has_no_kinds() -> None:
    assert field_kinds("google/nano-banana") == {}
