"""Run the tests of a module with one fault in it, in a process of its own.

Each trial is a fork of a process that has imported and collected the module's tests, and runs those
that reach the faulty function, quickest first. A fault in code that runs at import is tried in a
fork from before: the module is compiled from the faulty tree when the tests import it. No file is
changed.
"""

import ast
import importlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from multiprocessing import Pipe
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from local.mutants.children import Children, Outcome, fork, silence
from local.mutants.collected_tests import CollectedTests
from local.mutants.modules import Module
from local.mutants.mutations import Mutation

# What tests import and faults are never put into.
_PRELOADED = ("boto3", "moto", "httpx", "pydantic", "hypothesis", "aws_lambda_powertools", "PIL")
# pytest warns of plugins that were imported before it, as some of these are.
_OPTIONS = (
    *("-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:faulthandler"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
Result = tuple[Mutation, Outcome]


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


def preload() -> None:
    for name in _PRELOADED:
        importlib.import_module(name)


def outcomes(
    module: Module, found: Sequence[Mutation], *, at_once: int, until: float
) -> Iterator[Result]:
    """Try each mutation. ``until`` is on the monotonic clock.

    Raises ``SystemExit`` if the module's tests fail as they are.
    """
    if time.monotonic() >= until:
        yield from ((mutation, Outcome.NOT_TRIED) for mutation in found)
        return
    receiver, sender = Pipe(duplex=False)
    host = os.fork()
    if not host:
        receiver.close()
        tests = CollectedTests(module, found, sender, at_once=at_once, until=until)
        _run_pytest(module, tests)
    sender.close()
    at_import: list[Mutation] = []
    seconds: float | None = None
    try:
        seconds = receiver.recv()
        while True:
            number, outcome = receiver.recv()
            if outcome is Outcome.RUNS_AT_IMPORT:
                at_import.append(found[number])
            else:
                yield found[number], outcome
    except EOFError:
        _, status = os.waitpid(host, 0)
    if seconds is None or status:
        raise SystemExit(f"the tests of {module.name} fail without a fault in it")
    yield from _tried_at_import(module, at_import, at_once, until, within=10 + 5 * seconds)


def _tried_at_import(
    module: Module, found: Sequence[Mutation], at_once: int, until: float, *, within: float
) -> Iterator[Result]:
    children = Children[Mutation](at_once)
    for mutation in found:
        if time.monotonic() >= until:
            yield mutation, Outcome.NOT_TRIED
            continue
        tree = mutation.applied_to(ast.parse(module.file.read_text()))
        child = fork(within=within)
        if not child:
            sys.meta_path.insert(0, _Faulty(module, tree))
            _run_pytest(module)
        children.add(child, mutation, within=within)
        yield from children.outcomes()
    yield from children.outcomes(of_all=True)


def _run_pytest(module: Module, *plugins: object) -> None:
    """Run the module's tests, and end this process."""
    code = 70
    silence()
    try:
        os.environ.pop("MAKELEVEL", None)
        code = int(pytest.main([*_OPTIONS, *module.tests], plugins=plugins))
    finally:
        os._exit(code)
