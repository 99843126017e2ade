"""Put a fault into a module that is imported already: its functions get other code.

What runs at import (constants, tables, classes' own bodies) cannot be changed like this.
"""

import gc
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType, FunctionType

Name = tuple[str, int]


class RunsAtImport(Exception):
    """The fault is in code that has run already."""


@dataclass(frozen=True)
class Replacement:
    function: FunctionType
    code: CodeType

    def is_possible(self) -> bool:
        """Return whether the code has as many variables of enclosing functions as before."""
        return len(self.function.__code__.co_freevars) == len(self.code.co_freevars)

    def make(self) -> None:
        self.function.__code__ = self.code


def name_of(code: CodeType) -> Name:
    return code.co_qualname, code.co_firstlineno


def functions_of(file: Path) -> Mapping[Name, Sequence[FunctionType]]:
    """Return the functions that exist now; those made within a call get their code from it."""
    found: defaultdict[Name, list[FunctionType]] = defaultdict(list)
    gc.unfreeze()  # What is frozen is not listed.
    for each in gc.get_objects():
        if type(each) is FunctionType and each.__code__.co_filename == str(file):
            found[name_of(each.__code__)].append(each)
    gc.freeze()
    return found


def replacements(
    original: CodeType, faulty: CodeType, functions: Mapping[Name, Sequence[FunctionType]]
) -> list[Replacement]:
    """Return what puts the fault into the functions. Raises ``RunsAtImport``."""
    found = [
        Replacement(function, after)
        for before, after in _changed_functions(original, faulty)
        for function in functions.get(name_of(before), ())
    ]
    if not found or not all(each.is_possible() for each in found):
        raise RunsAtImport
    return found


def _changed_functions(before: CodeType, after: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    if before == after:
        return
    if before.co_flags & CO_OPTIMIZED:
        yield before, after
        return
    if _by_itself(before) != _by_itself(after):
        raise RunsAtImport
    for inner, changed in zip(_nested(before), _nested(after), strict=True):
        yield from _changed_functions(inner, changed)


def _nested(code: CodeType) -> list[CodeType]:
    return [each for each in code.co_consts if isinstance(each, CodeType)]


def _by_itself(code: CodeType) -> CodeType:
    consts = tuple(each for each in code.co_consts if not isinstance(each, CodeType))
    return code.replace(co_consts=consts, co_linetable=b"")
