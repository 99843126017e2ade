"""Bytecode in everything that is built, whatever SAM's cache has kept."""

import shutil
import struct
import subprocess
import sys
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest

from local.bytecode import main, without_bytecode
from local.paths import ROOT

CACHE = f".{sys.implementation.cache_tag}.pyc"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Return artifacts as SAM's cache may have kept them: compiled in part."""
    for name in (
        "SharedLayer/python/ours/one.py",
        "SharedLayer/python/ours/two.py",
        "XFunction/app.py",
    ):
        path = tmp_path / "build" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"NAME = {name!r}\n")
    (tmp_path / "build" / "template.yaml").touch()
    cache = tmp_path / "build/SharedLayer/python/ours/__pycache__"
    cache.mkdir()
    cache.joinpath("one.cpython-27.pyc").touch()
    return tmp_path / "build"


def test_every_module_is_compiled_for_where_lambda_has_it(built: Path) -> None:
    assert len(without_bytecode(built)) == 3
    assert main(built) == 0
    archive = shutil.make_archive(str(built.parent / "artifact"), "zip", built)
    unzipped = built.parent / "unzipped"
    shutil.unpack_archive(archive, unzipped)
    caches = sorted(unzipped.rglob(f"*{CACHE}"))
    assert len(caches) == len(list(unzipped.rglob("*.py"))) == 3
    for cache in caches:
        content = cache.read_bytes()
        # Not checked against the source: https://peps.python.org/pep-0552/
        assert struct.unpack("<4sI", content[:8]) == (MAGIC_NUMBER, 0b01)
    assert b"/opt/python/ours/two.py" in caches[1].read_bytes()
    assert b"/var/task/app.py" in caches[2].read_bytes()


def test_what_has_bytecode_keeps_it(built: Path) -> None:
    main(built)
    before = {path: path.stat().st_mtime_ns for path in built.rglob("*.pyc")}
    assert main(built) == 0
    assert {path: path.stat().st_mtime_ns for path in built.rglob("*.pyc")} == before


def test_a_module_that_does_not_compile_is_counted(built: Path) -> None:
    (built / "XFunction" / "app.py").write_text("def\n")
    assert main(built) == 1


def finding_script(folder: Path) -> str:
    """Return how the Makefile finds a Python, in another folder and without a download."""
    script = (ROOT / "Makefile").read_text().partition("define lambda_python\n")[2]
    values = {"$(LAMBDA_PYTHON)": "", "$(CURDIR)": str(folder), "$(UV)": "false", "$$": "$"}
    script = script.partition("\nendef")[0]
    for name, value in values.items():
        assert name in script
        script = script.replace(name, value)
    return script


@pytest.mark.parametrize("version", ["", "2.13", "3.13"])
def test_a_shim_without_a_python_is_passed_over(tmp_path: Path, version: str) -> None:
    """A shim of pyenv is there for each installed version, and fails unless that is chosen."""
    shims, real = tmp_path / "shims", tmp_path / f".pyenv/versions/{version}.0/bin"
    for folder, code in ((shims, 127), (real, 0)):
        folder.mkdir(parents=True)
        python = folder / "python3.13"
        python.write_text(f"#!/bin/sh\nexit {code}\n")
        python.chmod(0o755)
    for name in ("python3", "python"):
        (shims / name).symlink_to("python3.13")
    found = subprocess.run(  # noqa: S603 our own script
        ["/bin/bash", "-c", finding_script(tmp_path)],
        env={"PATH": f"{shims}:/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    if version == "3.13":
        assert found == [str(real / "python3.13")]
    else:
        assert str(shims) not in " ".join(found)
