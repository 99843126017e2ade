"""The page's words: the same in every language, and all that are asked for."""

import re
from typing import Final

import pytest
from ringback.catalogue.schemas import describe_all

from local.paths import ROOT

PAGE: Final = ROOT / "functions/serve_studio/page"
TEXTS: Final = {path.name: path.read_text("utf-8") for path in PAGE.glob("*.js")}
ENGLISH: Final = "words.en.js"
TABLES: Final = sorted(name for name in TEXTS if name.startswith("words.") and name != "words.js")
MODULES: Final = sorted(TEXTS.keys() - set(TABLES))
# A whole key, or the beginning of one that is put together.
ASKED: Final = re.compile(
    r"(?<![\w.])(?:t|has)\((?:'(?P<key>[^']+)'|`(?P<start>[^`$]+)\$\{)|\bnamed\('(?P<kind>\w+)'"
)
# Modules find these by other ways than ``t``.
CHOSEN: Final = ("check.", "problem.", "images.")


def words(name: str) -> dict[str, str]:
    """Return the text of each entry, or all of its plurals."""
    entries = re.findall(r"^  '?([\w.-]+?)'?: (.*?)(?=^  \S|^\};)", TEXTS[name], re.M | re.S)
    return dict(entries)


def asked() -> set[str]:
    """Return keys, and beginnings of keys with their dot."""
    found = [each for name in MODULES for each in ASKED.finditer(TEXTS[name])]
    return {each["key"] or each["start"] or f"{each['kind']}." for each in found}


@pytest.mark.parametrize("name", TABLES)
def test_each_language_has_the_same_words_with_the_same_values(name: str) -> None:
    def values(table: dict[str, str]) -> dict[str, set[str]]:
        return {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in table.items()}

    assert values(words(name)) == values(words(ENGLISH))


def test_there_are_words_for_whatever_the_page_says() -> None:
    keys = words(ENGLISH).keys()
    beginnings = {key.partition(".")[0] + "." for key in keys}
    assert asked() - keys - beginnings == set()


def test_every_word_is_said() -> None:
    starts = tuple(each for each in (*asked(), *CHOSEN) if each.endswith("."))
    text = "\n".join(TEXTS[name] for name in MODULES)
    unsaid = [key for key in words(ENGLISH) if f"'{key}'" not in text]
    assert [key for key in unsaid if not key.startswith(starts)] == []


@pytest.mark.parametrize("name", [name for name in TEXTS if name.startswith("descriptions.")])
def test_whatever_the_schemas_say_has_words_in_each_other_language(name: str) -> None:
    models = describe_all()
    fields = [each for model in models for each in model["input"]["properties"].values()]
    about = {model["description"].partition(": ")[2] for model in models}
    said = about | {each["description"] for each in fields if "description" in each}
    known = re.findall(r"""^  (['"])(.+)\1: '[^']+',$""", TEXTS[name], re.M)
    assert {text for _, text in known} == said


def test_each_other_language_has_descriptions() -> None:
    others = {name.removeprefix("words.") for name in TABLES} - {"en.js"}
    assert {f"descriptions.{each}" for each in others} <= TEXTS.keys()
