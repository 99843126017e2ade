"""The kind of each field of a model, for formats without types such as CSV."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from ringback.catalogue.models import MODELS


def field_kinds(model_id: str) -> Mapping[str, str]:
    """Return list, integer, number, boolean, string or choice by field; a choice is of strings.

    Empty for an unknown model.
    """
    # Ids are untrusted: only those of the catalogue may fill the cache.
    return _kinds(model_id) if model_id in MODELS else {}


@cache
def _kinds(model_id: str) -> Mapping[str, str]:
    # Imported with the first sheet or recipe: most containers never read one.
    from ringback.catalogue.schemas import describe

    fields = describe(model_id)["input"]["properties"]
    return {name: _kind(schema) for name, schema in fields.items()}


def _kind(schema: Mapping[str, Any]) -> str:
    match schema["type"]:
        case "array":
            return "list"
        case "string" if "enum" in schema:
            return "choice"
        case kind:
            return str(kind)
