"""A folder is a recipe: what its ``recipe.json`` asks for is asked for of each photo in it."""

import json
from collections.abc import Mapping
from typing import Any, Final

from ringback.catalogue.field_kinds import field_kinds
from ringback.catalogue.models import MODELS
from ringback.domain.drops import Drop, Row
from ringback.domain.errors import FieldError, InvalidRequest
from ringback.json_bodies import json_object
from ringback.sheets.cells import value_of

# Where the photo goes in a model that nobody has described.
USUAL_FIELD: Final = "image_urls"
# In its place while a recipe is looked at by itself.
A_PHOTO: Final = "https://photo.example/a.jpg"


def photo_row(drop: Drop, recipe: bytes, metadata: Mapping[str, str], *, end: int) -> Row:
    """Return the request for a photo, or every reason why there is none."""
    return _row(drop, drop.url, recipe, metadata, end=end)


def recipe_row(drop: Drop, recipe: bytes, *, end: int) -> Row:
    """Return the request that the recipe would make of a photo."""
    return _row(drop, A_PHOTO, recipe, {}, end=end)


def _row(drop: Drop, photo: str, recipe: bytes, metadata: Mapping[str, str], *, end: int) -> Row:
    try:
        request = json_object(recipe)
    except InvalidRequest as error:
        return _no_row(end, f"{drop.recipe_key}: {error.errors[0].message}")
    if not isinstance(request.get("input"), dict):
        return _no_row(end, f"{drop.recipe_key} must have an object 'input'")
    model = str(request.get("model"))
    kinds = field_kinds(model)
    photos = next((name for name, kind in kinds.items() if kind == "list"), USUAL_FIELD)
    if model in MODELS and photos not in kinds:
        return _no_row(end, f"{model} takes no image", field="model")
    more = request["input"].get(photos, [])
    # What is said beside the photo; programs say other things there, which are no fields.
    said = {name.replace("-", "_"): value for name, value in metadata.items()}
    overrides = {
        name: value_of(said[name], name, kinds) for name in kinds if name in said and name != photos
    }
    given: dict[str, Any] = request["input"] | overrides
    given[photos] = [photo, *more] if isinstance(more, list) else more
    body = json.dumps(request | {"input": given}).encode()
    return Row(number=1, end=end, request=body, ignored=tuple(sorted(said.keys() - overrides)))


def _no_row(end: int, why: str, *, field: str = "") -> Row:
    return Row(number=1, end=end, faults=(FieldError(field, why),))
