"""The environment variables that a settings class reads."""

from ringback.providers.registry import PROVIDERS
from ringback.variables import Reader, Settings

Variables = dict[str, tuple[type[Settings], str, Reader]]


def variables_of(kind: type[Settings]) -> Variables:
    """Return each variable's class, its name in that class, and what reads it.

    A provider's begin with its name.
    """
    found: Variables = {name: (kind, name, read) for name, read in kind.variables().items()}
    if own := kind.of_provider():
        for provider, each in PROVIDERS.items():
            for name, read in own.variables().items():
                # The canary has no account, only what it signs with.
                if each.is_internal and not own.may_be_left_out(name):
                    continue
                found[f"{provider.upper()}_{name}"] = (own, name, read)
    return found


def is_required(place: tuple[type[Settings], str, Reader]) -> bool:
    kind, name, _ = place
    return not kind.may_be_left_out(name)
