"""What each field of a model wants, in one word, for readers of text that has no types."""

from collections.abc import Mapping
from functools import cache

from ringback.catalogue.models import MODELS


def field_kinds(model_id: str) -> Mapping[str, str]:
    """Return list, integer, number, boolean or string by field; nothing for an unknown model."""
    # Ids come from strangers: only those that are known may fill the cache.
    return _kinds(model_id) if model_id in MODELS else {}


@cache
def _kinds(model_id: str) -> Mapping[str, str]:
    # Loaded with the first sheet or recipe: most containers meet none.
    from ringback.catalogue.schemas import describe

    fields = describe(model_id)["input"]["properties"]
    return {
        name: "list" if schema["type"] == "array" else schema["type"]
        for name, schema in fields.items()
    }
