"""The kind of each field of a model, for formats without types such as CSV."""

from collections.abc import Mapping
from functools import cache

from ringback.catalogue.models import MODELS


def field_kinds(model_id: str) -> Mapping[str, str]:
    """Return list, integer, number, boolean or string by field; empty for an unknown model."""
    # Ids are untrusted: only those of the catalogue may fill the cache.
    return _kinds(model_id) if model_id in MODELS else {}


@cache
def _kinds(model_id: str) -> Mapping[str, str]:
    # Imported with the first sheet or recipe: most containers never read one.
    from ringback.catalogue.schemas import describe

    fields = describe(model_id)["input"]["properties"]
    return {
        name: "list" if schema["type"] == "array" else schema["type"]
        for name, schema in fields.items()
    }
