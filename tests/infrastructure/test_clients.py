"""The client stands alone: for who installs it, and for the stack."""

import re
import resource
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

from tests.infrastructure.test_layering import STANDARD, imported_names
from tests.support.template import ROOT

CLIENT: Final = ROOT / "clients/python"
# The packages of each, besides the standard library and its own.
ALLOWED: Final = {
    "ringback_client": {"httpx", "websockets"},
    "ringback_cli": {"click", "rich", "ringback_client"},
}
# What a command needs is imported when it runs.
SLOW: Final = {"httpx", "websockets", "rich", "asyncio", "ringback_client"}
# Measured 0.08 to 0.12 s: a machine that is busy takes longer.
MAX_HELP_SECONDS: Final = 1.0


def sources(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text() for path in sorted(folder.rglob("*.py"))}


def foreign(package: str, source: str) -> list[str]:
    allowed = STANDARD | ALLOWED[package] | {package}
    return [name for name in imported_names(source) if name.partition(".")[0] not in allowed]


@pytest.mark.parametrize("package", ALLOWED)
def test_the_client_imports_nothing_of_ours(package: str) -> None:
    found = sources(CLIENT / package)
    assert len(found) > 8
    assert [(name, foreign(package, text)) for name, text in found.items()] == [
        (name, []) for name in found
    ]


@pytest.mark.parametrize(
    "line", ["import boto3", "from ringback.domain import jobs", "import local"]
)
def test_a_planted_import_is_found(line: str) -> None:
    assert foreign("ringback_client", line) != []


@pytest.mark.parametrize("folder", ["layers", "functions", "local"])
def test_the_stack_does_not_import_the_client(folder: str) -> None:
    for name, text in sources(ROOT / folder).items():
        found = {each.partition(".")[0] for each in imported_names(text)}
        assert not found & ALLOWED.keys(), name


def test_the_distribution_asks_for_what_it_imports_and_is_typed() -> None:
    project = tomllib.loads((CLIENT / "pyproject.toml").read_text())["project"]
    asked = {re.split(r"[~<>=]", line)[0] for line in project["dependencies"]}
    assert asked == set().union(*ALLOWED.values()) - ALLOWED.keys()
    assert all((CLIENT / package / "py.typed").exists() for package in ALLOWED)


def test_the_help_starts_at_once() -> None:
    report = "import sys, ringback_cli.main; print(*sys.modules)"
    shown = subprocess.run(  # noqa: S603
        [sys.executable, "-c", report], capture_output=True, text=True, check=True
    )
    assert not {name.partition(".")[0] for name in shown.stdout.split()} & SLOW
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = Path(sys.executable).with_name("ringback")
    subprocess.run([command, "--help"], capture_output=True, check=True)  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert 0 < seconds < MAX_HELP_SECONDS
