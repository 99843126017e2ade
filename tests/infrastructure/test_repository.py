"""The repository's files: the top level, markers, names, and places that no file may name."""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from local.paths import ROOT
from tests.support.repository import files, text_of

TOP_LEVEL: Final = {
    *(".ci", "benchmarks", "clients", "docs", "events", "functions", "layers", "local", "tests"),
    *(".checkov.yaml", ".github", ".editorconfig", ".gitignore", ".pre-commit-config.yaml"),
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md"),
    *("Makefile", "pyproject.toml", "samconfig.toml", "template.yaml"),
}
# Names that do not describe their content.
VAGUE: Final = {
    *("utils", "util", "helpers", "helper", "common", "base", "manager", "managers"),
    *("service", "services", "misc"),
}
# The sources of packages and the location of the repository are private, and work only on one
# machine. Joined from parts, so that the search does not find this file.
FOREIGN: Final = [
    re.compile("/" + place)
    for place in ("work" + "/", "opt/" + "pypi", "root" + "/", "home/" + r"\w+/", "Users" + "/")
] + [
    re.compile(r"\bpypi" + r"\.org"),
    re.compile("pythonhosted" + r"\.org"),
    re.compile(r"(?i)--(extra-)?index" + r"-url[ =](?!\S*\.invalid)\S*://"),
    re.compile(r"(?i)^\s*(trusted" + r"-host|find" + r"-links)\b", re.MULTILINE),
]


def foreign_places(text: str) -> list[str]:
    return [found.group() for each in FOREIGN if (found := each.search(text))]


def test_the_top_level_is_complete() -> None:
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
def test_other_words_are_not_reported(line: str) -> None:
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


def test_no_module_has_a_meaningless_name() -> None:
    parts = {
        (part, name)
        for name in files()
        if name.endswith(".py")
        for part in Path(name).with_suffix("").parts
    }
    assert [name for part, name in parts if part in VAGUE] == []


def test_make_passes_installers_no_target_of_the_caller_and_the_system_s_certificates(
    tmp_path: Path,
) -> None:
    """``PIP_USER=1`` made ``make run`` fail, and a company's certificate uv: ``UnknownIssuer``."""
    shown = tmp_path / "shown.mk"
    shown.write_text("shown: ; @env\n")
    foreign = {"PIP_USER": "1", "PIP_TARGET": "/x", "UV_TARGET": "/x", "PYTHONPATH": "/x"}
    done = subprocess.run(  # noqa: S603 ours
        ["make", "-f", "Makefile", "-f", str(shown), "shown"],  # noqa: S607 whichever make it is
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **foreign, "PIP_CERT": "/etc/company.pem"},
        capture_output=True,
        text=True,
        check=True,
    )
    given = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    assert (given["PIP_USER"], given["UV_SYSTEM_CERTS"]) == ("0", "1")
    assert not given.keys() & {"PIP_TARGET", "UV_TARGET", "PYTHONPATH"}
    assert given["PIP_CERT"] == "/etc/company.pem"
