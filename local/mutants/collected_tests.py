"""A pytest plugin that runs the collected tests once for each fault, in a fork.

First they run without one, to see which tests reach which functions, and how long they take.
"""

import ast
import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import CodeType, FrameType
from typing import Any

import pytest

from local.mutants.children import Children, Outcome, fork
from local.mutants.live_code import (
    Name,
    Replacement,
    RunsAtImport,
    functions_of,
    name_of,
    replacements,
)
from local.mutants.modules import Module
from local.mutants.mutations import Mutation

MEASURING_SECONDS = 600.0


@dataclass(frozen=True)
class Reach:
    """The functions of the module that a test calls, and the seconds that it takes."""

    test: int
    seconds: float
    functions: frozenset[Name]


@dataclass
class CollectedTests:
    """Sends the seconds that the tests take, then the number and the outcome of each mutation."""

    module: Module
    mutations: Sequence[Mutation]
    results: Connection
    at_once: int
    until: float
    _called: set[Name] = field(default_factory=set)
    _reaches: list[Reach] = field(default_factory=list)
    _measured: Connection | None = None

    def pytest_collection(self) -> None:
        self._note_calls()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Return ``None`` in a fork, where pytest runs the chosen tests."""
        importlib.import_module(self.module.dotted)
        sys.settrace(None)
        threading.settrace(None)
        receiver, sender = Pipe(duplex=False)
        child = fork(within=MEASURING_SECONDS)
        if not child:
            self._measured = sender
            return None
        sender.close()
        if not receiver.poll(self.until - time.monotonic()):
            os.killpg(child, signal.SIGKILL)
            self._give_up()
            return True
        try:
            self._reaches, imported = receiver.recv()
        except EOFError:
            return True
        finally:
            os.waitpid(child, 0)
        self.results.send(sum(each.seconds for each in self._reaches))
        import_theirs(imported)
        return self._try_each(session)

    def _give_up(self) -> None:
        self.results.send(0.0)
        for number, _ in enumerate(self.mutations):
            self.results.send((number, Outcome.NOT_TRIED))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        if not self._measured:
            return (yield)
        self._called = set()
        self._note_calls()
        began = time.monotonic()
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)
            seconds = time.monotonic() - began
            reach = Reach(len(self._reaches), seconds, frozenset(self._called))
            self._reaches.append(reach)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if self._measured and exitstatus == 0:
            self._measured.send((self._reaches, list(sys.modules)))

    def _note_calls(self) -> None:
        file, called = str(self.module.file), self._called

        def note(frame: FrameType, event: str, _: object) -> None:
            if event == "call" and frame.f_code.co_filename == file:
                called.add(name_of(frame.f_code))

        sys.settrace(note)
        threading.settrace(note)

    def _try_each(self, session: pytest.Session) -> bool | None:
        source = self.module.file.read_text()
        original, functions = self._compiled(ast.parse(source)), functions_of(self.module.file)
        children = Children[int](self.at_once)
        for number, mutation in enumerate(self.mutations):
            if time.monotonic() >= self.until:
                self.results.send((number, Outcome.NOT_TRIED))
                continue
            faulty = self._compiled(mutation.applied_to(ast.parse(source)))
            try:
                changes = replacements(original, faulty, functions)
            except RunsAtImport:
                self.results.send((number, Outcome.RUNS_AT_IMPORT))
                continue
            names = {name_of(change.function.__code__) for change in changes}
            if names & self._called:
                self.results.send((number, Outcome.RUNS_AT_IMPORT))
                continue
            chosen = self._reaching(names)
            if not chosen:
                self.results.send((number, Outcome.SURVIVED))
                continue
            within = 10 + 5 * sum(reach.seconds for reach in chosen)
            child = fork(within=within)
            if not child:
                self._prepare(session, changes, chosen)
                return None
            children.add(child, number, within=within)
            for result in children.outcomes():
                self.results.send(result)
        for result in children.outcomes(of_all=True):
            self.results.send(result)
        return True

    def _reaching(self, names: set[Name]) -> list[Reach]:
        chosen = [reach for reach in self._reaches if reach.functions & names]
        return sorted(chosen, key=lambda reach: reach.seconds)

    def _prepare(
        self, session: pytest.Session, changes: Sequence[Replacement], chosen: Sequence[Reach]
    ) -> None:
        for change in changes:
            change.make()
        session.items[:] = [session.items[reach.test] for reach in chosen]

    def _compiled(self, tree: ast.Module) -> CodeType:
        code: CodeType = compile(tree, str(self.module.file), "exec")
        return code


def import_theirs(names: Sequence[str]) -> None:
    """Import once, for all trials, what libraries import when they are first used."""
    for name in names:
        if name.partition(".")[0] in ("boto3", "botocore", "moto", "httpx", "httpcore"):
            with suppress(ImportError):  # some names are aliases
                importlib.import_module(name)
