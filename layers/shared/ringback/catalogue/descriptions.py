"""Models as JSON Schema (2020-12), for clients and for people."""

from typing import Any, Final

from ringback.catalogue.model_input import ModelInput

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def describe(model: type[ModelInput]) -> dict[str, Any]:
    """Return what a client needs to know of a model: its input, and where the limits are from."""
    return {
        "id": model.model_id,
        "provider": model.provider,
        "description": model.description,
        "documentation": model.documentation,
        "checked_on": model.checked_on.isoformat(),
        "input": input_schema(model),
    }


def input_schema(model: type[ModelInput]) -> dict[str, Any]:
    schema = model.model_json_schema()
    properties = {name: _plain(field) for name, field in schema["properties"].items()}
    return {
        "$schema": DIALECT,
        "type": "object",
        "properties": properties,
        "required": schema.get("required", []),
        "additionalProperties": False,
    }


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is pydantic's own: titles, and ``null`` for a field that may be left out."""
    kept = {name: value for name, value in field.items() if name != "title"}
    if "anyOf" in kept:
        [kind] = [kind for kind in kept.pop("anyOf") if kind != {"type": "null"}]
        kept = {**kind, **kept}
    if kept.get("default", kept) is None:
        del kept["default"]
    return kept
