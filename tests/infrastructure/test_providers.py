"""A provider is one object in its own folder; everything else takes "the providers"."""

import re
from functools import cache

import pytest
from ringback.providers.registry import EXTERNAL, PROVIDERS

from tests.support.repository import files
from tests.support.template import ROOT

# Files of a provider's own, and the kinds of place that may name one.
OWN = (
    "layers/shared/ringback/providers/{name}/",
    "local/simulator/{name}/",
    "events/providers/{name}/",
    "layers/shared/ringback/catalogue/{name}_",
)
# What `make openapi` writes.
GENERATED = "layers/shared/ringback/documents/"
MAY_NAME = (
    "layers/shared/ringback/catalogue/",
    "layers/shared/ringback/settings.py",
    GENERATED,
    "template.yaml",
    "local/simulator/",
    "docs/",
    *("README.md", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md"),
    # Reports of other people's data: issue forms. Measurements, each with one provider.
    *(".github/", "benchmarks/"),
    *("tests/", "events/"),
)
every_provider = pytest.mark.parametrize("name", PROVIDERS)


@cache
def files_that_name(name: str) -> list[str]:
    word = re.compile(rf"(?<![a-z]){name}(?![a-z])", re.IGNORECASE)
    found = []
    for file in files():
        try:
            text = (ROOT / file).read_text()
        except UnicodeDecodeError:
            continue
        if word.search(text):
            found.append(file)
    return found


# The canary's is also its client's, its functions' and its events'.
@pytest.mark.parametrize("name", EXTERNAL)
def test_a_provider_s_name_stands_in_few_places(name: str) -> None:
    own = tuple(place.format(name=name) for place in OWN)
    assert [file for file in files_that_name(name) if not file.startswith(own + MAY_NAME)] == []


def test_a_new_provider_changes_at_most_six_files() -> None:
    """Counted for Chanjing: existing files beside its own that code or tests require to name it.

    Prose that compares the providers is no requirement.
    """
    own = tuple(place.format(name="chanjing") for place in OWN)
    prose = (
        GENERATED,
        "docs/",
        "tests/",
        "events/seeds/",
        "CHANGELOG.md",
        ".github/",
        "benchmarks/",
    )
    required = [
        file
        for file in files_that_name("chanjing")
        if file == "docs/settings.md" or not file.startswith(own + prose)
    ]
    assert required == [
        "README.md",
        "docs/settings.md",
        "layers/shared/ringback/catalogue/models.py",
        "local/simulator/__main__.py",
        "local/simulator/settings.py",
        "template.yaml",
    ]


@every_provider
def test_a_folder_is_named_after_its_provider(name: str) -> None:
    folder = ROOT / "layers" / "shared" / "ringback" / "providers" / name
    assert {path.name for path in folder.glob("*.py")} >= {
        "provider.py",
        "client.py",
        "callback.py",
    }
    assert PROVIDERS[name].name == name
