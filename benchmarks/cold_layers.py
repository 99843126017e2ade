"""The folders that a function finds in Lambda, made for a Python 3.13 of this machine.

The dependencies have the processor of this machine instead of Lambda's. Whatever Lambda's own
Python brings, its runtime client and boto3, has bytecode.
"""

import os
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from local.environment import installer_environment
from local.paths import ROOT, UV

LAYERS: Final = {"Dependencies": "dependencies", "Pictures": "dependencies", "Shared": "shared"}
FUNCTIONS: Final = Path(__file__).with_name("cold_functions")
LOCKS: Final = ROOT / "local/environments"


@dataclass(frozen=True, slots=True)
class Folders:
    """One of ``python/`` in each layer; the code of functions; what Lambda itself brings."""

    python: str
    layers: dict[str, Path]
    functions: Path
    usual: Path
    runtime: Path

    def path_of(self, function: str) -> str:
        """Return the folders to import from, as Lambda orders them."""
        if function in ("empty", "standard_library"):
            layers = []
        elif function.startswith("usual"):
            layers = [self.usual]
        else:
            names = ["Dependencies", "Shared", *(["Pictures"] if "thumb" in function else [])]
            layers = [self.layers[name] / "python" for name in names]
        return ":".join(map(str, [self.functions / function, *layers, self.runtime]))


def build(place: Path, python: str, *, certificate: Path) -> Folders:
    """Build everything into ``place``; clients trust ``certificate`` beside the roots they have."""
    folders = Folders(
        python=python,
        layers={name: place / name for name in LAYERS},
        functions=place / "functions",
        usual=place / "usual",
        runtime=place / "runtime",
    )
    for name, source in LAYERS.items():
        target = ["make", "-C", str(ROOT / "layers" / source), f"build-{name}Layer"]
        variables = {"ARTIFACTS_DIR": place / name, "UV": UV, "LOCAL_PYTHON": python}
        call([*target, *(f"{key}={value}" for key, value in variables.items())], place)
    for folder, lock in ((folders.usual, "usual_stack"), (folders.runtime, "lambda_runtime")):
        command = [str(UV), "pip", "install", "--quiet", "--require-hashes", "--python", python]
        call([*command, "--target", folder, "--requirement", LOCKS / f"{lock}.txt"], place)
    for apps in (FUNCTIONS, ROOT / "functions"):
        shutil.copytree(
            apps,
            folders.functions,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    own = certificate.read_bytes().partition(b"-----END PRIVATE KEY-----")[2]
    for bundle in list(place.rglob("*.pem")):
        if bundle != certificate:
            trusted = bundle.read_bytes() + own
            # A new file: the old one may be a link into uv's cache.
            bundle.unlink()
            bundle.write_bytes(trusted)
    compile_all(python, [folders.usual, folders.runtime, folders.functions], place)
    # Nothing that this machine has put into its Python's own folder for packages is loaded.
    call([python, "-m", "venv", "--without-pip", place / "venv"], place)
    return replace(folders, python=str(place / "venv/bin/python"))


def compile_all(python: str, folders: Sequence[Path], place: Path) -> None:
    mode = ["-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    call([python, *mode, *folders], place)


def without_bytecode(folders: Folders) -> None:
    """Delete it, but for what Lambda itself brings."""
    for folder in (*folders.layers.values(), folders.usual, folders.functions):
        for cache in list(folder.rglob("__pycache__")):
            shutil.rmtree(cache)


def call(command: Sequence[str | Path], place: Path) -> None:
    environment = installer_environment(place, os.environ) | {"UV_LINK_MODE": "copy"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)


def zip_megabytes(folder: Path) -> float:
    """Return the size of the folder as SAM uploads it."""
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder))
    return archive.stat().st_size / 1e6


def lambda_python() -> str:
    """Return a Python 3.13, as ``make build`` finds it. Raises ``SystemExit`` if there is none."""
    command = ["make", "--silent", "-C", str(ROOT), "lambda-python"]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    *_, found = ["", *told.splitlines()]
    if not found:
        raise SystemExit("the cold-start benchmark needs Python 3.13: LAMBDA_PYTHON=/path/to/it")
    return found
