"""The environment variables that a settings class reads."""

from ringback.providers.registry import EXTERNAL, PROVIDERS
from ringback.variables import Reader, Settings

Variables = dict[str, tuple[type[Settings], str, Reader]]


def variables_of(kind: type[Settings]) -> Variables:
    """Return each variable's class, its name in that class, and what reads it.

    A provider's begin with its name.
    """
    found: Variables = {name: (kind, name, read) for name, read in kind.variables().items()}
    if own := kind.of_provider():
        for provider in providers_of(kind):
            for name, read in own.variables().items():
                found[f"{provider.upper()}_{name}"] = (own, name, read)
    return found


def providers_of(kind: type[Settings]) -> list[str]:
    """Return whose settings are read: the canary has no account, only what it signs with."""
    own = kind.of_provider()
    may_be_left_out = own is not None and all(map(own.may_be_left_out, own.variables()))
    return [*(PROVIDERS if may_be_left_out else EXTERNAL)]


def is_required(place: tuple[type[Settings], str, Reader]) -> bool:
    kind, name, _ = place
    return not kind.may_be_left_out(name)
