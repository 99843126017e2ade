"""What `make build` makes for AWS, whatever Python and processor this machine has."""

import os
import struct
from pathlib import Path

import pytest

from local.environment import installer_environment
from local.interrupts import Interrupts
from local.paths import ROOT, SAM, UV
from local.processes import Process
from local.sam import BUILD_STANDSTILL_SECONDS

ARM64 = 183  # e_machine of an ELF file


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    environment = installer_environment(folder, os.environ) | {
        "AWS_DEFAULT_REGION": "eu-west-1",
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(folder),
        "UV": str(UV),
    }
    command: list[str | Path] = [SAM, "build", "--parallel", "--template", ROOT / "template.yaml"]
    command += ["--build-dir", folder / "artifacts", "--cache-dir", folder / "cache"]
    log = folder / "build.log"
    process = Process("sam build", command, log=log, interrupts=Interrupts())
    try:
        process.start(environment=environment, directory=ROOT)
        process.wait_until_done(standstill=BUILD_STANDSTILL_SECONDS)
    finally:
        process.stop()
    return folder / "artifacts"


def names_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_dependencies_are_for_arm64_and_python_3_13(built: Path) -> None:
    libraries = sorted(built.glob("*Layer/python/**/*.so*"))
    assert {path.relative_to(built).parts[0] for path in libraries} == {
        "DependenciesLayer",
        "PicturesLayer",
    }
    for library in libraries:
        header = library.read_bytes()[:20]
        assert header[:4] == b"\x7fELF", library
        assert struct.unpack("<H", header[18:20]) == (ARM64,), library
    extensions = [library.name for library in libraries if ".cpython-" in library.name]
    assert extensions
    assert [name for name in extensions if ".cpython-313-aarch64-" not in name] == []


def test_the_dependencies_lie_where_lambda_looks(built: Path) -> None:
    packages = {path.name for path in (built / "DependenciesLayer" / "python").iterdir()}
    assert {"httpx", "pydantic", "pydantic_core", "aws_lambda_powertools"} <= packages
    assert packages.isdisjoint({"boto3", "botocore", "pytest", "ringback", "bin", "PIL"})
    assert "PIL" in {path.name for path in (built / "PicturesLayer" / "python").iterdir()}


def test_every_function_is_its_app_and_nothing_else(built: Path) -> None:
    functions = sorted(built.glob("*Function"))
    assert len(functions) == len(list((ROOT / "functions").iterdir()))
    assert {folder.name: names_in(folder) for folder in functions} == {
        folder.name: {"app.py"} for folder in functions
    }


def test_our_own_layer_is_ringback_and_nothing_else(built: Path) -> None:
    names = {name for name in names_in(built / "SharedLayer") if "/__pycache__/" not in name}
    source = ROOT / "layers" / "shared" / "ringback"
    assert names == {f"python/ringback/{path.relative_to(source)}" for path in source.rglob("*.py")}


def test_bytecode_is_for_python_3_13_if_it_is_there_at_all(built: Path) -> None:
    """A cache of this machine's Python would be dead weight."""
    caches = [path.name for path in built.rglob("*.pyc")]
    assert [name for name in caches if not name.endswith(".cpython-313.pyc")] == []
