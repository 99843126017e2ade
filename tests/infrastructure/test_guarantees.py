"""docs/guarantees.md names the test that would fail without each promise: they are there."""

import re

from tests.support.template import ROOT

GUARANTEES = (ROOT / "docs" / "guarantees.md").read_text()


def test_every_test_that_a_promise_stands_on_exists() -> None:
    written = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"def (test_\w+)", written))
    named = set(re.findall(r"`(test_\w+)`", GUARANTEES))
    assert len(named) > 20
    assert named <= there


def test_every_file_that_a_promise_stands_on_exists() -> None:
    named = re.findall(r"`((?:tests|providers|domain)/[\w/.]+)`", GUARANTEES)
    roots = (ROOT, ROOT / "layers" / "shared" / "ringback")
    assert named
    assert [name for name in named if not any((root / name).exists() for root in roots)] == []
