"""Compile a layer's modules without their docstrings: ``compile_modules.py FOLDER PLACE``.

Nobody asks a function for help, and each keeps the texts in memory. Run by the Python that the
bytecode is for; ``PLACE`` is where the folder will be. Both layers' builds use it.
"""

import ast
import marshal
import sys
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path
from typing import Final

# https://peps.python.org/pep-0552/: the bytecode belongs to a source that is not looked at.
UNCHECKED_HASH: Final = (1).to_bytes(4, "little")
# Not empty: ``dataclass`` would write one, for which it loads ``inspect``.
NO_TEXT: Final = "-"


def main(folder: Path, place: str) -> None:
    for path in sorted(folder.rglob("*.py")):
        write_bytecode(ast.parse(path.read_bytes()), path, f"{place}/{path.relative_to(folder)}")


def write_bytecode(tree: ast.Module, path: Path, name: str) -> None:
    """Compile the module that is at the path; tracebacks say ``name``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            match node.body:
                case [ast.Expr(ast.Constant(str()) as docstring), *_]:
                    docstring.value = NO_TEXT
    code = compile(tree, name, "exec", dont_inherit=True)
    compiled = Path(cache_from_source(path))
    compiled.parent.mkdir(exist_ok=True)
    head = MAGIC_NUMBER + UNCHECKED_HASH + source_hash(path.read_bytes())
    compiled.write_bytes(head + marshal.dumps(code))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
