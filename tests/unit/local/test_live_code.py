"""Faults in modules that are imported already."""

import ast
import sys
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from local.mutants.live_code import RunsAtImport, functions_of, replacements

SOURCE = """
from dataclasses import dataclass
from functools import cache

LIMIT = 3

def is_small(number):
    return number < LIMIT

@cache
def kept():
    return 1

@dataclass(frozen=True, slots=True)
class Window:
    size: int = 2

    def has_place(self, taken):
        return taken < self.size

class Counter(dict):
    def __init__(self):
        super().__init__()

def counter(start):
    def step():
        return start + 1
    return step
"""


@pytest.fixture
def module(tmp_path: Path) -> Iterator[ModuleType]:
    file = tmp_path / "subject.py"
    file.write_text(SOURCE)
    spec = spec_from_file_location("subject", file)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    sys.modules["subject"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["subject"]


def put(module: ModuleType, before: str, after: str) -> None:
    file = Path(str(module.__file__))
    assert before in SOURCE
    original, faulty = (
        compile(ast.parse(source), str(file), "exec")
        for source in (SOURCE, SOURCE.replace(before, after))
    )
    for each in replacements(original, faulty, functions_of(file)):
        each.make()


@pytest.mark.parametrize(
    ("before", "after", "behaviour", "expected"),
    [
        ("number < LIMIT", "number <= LIMIT", lambda module: module.is_small(3), True),
        ("return 1", "return 2", lambda module: module.kept(), 2),
        ("taken < self", "taken <= self", lambda module: module.Window().has_place(2), True),
        ("start + 1", "start - 1", lambda module: module.counter(1)(), 0),
    ],
)
def test_a_fault_in_a_function_is_there_without_a_new_import(
    module: ModuleType,
    before: str,
    after: str,
    behaviour: Callable[[ModuleType], Any],
    expected: object,
) -> None:
    held = module.is_small, module.Window
    put(module, before, after)
    assert behaviour(module) == expected
    assert held == (module.is_small, module.Window)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("LIMIT = 3", "LIMIT = 7"),
        ("size: int = 2", "size: int = 5"),
        ("frozen=True", "frozen=False"),
        ("super().__init__()", "pass"),
    ],
)
def test_what_runs_at_import_cannot_change(module: ModuleType, before: str, after: str) -> None:
    with pytest.raises(RunsAtImport):
        put(module, before, after)
