"""Schemas of documents, made strict: what they do not name is a fault."""

from collections.abc import Mapping
from typing import Any


def strict(schema: Any, schemas: Mapping[str, Any]) -> Any:
    """Return the schema without references, and with no other fields than it names.

    ``schemas`` are those that it may refer to, by the last part of the reference.
    """
    if isinstance(schema, list):
        return [strict(each, schemas) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return strict(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "allOf" in schema:
        return _merged([strict(each, schemas) for each in schema["allOf"]])
    found = {name: strict(each, schemas) for name, each in schema.items()}
    return found | ({"additionalProperties": False} if "properties" in found else {})


def _merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    required = [name for part in parts for name in part.get("required", [])]
    properties = {name: each for part in parts for name, each in part["properties"].items()}
    merged = {"type": "object", "required": required, "properties": properties}
    return merged | {"additionalProperties": False}
