"""Each model as JSON Schema, for ``GET /models``."""

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from ringback.catalogue.model_input import ModelInput, not_blank
from ringback.catalogue.models import MODELS, unknown_model
from ringback.catalogue.prices import PRICES, PriceNote
from ringback.domain.errors import UnknownModel

if TYPE_CHECKING:
    from pydantic_core import core_schema

# A format of our own: no control characters, and something that can be seen.
VISIBLE_TEXT: Final = "visible-text"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class _Schema(GenerateJsonSchema):
    """Without titles, and without null, which stands for an omitted field and is refused."""

    def nullable_schema(self, schema: "core_schema.NullableSchema") -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: "core_schema.WithDefaultSchema") -> JsonSchemaValue:
        # Null, and an empty text, stand for a field that is not given.
        if schema.get("default") in (None, ""):
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def function_after_schema(
        self, schema: "core_schema.AfterValidatorFunctionSchema"
    ) -> JsonSchemaValue:
        found = super().function_after_schema(schema)
        is_text = schema["function"]["function"] is not_blank
        return found | ({"format": VISIBLE_TEXT} if is_text else {})

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def describe(model_id: str) -> dict[str, Any]:
    """Return a model as ``GET /models`` shows it. Raises ``UnknownModel``."""
    model = MODELS.get(model_id)
    if model is None:
        raise UnknownModel(unknown_model(model_id))
    return {
        "id": model.model_id,
        "provider": model.provider,
        "description": model.description,
        "documentation": model.documentation,
        "checked_on": model.checked_on.isoformat(),
        "price": _price(PRICES[model_id]) if model_id in PRICES else None,
        "input": {"$schema": DIALECT, **_input_schema(model)},
    }


def describe_all() -> list[dict[str, Any]]:
    return [describe(model_id) for model_id in MODELS]


def _price(note: PriceNote) -> dict[str, Any]:
    return {
        "per_image": [
            {
                "where": price.where,
                "credits_low": float(price.low),
                "credits_high": float(price.high),
            }
            for price in note.per_image
        ],
        "credits_per_more_input_image": float(note.more_inputs),
        "noted_on": note.noted_on.isoformat(),
        "source": note.source,
        "is_estimate": True,
    }


@cache
def _input_schema(model: type[ModelInput]) -> dict[str, Any]:
    return without_titles(model)


def without_titles(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of a model of requests."""
    schema = model.model_json_schema(schema_generator=_Schema)
    del schema["title"]
    return schema
