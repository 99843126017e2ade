"""What the repository holds, and what it must not."""

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from ringback.catalogue.models import MODELS
from ringback.providers.registry import PROVIDERS

from tests.support.template import ROOT, load_template

TOP_LEVEL: Final = {
    *(".ci", "benchmarks", "docs", "events", "functions", "layers", "local", "tests"),
    *(".gitignore", "CHANGELOG.md", "Makefile", "README.md", "pyproject.toml", "samconfig.toml"),
    *("template.yaml", "LICENSE"),
}
# Names that say nothing of what is inside.
VAGUE: Final = {
    *("utils", "util", "helpers", "helper", "common", "base", "manager", "managers"),
    *("service", "services", "misc"),
}
# Where packages came from and where the repository lay is nobody's business, and works nowhere
# else. Put together from parts, so that this file is not found by its own search.
FOREIGN: Final = [
    re.compile("/" + place)
    for place in ("work" + "/", "opt/" + "pypi", "root" + "/", "home/" + r"\w+/", "Users" + "/")
] + [
    re.compile(r"\bpypi" + r"\.org"),
    re.compile("pythonhosted" + r"\.org"),
    re.compile(r"(?i)--(extra-)?index" + r"-url[ =](?!\S*\.invalid)\S*://"),
    re.compile(r"(?i)^\s*(trusted" + r"-host|find" + r"-links)\b", re.MULTILINE),
]


def files_under(root: Path) -> list[str]:
    """Return what git tracks, or would if all were added."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],  # noqa: S607 whichever git it is
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.split("\0") if name and (root / name).is_file()]


@cache
def files() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    return files_under(ROOT)


@cache
def text_of(name: str) -> str:
    try:
        return (ROOT / name).read_text()
    except UnicodeDecodeError:
        return ""


def foreign_places(text: str) -> list[str]:
    return [found.group() for each in FOREIGN if (found := each.search(text))]


def test_the_top_level_is_as_agreed() -> None:
    assert {name.partition("/")[0] for name in files()} <= TOP_LEVEL


def test_no_file_names_a_registry_a_mirror_or_this_machine() -> None:
    found = {name: foreign_places(text_of(name)) for name in files()}
    assert {name: places for name, places in found.items() if places} == {}


@pytest.mark.parametrize(
    "line",
    [
        "path = '/work" + "/main'",
        "/opt/" + "pypi/simple",
        "see https://pypi" + ".org/project/x",
        "https://files.pythonhosted" + ".org/x.whl",
        "pip install --index" + "-url https://mirror.example/simple x",
        "--extra-index" + "-url=http://mirror.example",
        "trusted" + "-host = mirror.example",
        "/home/" + "someone/ringback",
    ],
)
def test_a_planted_place_is_found(line: str) -> None:
    assert len(foreign_places(f"first\n{line}\n")) == 1


@pytest.mark.parametrize(
    "line", ["a network", "framework/x", "/home", "uv pip compile --no-emit-index-url", "findlinks"]
)
def test_other_words_are_not(line: str) -> None:
    assert foreign_places(line) == []


def test_package_markers_of_ringback_are_empty() -> None:
    markers = [name for name in files() if name.endswith("__init__.py")]
    of_ours = [name for name in markers if name.startswith("layers/")]
    assert len(of_ours) >= 9
    assert [name for name in of_ours if text_of(name)] == []


def test_every_folder_of_ringback_is_a_package() -> None:
    ours = {name for name in files() if name.startswith("layers/shared/ringback/")}
    folders = {name.rpartition("/")[0] for name in ours if name.endswith(".py")}
    assert {f"{folder}/__init__.py" for folder in folders} <= ours


def test_no_module_has_a_name_that_says_nothing() -> None:
    parts = {
        (part, name)
        for name in files()
        if name.endswith(".py")
        for part in Path(name).with_suffix("").parts
    }
    assert [name for part, name in parts if part in VAGUE] == []


def test_the_readme_names_every_parameter() -> None:
    readme = text_of("README.md")
    assert [name for name in load_template()["Parameters"] if f"`{name}`" not in readme] == []


def test_the_readme_names_every_provider_and_model() -> None:
    readme = text_of("README.md")
    assert {model.provider for model in MODELS.values()} <= PROVIDERS.keys()
    assert [name for name in PROVIDERS if f"`{name}`" not in readme] == []
    assert [name for name in MODELS if f"`{name}`" not in readme] == []


def test_the_readme_names_every_route() -> None:
    readme = text_of("README.md")
    for route in ("POST /jobs", "GET /jobs/{job_id}", "GET /jobs?limit"):
        assert route in readme


def test_the_changelog_says_what_is_new() -> None:
    changelog = text_of("CHANGELOG.md")
    assert re.search(r"^## \[Unreleased\]$", changelog, re.MULTILINE)
    assert not re.search(r"^## \[Unreleased\]\s*\Z", changelog, re.MULTILINE)


def test_links_between_documents_lead_somewhere() -> None:
    for name in files():
        if name.endswith(".md"):
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(name)):
                assert (ROOT / name).parent.joinpath(target).exists(), (name, target)
