"""A folder is a recipe: each photo in it becomes the request in its ``recipe.json``."""

import json
from collections.abc import Mapping
from typing import Any, Final

from ringback.catalogue.field_kinds import field_kinds
from ringback.catalogue.models import MODELS
from ringback.domain.drops import Drop, Row
from ringback.domain.errors import FieldError, RequestRefused, reasons_of
from ringback.json_bodies import json_object
from ringback.sheets.cells import UnclearNumber, value_of

# The field for the photo in models that are not in the catalogue.
DEFAULT_PHOTO_FIELD: Final = "image_urls"
# Stands for the photo while a recipe is checked by itself.
PLACEHOLDER_PHOTO: Final = "https://photo.example/a.jpg"


def photo_row(drop: Drop, recipe: bytes, metadata: Mapping[str, str], *, end: int) -> Row:
    """Return the request for a photo, or all faults that prevent one."""
    return _row(drop, drop.url, recipe, metadata, end=end)


def recipe_row(drop: Drop, recipe: bytes, *, end: int) -> Row:
    """Return the request that the recipe would make for a photo."""
    return _row(drop, PLACEHOLDER_PHOTO, recipe, {}, end=end)


def _row(drop: Drop, photo: str, recipe: bytes, metadata: Mapping[str, str], *, end: int) -> Row:
    try:
        request = json_object(recipe)
    except RequestRefused as refused:
        wrong = (
            FieldError(error.field, f"{drop.recipe_key}: {error.message}")
            for error in reasons_of(refused)
        )
        return Row(number=1, end=end, faults=tuple(wrong))
    if not isinstance(request.get("input"), dict):
        return _no_row(end, f"{drop.recipe_key} must contain an object 'input'")
    model = str(request.get("model"))
    kinds = field_kinds(model)
    photos = next((name for name, kind in kinds.items() if kind == "list"), DEFAULT_PHOTO_FIELD)
    if model in MODELS and photos not in kinds:
        return _no_row(end, f"{model} does not accept an image", field="model")
    more = request["input"].get(photos, [])
    # Metadata may override fields of the recipe; some programs add entries that are no fields.
    fields = {name.replace("-", "_"): value for name, value in metadata.items()}
    overrides, faults = dict[str, Any](), list[FieldError]()
    for name in (fields.keys() & kinds.keys()) - {photos}:
        try:
            overrides[name] = value_of(fields[name], name, kinds)
        except UnclearNumber as error:
            faults.append(FieldError(f"input.{name}", str(error)))
    given: dict[str, Any] = request["input"] | overrides
    given[photos] = [photo, *more] if isinstance(more, list) else more
    body = json.dumps(request | {"input": given}).encode()
    ignored = tuple(sorted(fields.keys() - kinds.keys() | fields.keys() & {photos}))
    return Row(number=1, end=end, request=body, faults=tuple(faults), ignored=ignored)


def _no_row(end: int, why: str, *, field: str = "") -> Row:
    return Row(number=1, end=end, faults=(FieldError(field, why),))
