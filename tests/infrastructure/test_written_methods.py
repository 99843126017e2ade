"""Dataclasses whose methods the layer's build writes are as those that ``dataclass`` makes."""

import ast
import copy
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from write_methods import main, write_methods

from tests.support.template import ROOT

SHARED = ROOT / "layers" / "shared"
MODULES = sorted(
    path.relative_to(SHARED)
    for path in (SHARED / "ringback").rglob("*.py")
    if "@dataclass(" in path.read_text()
)


def again(module: Path) -> ModuleType:
    """Return the module once more, from what the build compiles."""
    path = SHARED / module
    tree = ast.parse(path.read_text())
    write_methods(tree)
    made = ModuleType(".".join(module.with_suffix("").parts))
    exec(compile(tree, path, "exec"), vars(made))  # noqa: S102 our own module
    return made


def dataclasses_of(module: ModuleType) -> dict[str, Any]:
    return {
        name: each
        for name, each in vars(module).items()
        if isinstance(each, type) and is_dataclass(each) and each.__module__ == module.__name__
    }


def is_written(made: Any) -> bool:
    """``dataclass`` itself annotates what it makes."""
    return not made.__init__.__annotations__


def outcome(of: Callable[[], object]) -> object:
    try:
        return of()
    except Exception as error:  # noqa: BLE001 the other class has to raise the same one
        return type(error), str(error)


def needed(made: Any) -> list[str]:
    """Return the fields that an instance has to be made with."""
    found = inspect.signature(made).parameters.values()
    return [each.name for each in found if each.default is each.empty]


def behaviour(made: Any) -> Iterator[object]:
    for each in inspect.signature(made).parameters.values():
        default = repr(each.default).partition(" at ")[0]
        yield each.name, each.kind, default.replace("Ellipsis", "<factory>")
    names = [each.name for each in fields(made)]
    yield names, made.__match_args__, getattr(made, "__slots__", None), made.__hash__ is None

    def one() -> Any:
        return made(**{name: number for number, name in enumerate(names, start=1)})

    yield outcome(lambda: repr(one()))
    yield outcome(lambda: repr(made(**dict.fromkeys(needed(made), 1))).partition(" at ")[0])
    yield outcome(lambda: (one() == one(), one().__eq__(1), copy.copy(one()) == one()))
    yield outcome(lambda: hash(one()) if made.__eq__ is not object.__eq__ else None)
    for name in names:
        yield outcome(lambda: replace(one(), **{name: 99}) == one())  # noqa: B023 called at once
        yield outcome(lambda: setattr(one(), name, 99))  # noqa: B023
        yield outcome(lambda: delattr(one(), name))  # noqa: B023


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_written_methods_behave_as_those_of_dataclass(module: Path) -> None:
    made = dataclasses_of(again(module))
    ours = dataclasses_of(import_module(".".join(module.with_suffix("").parts)))
    assert made.keys() == ours.keys()
    for name, each in made.items():
        if is_written(each):
            assert list(behaviour(each)) == list(behaviour(ours[name]))


def test_the_methods_of_nearly_all_dataclasses_are_written() -> None:
    sources = [(SHARED / module).read_text() for module in MODULES]
    written = sum(write_methods(ast.parse(source)) for source in sources)
    assert written >= sum(source.count("@dataclass(") for source in sources) - 5


EXAMPLES = """
from dataclasses import dataclass
from typing import ClassVar

@dataclass(frozen=True)
class Checked:
    size: int
    def __post_init__(self):
        if self.size < 2:
            raise ValueError(self.size)

@dataclass(slots=True, eq=False)
class Plain:
    size: int

@dataclass(frozen=True)
class Counted:
    most: ClassVar[int] = 3
    size: int

@dataclass(frozen=True, order=True)
class Ordered:
    size: int
"""


def test_what_a_dataclass_may_be() -> None:
    tree = ast.parse(EXAMPLES)
    assert write_methods(tree) == 2
    made, ours = ModuleType("examples"), ModuleType("examples")
    exec(compile(tree, "examples", "exec"), vars(made))  # noqa: S102 the text above
    exec(EXAMPLES, vars(ours))  # noqa: S102
    for name, each in dataclasses_of(ours).items():
        assert list(behaviour(vars(made)[name])) == list(behaviour(each))


def test_the_build_compiles_them(tmp_path: Path) -> None:
    (tmp_path / "examples.py").write_text(EXAMPLES)
    (tmp_path / "__pycache__").mkdir()
    main(tmp_path, "/opt/python")
    # The bytecode is used without a look at its source.
    (tmp_path / "examples.py").write_text("")
    code = "import examples; print(examples.Checked(3))"
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)  # noqa: S603
    assert told.stdout.strip() == "Checked(size=3)"
    (compiled,) = tmp_path.rglob("*.pyc")
    assert b"/opt/python/examples.py" in compiled.read_bytes()
