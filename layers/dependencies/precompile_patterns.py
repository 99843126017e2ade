"""Compile a layer's regular expressions in its build: ``precompile_patterns.py FOLDER MODULE``.

``MODULE``, which it makes in the folder of packages, makes ``re`` use them. Both layers run it.
A function compiles 110 to 170 of them with its first event, a twentieth of its CPU, and bytecode
has none of that. Run by the Python that makes the bytecode. docs/decisions/0071.
"""

import _sre  # type: ignore[import-not-found] # what `re` compiles with
import marshal
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final

# Of the packages, with all that they import. Of Ringback, each module.
PACKAGES: Final = ("aws_lambda_powertools", "botocore.session", "httpx")
OURS: Final = "ringback"
SERVICES: Final = ("apigatewaymanagementapi", "dynamodb", "events", "s3", "secretsmanager", "sqs")

# What ``re`` does with a text and flags is the same each time, for one format of compiled patterns.
SOURCE: Final = '''\
"""Made by Ringback's build: regular expressions as ``re`` compiles them, by text and flags."""

import _sre
import marshal
import re

PATTERNS = {patterns!r}
compile_anew = re._compiler.compile


def compile(pattern, flags=0):
    known = PATTERNS.get((pattern, int(flags))) if isinstance(pattern, (str, bytes)) else None
    return _sre.compile(pattern, *marshal.loads(known)) if known else compile_anew(pattern, flags)


if _sre.MAGIC == {magic}:
    re._compiler.compile = compile
'''


def main(folder: Path, module: str) -> None:
    sys.path.insert(0, str(folder))
    if ours := [*modules_of(folder / OURS)]:
        # What these compile is in the other layer.
        load([*PACKAGES])
    patterns = compiled_by(ours or [*PACKAGES])
    source = SOURCE.format(patterns=patterns, magic=_sre.MAGIC)
    folder.joinpath(*module.split(".")).with_suffix(".py").write_text(source)


def modules_of(package: Path) -> Iterator[str]:
    for path in sorted(package.rglob("*.py")):
        if path.stem != "__init__":
            yield ".".join(path.relative_to(package.parent).with_suffix("").parts)


def load(modules: list[str]) -> None:
    for name in modules:
        with suppress(ImportError):
            import_module(name)


def compiled_by(modules: list[str]) -> dict[tuple[str | bytes, int], bytes]:
    """Return what is compiled when the modules are imported, and when botocore makes clients.

    A module that needs what is not there, such as another layer, is left out.
    """
    compiler: Any = vars(re)["_compiler"]
    compile_anew, found = compiler.compile, dict[tuple[str | bytes, int], bytes]()

    def compile_and_note(pattern: Any, flags: int = 0) -> re.Pattern[Any]:
        made: re.Pattern[Any] = compile_anew(pattern, flags)
        if isinstance(pattern, str | bytes):
            parsed = compiler._parser.parse(pattern, flags)
            code = [int(each) for each in compiler._code(parsed, flags)]
            groups = dict(made.groupindex)
            names: list[str | None] = [None] * (made.groups + 1)
            for name, number in groups.items():
                names[number] = name
            total = int(flags) | int(parsed.state.flags)
            fields = (total, code, made.groups, groups, tuple(names))
            found[pattern, int(flags)] = marshal.dumps(fields)
        return made

    re.purge()
    compiler.compile = compile_and_note
    try:
        load(modules)
        if "botocore.session" in modules:
            make_clients()
    finally:
        compiler.compile = compile_anew
    return found


def make_clients() -> None:
    """Make clients without a look at anybody's account, and without a call."""
    session = import_module("botocore.session").Session()
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    for name in SERVICES:
        session.create_client(name, region_name="eu-west-1", **keys)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
