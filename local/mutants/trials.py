"""Run the tests of a module with one fault in it, in a process of its own.

The child is a fork, so that what all tests import is imported once. No file is changed: the module
is compiled from the faulty tree when the tests import it.
"""

import ast
import importlib
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from local.mutants.modules import Module
from local.mutants.mutations import Mutation

# What tests import and faults are never put into.
_PRELOADED = ("boto3", "moto", "httpx", "pydantic", "hypothesis", "aws_lambda_powertools", "PIL")
# pytest warns of plugins that were imported before it, as some of these are.
_OPTIONS = (
    *("-x", "-q", "-p", "no:cacheprovider", "-p", "no:faulthandler"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Trial:
    """``within`` is in seconds: a fault that makes the tests hang is noticed."""

    module: Module
    mutation: Mutation
    within: float

    def __str__(self) -> str:
        return f"{self.module.name}:{self.mutation.line}: {self.mutation.what}"


@dataclass
class _Faulty(MetaPathFinder):
    """Finds one module, with a fault in it."""

    module: Module
    tree: ast.Module

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self.module.dotted:
            return None
        loader = _TreeLoader(name, self.module.file, self.tree)
        return spec_from_file_location(name, self.module.file, loader=loader)


class _TreeLoader(SourceFileLoader):
    def __init__(self, name: str, file: Path, tree: ast.Module) -> None:
        super().__init__(name, str(file))
        self._tree = tree

    def get_code(self, fullname: str) -> CodeType:
        code: CodeType = compile(self._tree, self.path, "exec")
        return code


def seconds_without_fault(module: Module) -> float:
    """Return how long the module's tests take. Raises if they fail as they are."""
    preload()
    began = time.monotonic()
    status = _wait(_start(module, ast.parse(module.file.read_text())), within=600.0)
    if status != 0:
        raise SystemExit(f"the tests of {module.name} fail without a fault in it")
    return time.monotonic() - began


def preload() -> None:
    for name in _PRELOADED:
        importlib.import_module(name)


def run(
    trials: Iterator[Trial], *, at_once: int, until: float
) -> Iterator[tuple[Trial, bool | None]]:
    """Yield each trial with whether a test noticed, ``None`` if there was no time left for it.

    ``until`` is on the monotonic clock.
    """
    running: dict[int, tuple[Trial, float]] = {}
    for trial in trials:
        if time.monotonic() >= until:
            yield trial, None
            continue
        tree = ast.parse(trial.module.file.read_text())
        child = _start(trial.module, trial.mutation.applied_to(tree))
        running[child] = (trial, time.monotonic() + trial.within)
        while len(running) >= at_once:
            yield from _ended(running)
    while running:
        yield from _ended(running)


def _ended(running: dict[int, tuple[Trial, float]]) -> Iterator[tuple[Trial, bool]]:
    time.sleep(POLL_SECONDS)
    for child, (trial, end) in list(running.items()):
        status = _wait(child, within=0.0, kill=time.monotonic() >= end)
        if status is not None:
            del running[child]
            yield trial, status != 0


def _start(module: Module, tree: ast.Module) -> int:
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        os.setpgid(0, 0)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        os.environ.pop("MAKELEVEL", None)
        sys.meta_path.insert(0, _Faulty(module, tree))
        code = int(pytest.main([*_OPTIONS, *module.tests]))
    finally:
        os._exit(code)


def _wait(child: int, *, within: float, kill: bool = False) -> int | None:
    """Return the exit status of a child, ``None`` if it runs on; ``kill`` ends it first."""
    end = time.monotonic() + within
    while True:
        if kill:
            os.killpg(child, signal.SIGKILL)
        ended, status = os.waitpid(child, 0 if kill else os.WNOHANG)
        if ended:
            return status
        if time.monotonic() >= end:
            return None
        time.sleep(POLL_SECONDS)
