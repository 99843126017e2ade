"""The layers' bytecode is of their sources, without the docstrings."""

import subprocess
import sys
from pathlib import Path

from layers.dependencies.compile_modules import main

EXAMPLE = (
    '"""Of a module."""\n'
    + """
from dataclasses import dataclass

@dataclass
class Size:
    "Of a class."
    width: int

    def doubled(self):
        "Of a method."
        assert self.width, "no width"
        return self.width * 2

def only_documented():
    "Of a function."

TEXT = "Of nothing."
"""
)
CHECK = """
import example
from example import Size, only_documented
objects = (example, Size, Size.doubled, only_documented)
assert [each.__doc__ for each in objects] == ["-"] * 4
assert (Size(2).doubled(), only_documented(), example.TEXT) == (4, None, "Of nothing.")
Size(0).doubled()
"""


def test_modules_are_compiled_without_their_docstrings(tmp_path: Path) -> None:
    module = tmp_path / "example.py"
    module.write_text(EXAMPLE)
    main(tmp_path, "/opt/python")
    # The bytecode is used without a look at its source.
    module.write_text("")
    told = subprocess.run(  # noqa: S603 Python itself
        [sys.executable, "-c", CHECK], cwd=tmp_path, capture_output=True, text=True, check=False
    ).stderr
    assert told.endswith("AssertionError: no width\n")
    assert 'example.py", line 12, in doubled' in told
    (compiled,) = tmp_path.rglob("*.pyc")
    assert b"/opt/python/example.py" in compiled.read_bytes()
