"""Compile modules, the methods of dataclasses written out: ``write_methods.py FOLDER PLACE``.

``dataclass`` writes and compiles the methods of each class whenever its module is imported, which
is a quarter of a cold start. docs/decisions/0052 has the figures. The sources stay as they are, and
so do the lines in tracebacks; ``PLACE`` is where the folder will be.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from compile_modules import write_bytecode

OPTIONS: Final = frozenset({"frozen", "slots", "kw_only", "eq"})
# A class that has one of these of its own stays as it is.
OVERRIDDEN: Final = frozenset({"__init__", "__eq__", "__hash__", "__setattr__", "__delattr__"})
WRITTEN: Final = ("init", "repr", "eq", "frozen")


def main(folder: Path, place: str) -> None:
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_bytes())
        write_methods(tree)
        write_bytecode(tree, path, f"{place}/{path.relative_to(folder)}")


def write_methods(tree: ast.Module) -> int:
    """Write the methods of the module's dataclasses; return of how many."""
    number = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and (found := read(node)):
            number += 1
            written = ast.parse("\n".join(found.methods())).body
            for each in (inner for method in written for inner in ast.walk(method)):
                ast.copy_location(each, node)
            if ast.get_docstring(node) is None:
                # Otherwise ``dataclass`` writes one, for which it loads ``inspect``.
                text = ast.Constant(f"{node.name}({', '.join(found.names)})")
                node.body.insert(0, ast.Expr(text))
            node.body += written
            found.decorator.keywords = [
                *(each for each in found.decorator.keywords if each.arg not in WRITTEN),
                *(ast.keyword(name, ast.Constant(value=False)) for name in WRITTEN),
            ]
            ast.fix_missing_locations(node)
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """``given`` is what it has if it is left out, ``made`` what makes that; empty if neither is."""

    name: str
    given: str = ""
    made: str = ""
    repr: bool = True
    compare: bool = True

    @property
    def parameter(self) -> str:
        default = "..." if self.made else self.given
        return f"{self.name}={default}" if default else self.name

    @property
    def value(self) -> str:
        return f"({self.made})() if {self.name} is ... else {self.name}" if self.made else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataclass:
    """What is known of one; ``own`` are its own methods."""

    decorator: ast.Call
    options: dict[str, bool]
    fields: tuple[Field, ...]
    own: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.fields)

    def methods(self) -> Iterator[str]:
        has_eq, is_frozen = self.options.get("eq", True), self.options.get("frozen", False)
        yield from self.init(is_frozen=is_frozen)
        if "__repr__" not in self.own:
            shown = ", ".join(
                f"{each.name}={{self.{each.name}!r}}" for each in self.fields if each.repr
            )
            yield f"def __repr__(self): return f'{{self.__class__.__qualname__}}({shown})'"
        if has_eq:
            compared = [each.name for each in self.fields if each.compare]
            same = " and ".join(f"self.{name} == other.{name}" for name in compared)
            yield "def __eq__(self, other):"
            yield " if other.__class__ is not self.__class__: return NotImplemented"
            yield f" return {same or True}"
            if is_frozen:
                values = "".join(f"self.{name}, " for name in compared)
                yield f"def __hash__(self): return hash(({values}))"
        if is_frozen:
            yield from self.refusals()
            if self.options.get("slots"):
                yield from self.copying()

    def init(self, *, is_frozen: bool) -> Iterator[str]:
        star = ["*"] if self.options.get("kw_only") and self.fields else []
        parameters = ", ".join(["self", *star, *(each.parameter for each in self.fields)])
        yield f"def __init__({parameters}):"
        yield " _set = object.__setattr__" if is_frozen else " pass"
        for each in self.fields:
            name, value = each.name, each.value
            yield f" _set(self, {name!r}, {value})" if is_frozen else f" self.{name} = {value}"
        if "__post_init__" in self.own:
            yield " self.__post_init__()"

    def refusals(self) -> Iterator[str]:
        for name, more, verb in (("set", ", value", "assign to"), ("del", "", "delete")):
            yield f"def __{name}attr__(self, name{more}):"
            yield " from dataclasses import FrozenInstanceError"
            yield f" raise FrozenInstanceError(f'cannot {verb} field {{name!r}}')"

    def copying(self) -> Iterator[str]:
        """Yield what ``copy`` and ``pickle`` use where they can't set attributes."""
        yield f"def __getstate__(self): return [{', '.join(f'self.{name}' for name in self.names)}]"
        yield "def __setstate__(self, state):"
        yield f" for name, value in zip({self.names}, state):"
        yield "  object.__setattr__(self, name, value)"


def read(node: ast.ClassDef) -> Dataclass | None:
    """Return what is known of a dataclass, ``None`` for a class that has to stay as it is."""
    match node:
        case ast.ClassDef(
            bases=[], decorator_list=[ast.Call(func=ast.Name("dataclass"), args=[]) as decorator]
        ):
            options = {str(each.arg): ast.literal_eval(each.value) for each in decorator.keywords}
        case _:
            return None
    own = frozenset(each.name for each in node.body if isinstance(each, ast.FunctionDef))
    fields = [field_of(each) for each in node.body if isinstance(each, ast.AnnAssign)]
    known = tuple(each for each in fields if each)
    if len(known) < len(fields) or own & OVERRIDDEN or not options.keys() <= OPTIONS:
        return None
    return Dataclass(decorator=decorator, options=options, fields=known, own=own)


def field_of(node: ast.AnnAssign) -> Field | None:
    """Return the field, ``None`` for what is none or has other options than these."""
    name, kind = ast.unparse(node.target), ast.unparse(node.annotation)
    if "ClassVar" in kind or "InitVar" in kind or "KW_ONLY" in kind:
        return None
    match node.value:
        case None:
            return Field(name=name)
        case ast.Call(func=ast.Name("field"), keywords=keywords):
            options = {str(each.arg): each.value for each in keywords}
        case value:
            return Field(name=name, given=ast.unparse(value))
    if not options.keys() <= {"default", "default_factory", "repr", "compare"}:
        return None
    return Field(
        name=name,
        given=ast.unparse(options["default"]) if "default" in options else "",
        made=ast.unparse(options["default_factory"]) if "default_factory" in options else "",
        **{
            each: ast.literal_eval(options[each]) for each in ("repr", "compare") if each in options
        },
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
