"""What `make build` makes for AWS, whatever Python and processor this machine has."""

import os
import shutil
import struct
import subprocess
import sys
import zipfile
from importlib.util import MAGIC_NUMBER, find_spec
from pathlib import Path

import pytest

from layers.dependencies.reduce_packages import EDITS
from local.environment import installer_environment
from local.interrupts import Interrupts
from local.paths import ROOT, SAM, UV
from local.processes import Process
from local.sam import BUILD_STANDSTILL_SECONDS

ARM64 = 183  # e_machine of an ELF file
# Tests download no Python.
PYTHONS = [sys.executable] if sys.version_info[:2] == (3, 13) else []
PYTHONS += map(str, Path.home().glob(".pyenv/versions/3.13.*/bin/python3.13"))
LAMBDA_PYTHON = PYTHONS[0] if PYTHONS else ""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    environment = installer_environment(folder, os.environ) | {
        "AWS_DEFAULT_REGION": "eu-west-1",
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(folder),
        "UV": str(UV),
        "LAMBDA_PYTHON": LAMBDA_PYTHON,
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
    if LAMBDA_PYTHON:
        # As `make build` does: SAM copies functions without a Python of Lambda's.
        compiling = [LAMBDA_PYTHON, str(ROOT / "local/bytecode.py"), str(folder / "artifacts")]
        subprocess.run(compiling, check=True)  # noqa: S603
    return folder / "artifacts"


def is_as_installed(built: Path, name: str) -> bool:
    package = find_spec(name.partition("/")[0])
    installed = Path(str(package and package.origin)).parents[1] / name
    layer = "PicturesLayer" if name.startswith("PIL/") else "DependenciesLayer"
    return (built / layer / "python" / name).read_text() == installed.read_text()


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
    assert {"botocore", "httpx", "pydantic", "pydantic_core"} <= packages
    assert "aws_lambda_powertools" in packages
    assert packages.isdisjoint({"boto3", "s3transfer", "pytest", "ringback", "bin", "PIL"})
    edited = {name for name, *_ in EDITS}
    assert [name for name in edited if is_as_installed(built, name)] == []
    assert ("precompiled_patterns.py" in packages) is bool(LAMBDA_PYTHON)
    assert len(list((built / "DependenciesLayer/python/certifi/roots").iterdir())) > 100
    assert "PIL" in {path.name for path in (built / "PicturesLayer" / "python").iterdir()}


def test_every_function_is_what_is_in_its_folder_and_nothing_else(built: Path) -> None:
    functions = sorted(built.glob("*Function"))
    assert len(functions) == len(list((ROOT / "functions").iterdir()))
    caches = {"__pycache__/app.cpython-313.pyc"} if LAMBDA_PYTHON else set[str]()
    page = {f"page/{path.name}" for path in (ROOT / "functions/serve_studio/page").iterdir()}
    more = {"ServeStudioFunction": page}
    assert {folder.name: names_in(folder) for folder in functions} == {
        folder.name: {"app.py"} | caches | more.get(folder.name, set()) for folder in functions
    }


def test_our_own_layer_is_ringback_and_nothing_else(built: Path) -> None:
    names = {name for name in names_in(built / "SharedLayer") if "/__pycache__/" not in name}
    source = ROOT / "layers" / "shared" / "ringback"
    files = (path for path in source.rglob("*.*") if path.suffix in (".py", ".json", ".html"))
    made = {"python/ringback/catalogue/precompiled_schemas.py"}
    made |= {"python/ringback/precompiled_patterns.py"} if LAMBDA_PYTHON else set[str]()
    assert names == {f"python/ringback/{path.relative_to(source)}" for path in files} | made


def test_every_module_has_bytecode_of_lambda_s_python_or_none_has(
    built: Path, tmp_path: Path
) -> None:
    """A cache of another Python would be dead weight. Counted in what is uploaded: zip files."""
    for artifact in (path for path in built.iterdir() if path.is_dir()):
        archive = shutil.make_archive(str(tmp_path / artifact.name), "zip", artifact)
        with zipfile.ZipFile(archive) as file:
            names = [Path(name) for name in file.namelist()]
        caches = {str(path) for path in names if path.suffix == ".pyc"}
        expected = {
            str(path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc")
            for path in names
            if path.suffix == ".py"
        }
        assert expected
        assert caches == (expected if LAMBDA_PYTHON else set())


def test_bytecode_is_used_without_a_look_at_its_source(tmp_path: Path) -> None:
    """Zip files change modification times, and Lambda could store nothing that it compiles.

    The flags after a cache's magic number: https://peps.python.org/pep-0552/
    """
    made = tmp_path / "artifacts"
    variables = [f"ARTIFACTS_DIR={made}", f"LAMBDA_PYTHON={sys.executable}", "LOCAL_PYTHON="]
    variables += [f"UV={UV}"]
    command = ["make", "-C", str(ROOT / "layers/shared"), "build-SharedLayer", *variables]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    modules = list(made.rglob("*.py"))
    caches = list(made.rglob("*.pyc"))
    assert len(caches) == len(modules) > 50
    for cache in caches:
        magic, flags = struct.unpack("<4sI", cache.read_bytes()[:8])
        assert (magic, flags) == (MAGIC_NUMBER, 0b01)
