"""The layer's packages load less than they could, and still work."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from layers.dependencies.reduce_packages import EDITS, edit, main

PACKAGES = sorted({name.partition("/")[0] for name, *_ in EDITS})
# What each of them would load by itself.
REPORT = """
import sys
import certifi, urllib3
from aws_lambda_powertools import Logger
print(*sorted(sys.modules), sep="\\n")
Logger(service="x").inject_lambda_context(lambda _event, _context: None)
assert certifi.contents() == open(certifi.where(), encoding="ascii").read() != ""
"""
UNUSED = {
    *("aws_lambda_powertools.metrics", "aws_lambda_powertools.tracing", "jmespath"),
    "aws_lambda_powertools.shared.user_agent",
    *("importlib.metadata", "importlib.resources", "typing_extensions", "zipfile"),
}


def source_of(package: str) -> Path:
    found = find_spec(package)
    assert found is not None
    return Path(str(found.origin)).parent


def loaded_with(folder: Path) -> set[str]:
    done = subprocess.run(  # noqa: S603 Python itself
        [sys.executable, "-c", REPORT],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_edited_packages_work_and_load_less(tmp_path: Path) -> None:
    whole = {package: source_of(package) for package in PACKAGES}
    for package, source in whole.items():
        shutil.copytree(source, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    assert loaded_with(tmp_path) >= UNUSED
    main(tmp_path)
    assert loaded_with(tmp_path).isdisjoint(UNUSED)


def test_a_text_that_is_not_there_once_fails_the_build(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    for text in ("", "a a"):
        file.write_text(text)
        with pytest.raises(SystemExit, match="not there once: 'a'"):
            edit(file, "a", "b")
