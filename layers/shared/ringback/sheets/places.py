"""Where a dropped file belongs that is in no place for jobs."""

from typing import Final

from ringback.domain.drops import PHOTO_SUFFIXES, RECIPES, REQUESTS, Drop

_RECIPE: Final = "recipe.json"
_WORKBOOKS: Final = ("xlsx", "xlsm", "xlsb", "xls", "ods", "numbers")
_SHEETS: Final = ("csv", "tsv", "txt", "jsonl", "ndjson")
_PHOTOS: Final = f"photos (.{', .'.join(PHOTO_SUFFIXES)})"
_ACCEPTED: Final = (
    f"{REQUESTS} accepts .json, .jsonl and .csv files, also .tsv and .txt with tabs;"
    f" {RECIPES}<name>/ accepts {_RECIPE} and {_PHOTOS}"
)


def note_on(image: Drop) -> str:
    """Return what an image in a folder of its own is good for."""
    name = image.key.rpartition("/")[2]
    return (
        f"no job: requests can use this image as {image.url}; for a job of its own, upload it to"
        f" {RECIPES}<name>/{name}, beside a {_RECIPE}"
    )


def where_to_put(drop: Drop) -> str:
    """Return what is wrong with the place or the name of a file, and what to do about it."""
    folder, slash, rest = drop.key.partition("/")
    if f"{folder}/" == REQUESTS:
        return f"{REQUESTS} accepts .json, .jsonl and .csv files{_as_csv(drop)}"
    if f"{folder}/" == RECIPES:
        return f"{RECIPES}<name>/ accepts {_RECIPE} and {_PHOTOS}{_in_recipe(rest)}"
    if slash and drop.folder_meant:
        meant = drop.folder_meant
        return f"the folder {folder}/ is not {meant}; upload the file as {meant}{rest}"
    place = _place_of(drop)
    return f"no job is made of files {_here(folder, slash)}; {place}"


def _here(folder: str, slash: str) -> str:
    return f"in {folder}/" if slash and folder else "outside a folder"


def _place_of(drop: Drop) -> str:
    name, extension = drop.key.rpartition("/")[2], _extension(drop)
    if name.lower() == _RECIPE:
        return f"upload the recipe as {RECIPES}<name>/{_RECIPE}"
    if extension in PHOTO_SUFFIXES:
        return f"upload the photo to {RECIPES}<name>/{name}, beside a {_RECIPE}"
    if extension in (*_SHEETS, "json"):
        return f"upload the file as {REQUESTS}{name}"
    return f"{_ACCEPTED}{_as_csv(drop)}"


def _as_csv(drop: Drop) -> str:
    if _extension(drop) not in _WORKBOOKS:
        return ""
    return '; in Excel, choose Save As and the format "CSV UTF-8 (Comma delimited) (*.csv)"'


def _in_recipe(rest: str) -> str:
    """Tell what is wrong with a file under ``recipes/`` that has a name that is accepted."""
    folder, slash, name = rest.partition("/")
    if not slash:
        return f"; upload it into a folder of {RECIPES}"
    if name != _RECIPE and name.rpartition("/")[2].lower() == _RECIPE:
        return f"; upload the recipe as {RECIPES}{folder}/{_RECIPE}"
    return ""


def _extension(drop: Drop) -> str:
    return drop.key.rpartition(".")[2].lower()
