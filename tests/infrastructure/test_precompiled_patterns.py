"""The build compiles each layer's regular expressions to what ``re`` would make of them."""

import shutil
from pathlib import Path

import pytest

from layers.dependencies import precompile_patterns
from layers.dependencies.precompile_patterns import SERVICES
from layers.dependencies.reduce_botocore import OPERATIONS
from tests.support.interpreters import printed_by
from tests.support.template import ROOT

PACKAGES, OURS = "precompiled_patterns", "ringback.precompiled_patterns"
COMPARE = """
import re, sys
from importlib import import_module
made = import_module(sys.argv[1])
assert re._compiler.compile is made.compile
assert len(made.PATTERNS) > 100
for pattern, flags in made.PATTERNS:
    one, other = made.compile(pattern, flags), made.compile_anew(pattern, flags)
    # Equal patterns have the same text, flags and code.
    assert one == other, pattern
    assert (one.groups, one.groupindex) == (other.groups, other.groupindex), pattern
assert re.compile("a(?P<new>b)", re.I).fullmatch("AB")["new"] == "B"
anew = []
compile_anew = made.compile_anew
made.compile_anew = lambda *given: anew.append(given) or compile_anew(*given)
for name in sys.argv[2:]:
    import_module(name)
assert len(anew) < 5, anew
"""
SCRIPT = str(precompile_patterns.__file__)
OF_ANOTHER_PYTHON = """
import re
before = re._compiler.compile
import precompiled_patterns
assert re._compiler.compile is before
"""


# The catalogue's are there, which needs a package, and no pattern is in both layers.
OF_EACH_LAYER = """
import precompiled_patterns
from ringback import precompiled_patterns as ours
from ringback.catalogue import pass_through
assert (pass_through._URL_FIELD.pattern, 0) in ours.PATTERNS
assert not ours.PATTERNS.keys() & precompiled_patterns.PATTERNS.keys()
"""


def copy_ringback(folder: Path) -> None:
    """Copy enough of it for a hundred patterns."""
    source = ROOT / "layers" / "shared" / "ringback"
    for name in (
        *("__init__.py", "catalogue", "domain", "images", "json_bodies.py", "outbound", "sheets"),
    ):
        copy = shutil.copytree if (source / name).is_dir() else shutil.copy
        (folder / "ringback").mkdir(exist_ok=True)
        copy(source / name, folder / "ringback" / name)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the patterns of the packages that the tests use."""
    folder = tmp_path_factory.mktemp("packages")
    printed_by(SCRIPT, folder, PACKAGES, packages=folder)
    return folder


def test_the_packages_patterns_are_what_re_makes_of_them(made: Path) -> None:
    used = ("httpx", "aws_lambda_powertools", "botocore.session")
    printed_by("-c", COMPARE, PACKAGES, *used, packages=made)


def test_our_patterns_are_what_re_makes_of_them(tmp_path: Path) -> None:
    copy_ringback(tmp_path)
    # Without its packages: what needs them is left out.
    printed_by("-S", SCRIPT, tmp_path, OURS, packages=tmp_path)
    printed_by("-S", "-c", COMPARE, OURS, "ringback.images.formats", packages=tmp_path)


def test_what_packages_compile_is_not_ours(made: Path, tmp_path: Path) -> None:
    copy_ringback(tmp_path)
    printed_by(SCRIPT, tmp_path, OURS, packages=tmp_path)
    printed_by("-c", OF_EACH_LAYER, packages=f"{tmp_path}:{made}")


def test_patterns_for_another_python_are_not_used(made: Path, tmp_path: Path) -> None:
    source = (made / f"{PACKAGES}.py").read_text()
    (tmp_path / f"{PACKAGES}.py").write_text(source.replace("_sre.MAGIC ==", "_sre.MAGIC + 1 =="))
    printed_by("-c", OF_ANOTHER_PYTHON, packages=tmp_path)


def test_clients_are_made_of_the_services_that_functions_call() -> None:
    assert set(SERVICES) == set(OPERATIONS)
