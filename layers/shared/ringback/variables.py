"""Reads settings from environment variables.

pydantic would do it as well, but it takes longer to load than all the rest of a small function.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol, Self, get_args, get_type_hints

# The only field that is not a variable: the settings of each provider, by its name.
PROVIDERS: Final = "providers"


class InvalidSettings(ValueError):
    """Names every variable that is missing or wrong, but no value: those may be secrets."""


class Reader(Protocol):
    """Makes a value of a variable's text. Raises ``ValueError`` that says what it must be."""

    def __call__(self, text: str, /) -> Any: ...


@dataclass(frozen=True)
class Text:
    """A text that matches the whole pattern; ``kind`` says what that is."""

    pattern: str
    kind: str

    def __call__(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text, re.DOTALL):
            raise ValueError(f"must be {self.kind}")
        return text


@dataclass(frozen=True)
class Whole:
    """A whole number within limits."""

    least: int
    most: int

    def __call__(self, text: str) -> int:
        number = int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None
        if number is None or not self.least <= number <= self.most:
            raise ValueError(f"must be a whole number from {self.least} to {self.most}")
        return number


@dataclass(frozen=True)
class OrEmpty:
    """``None`` for an empty text, otherwise what ``read`` makes of it."""

    read: Reader

    def __call__(self, text: str) -> Any:
        return self.read(text) if text else None


@dataclass(frozen=True)
class Items:
    """A comma-separated list, which is how CloudFormation passes lists."""

    read: Reader
    into: Callable[[Iterable[Any]], Any]

    def __call__(self, text: str) -> Any:
        return self.into(self.read(item.strip()) for item in text.split(",") if item.strip())


def switch(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"


class Settings:
    """Each field is annotated with what reads it: ``Annotated[int, Whole(1, 9)]``.

    The field ``window_seconds`` is the variable ``WINDOW_SECONDS``; one with a value in the class
    may be left out.
    """

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], *, providers: Iterable[str] = ()) -> Self:
        """Read the variables; those of a provider begin with its name, as in ``<NAME>_BASE_URL``.

        Raises ``InvalidSettings``.
        """
        wrong: list[str] = []
        read = cls._read(environ, wrong, providers)
        if wrong:
            raise InvalidSettings("; ".join(wrong))
        return read

    @classmethod
    @cache
    def variables(cls) -> Mapping[str, Reader]:
        """Return the reader of each variable; those of providers are left out."""
        hints = get_type_hints(cls, include_extras=True)
        return {name.upper(): get_args(hints[name])[1] for name in hints if name != PROVIDERS}

    @classmethod
    @cache
    def of_provider(cls) -> "type[Settings] | None":
        """Return the class of a provider's settings."""
        hint = get_type_hints(cls).get(PROVIDERS)
        found: type[Settings] | None = get_args(hint)[1] if hint else None
        return found

    @classmethod
    def may_be_left_out(cls, variable: str) -> bool:
        return hasattr(cls, variable.lower())

    @classmethod
    def _read(
        cls,
        environ: Mapping[str, str],
        wrong: list[str],
        providers: Iterable[str] = (),
        prefix: str = "",
    ) -> Self:
        """Read what can be read; add to ``wrong`` what is the matter with the rest."""
        values: dict[str, Any] = {}
        for variable, read in cls.variables().items():
            text = environ.get(prefix + variable)
            if text is None:
                if not cls.may_be_left_out(variable):
                    wrong.append(f"{prefix}{variable} is missing")
                continue
            try:
                values[variable.lower()] = read(text)
            except ValueError as error:
                wrong.append(f"{prefix}{variable} {error}")
        if of_provider := cls.of_provider():
            values[PROVIDERS] = {
                name: of_provider._read(environ, wrong, prefix=f"{name.upper()}_")
                for name in providers
            }
        settings = cls()
        vars(settings).update(values)
        return settings

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"settings do not change: {name}")
