"""Compile what is built for Lambda, with the Python that runs it: ``bytecode.py FOLDER``.

SAM's zips change modification times, so the bytecode is used without a look at its source.
"""

import compileall
import py_compile
import sys
from pathlib import Path

# Where Lambda unpacks the code of a function, and layers.
FUNCTIONS, LAYERS = "/var/task", "/opt"


def main(built: Path) -> int:
    """Compile each module that has no bytecode yet, and return how many have none even then."""
    for artifact in sorted(path for path in built.iterdir() if path.is_dir()):
        place = LAYERS if artifact.name.endswith("Layer") else FUNCTIONS
        for module in without_bytecode(artifact):
            compileall.compile_file(
                module,
                stripdir=str(artifact),
                prependdir=place,
                quiet=1,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
    return len(without_bytecode(built))


def without_bytecode(folder: Path) -> list[Path]:
    suffix = f"{sys.implementation.cache_tag}.pyc"
    return [
        path
        for path in sorted(folder.rglob("*.py"))
        if not path.with_name("__pycache__").joinpath(f"{path.stem}.{suffix}").exists()
    ]


if __name__ == "__main__":
    sys.exit(min(main(Path(sys.argv[1])), 1))
