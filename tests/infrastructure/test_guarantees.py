"""The tests and files that docs/guarantees.md names exist."""

import re

from tests.support.template import ROOT

GUARANTEES = (ROOT / "docs" / "guarantees.md").read_text()


def test_every_named_test_exists() -> None:
    written = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"def (test_\w+)", written))
    named = set(re.findall(r"`(test_\w+)`", GUARANTEES))
    assert len(named) > 20
    assert named <= there


def test_every_named_file_exists() -> None:
    named = re.findall(r"`((?:tests|providers|domain)/[\w/.]+)`", GUARANTEES)
    roots = (ROOT, ROOT / "layers" / "shared" / "ringback")
    assert named
    assert [name for name in named if not any((root / name).exists() for root in roots)] == []
