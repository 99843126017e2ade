"""The build compiles the packages' regular expressions to what ``re`` would make of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from layers.dependencies import precompile_patterns
from layers.dependencies.precompile_patterns import MODULE, SERVICES
from layers.dependencies.reduce_botocore import OPERATIONS

COMPARE = """
import re
import precompiled_patterns as made

assert re._compiler.compile is made.compile
assert len(made.PATTERNS) > 100
for pattern, flags in made.PATTERNS:
    one, other = made.compile(pattern, flags), made.compile_anew(pattern, flags)
    # Equal patterns have the same text, flags and code.
    assert one == other, pattern
    assert (one.groups, one.groupindex) == (other.groups, other.groupindex), pattern
assert re.compile("a(?P<new>b)", re.I).fullmatch("AB")["new"] == "B"
anew = []
made.compile_anew = lambda pattern, flags: anew.append(pattern)
import httpx, aws_lambda_powertools, botocore.session
assert len(anew) < 5, anew
"""
OF_ANOTHER_PYTHON = """
import re
before = re._compiler.compile
import precompiled_patterns
assert re._compiler.compile is before
"""


def run(*arguments: str | Path, folder: Path) -> None:
    done = subprocess.run(  # noqa: S603 Python itself
        [sys.executable, *arguments],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the patterns of the packages that the tests use."""
    folder = tmp_path_factory.mktemp("packages")
    run(str(precompile_patterns.__file__), folder, folder=folder)
    return folder


def test_patterns_are_what_re_makes_of_them(made: Path) -> None:
    run("-c", COMPARE, folder=made)


def test_patterns_for_another_python_are_not_used(made: Path, tmp_path: Path) -> None:
    source = (made / f"{MODULE}.py").read_text()
    (tmp_path / f"{MODULE}.py").write_text(source.replace("_sre.MAGIC ==", "_sre.MAGIC + 1 =="))
    run("-c", OF_ANOTHER_PYTHON, folder=tmp_path)


def test_clients_are_made_of_the_services_that_functions_call() -> None:
    assert set(SERVICES) == set(OPERATIONS)
