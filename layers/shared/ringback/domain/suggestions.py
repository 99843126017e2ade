"""What a mistyped name probably means."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from ringback.domain.errors import FieldError

# Longer than any name: no more of it is compared.
_MAX_COMPARED: Final = 100
_MAX_NAMED: Final = 3


def plain(name: str) -> str:
    """Return a name without what differs between styles: case, ``_``, ``-`` and spaces."""
    return name.casefold().translate({ord(each): None for each in "_- ."})


def close_to(given: str, known: Iterable[str]) -> Sequence[str]:
    """Return the known names that are most like the one that was given, the likeliest first."""
    from difflib import get_close_matches  # with the first wrong request

    by_plain: dict[str, str] = {}
    for name in known:
        by_plain.setdefault(plain(name), name)
    wanted = plain(given[:_MAX_COMPARED])
    if wanted in by_plain:
        return [by_plain[wanted]]
    return [by_plain[name] for name in get_close_matches(wanted, by_plain, _MAX_NAMED, 0.7)]


def did_you_mean(names: Sequence[str]) -> str:
    """Return the question about these names, empty without any."""
    return f"; did you mean {listed(names, 'or')}?" if names else ""


def unknown_name(kind: str, given: str, known: Iterable[str]) -> str:
    """Return what is said about a name that is none of the known ones."""
    return f"unknown {kind}{did_you_mean(close_to(given, known))}"


def unknown_parameters(query: Iterable[str], known: Collection[str]) -> list[FieldError]:
    """Return what is wrong with the names of a query's parameters."""
    unknown = sorted(set(query) - set(known))
    return [FieldError(name, unknown_name("parameter", name, known)) for name in unknown]


def listed(names: Sequence[str], conjunction: str) -> str:
    *firsts, last = names
    return f"{', '.join(firsts)} {conjunction} {last}" if firsts else last
