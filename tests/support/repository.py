"""The files of the repository, and the links and code blocks of its documents."""

import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.support.template import ROOT

# A fenced block, with an optional comment above it and the indent of a list item.
_BLOCK: Final = re.compile(
    r"(?:^ *<!-- (?P<title>.+?) -->\n)?^(?P<indent> *)```(?P<kind>\w*)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#+ (.+?) *$", re.MULTILINE)
_ANCHOR: Final = re.compile(r'<a id="([\w-]+)"></a>')


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a document; ``title`` is the HTML comment right above it."""

    document: str
    kind: str
    title: str
    text: str


def files_under(root: Path) -> list[str]:
    """Return the files that git tracks, and the untracked ones that it does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],  # noqa: S607 git from the PATH
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.split("\0") if name and (root / name).is_file()]


@cache
def files() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone", allow_module_level=True)
    return files_under(ROOT)


@cache
def text_of(name: str) -> str:
    """Return a file's text, empty if it is not UTF-8."""
    try:
        return (ROOT / name).read_text()
    except UnicodeDecodeError:
        return ""


def documents() -> list[str]:
    return [name for name in files() if name.endswith(".md")]


def blocks(name: str, *kinds: str) -> list[Block]:
    return [
        Block(name, found["kind"], found["title"] or "", found["text"])
        for found in _BLOCK.finditer(text_of(name))
        if found["kind"] in kinds
    ]


def prose_of(name: str) -> str:
    """Return a document without its fenced blocks."""
    return _BLOCK.sub("", text_of(name))


def links_of(name: str) -> list[str]:
    """Return the targets of all links within the repository."""
    return [target for target in _LINK.findall(prose_of(name)) if "://" not in target]


def anchors_of(name: str) -> set[str]:
    """Return a document's own anchors, and those that GitHub derives from its headings."""
    prose = prose_of(name)
    return {_anchor(heading) for heading in _HEADING.findall(prose)} | {*_ANCHOR.findall(prose)}


def _anchor(heading: str) -> str:
    words = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
