"""The environment variables that a settings class reads."""

from typing import get_args

from pydantic.fields import FieldInfo
from ringback.providers.registry import PROVIDERS
from ringback.settings import Settings


def variables_of(kind: type[Settings]) -> dict[str, tuple[type[Settings], FieldInfo]]:
    """Return the class and field of each variable; a provider's begin with its name."""
    found = {}
    for field in kind.model_fields.values():
        if field.alias != "PROVIDERS":
            found[str(field.alias)] = (kind, field)
            continue
        own: type[Settings] = get_args(field.annotation)[1]
        for provider in PROVIDERS:
            for variable, place in variables_of(own).items():
                found[f"{provider.upper()}_{variable}"] = place
    return found
