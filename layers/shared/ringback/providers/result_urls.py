"""The URLs of a task's images, in every shape that providers have answered in."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ringback.domain.links import INVISIBLE
from ringback.json_bodies import NotJson, parse_json

# Names are compared without case, `_` and `-`. These hold images and nothing else; if an object
# has several of them, each may have images that the others lack.
_RESULTS: Final = (
    *("resulturls", "resulturl", "resultimageurls", "resultimageurl", "resultimages"),
    *("resultimage", "outputurls", "outputurl", "outputimages", "outputimage"),
)
# What results are wrapped in. The first of them that has any is the one.
_WRAPPERS: Final = (
    *("resultjson", "resultinfojson", "resultinfo", "resultobject", "results", "result"),
    *("outputs", "output", "response", "info"),
)
# Names that mean a result only where nothing but results is: elsewhere they may be inputs.
_INSIDE: Final = (
    *("imageurls", "imageurl", "images", "image", "fileurls", "fileurl", "downloadurl"),
    *("urls", "url", "links", "link", "src", "data", "list", "items"),
)
# JSON in JSON in JSON: more has not been seen.
_MAX_DEPTH: Final = 8
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_HTTP: Final = re.compile(r"https?://", re.IGNORECASE)
# What stands in one text between two URLs, or before the first. Entries may be left out between
# separators, or be what a serializer writes for nothing.
_BLANKS: Final = rf"\s,;|{re.escape(INVISIBLE)}"
_WORD: Final = re.compile(rf"[^{_BLANKS}]+")
_NOTHING: Final = frozenset({"null", "none", "undefined"})
_SEPARATOR: Final = re.compile(r"[,;|]")
_NUMBER: Final = re.compile(r"[0-9]{1,2}")

Urls = tuple[str, ...]


def task_urls(task: Mapping[str, Any]) -> Urls:
    """Return the URLs of a task's images in order; an entry without a URL is ``""``.

    So each image keeps its number. Empty if there is no URL at all. Fields that may echo the
    request, such as ``param``, ``input`` or ``image_urls``, are not read.
    """
    return _of_object(task, (*_RESULTS, *_WRAPPERS), _MAX_DEPTH)


def _of_object(given: Mapping[str, Any], names: Sequence[str], depth: int) -> Urls:
    known = {plain_name(name): value for name, value in given.items()}
    found: list[str] = []
    for name in filter(known.__contains__, names):
        urls = _urls(known[name], depth - 1)
        if not found:
            found += urls
        elif name in _RESULTS:
            found += [url for url in urls if url and _bare(url) not in map(_bare, found)]
    return tuple(found)


def _urls(value: Any, depth: int) -> Urls:
    """Return the URLs in a value that holds results, none if it is nested too deeply."""
    if depth <= 0:
        return ()
    if isinstance(value, str):
        return _of_text(value, depth)
    if isinstance(value, dict):
        return _of_list(_numbered(value), depth) or _of_object(
            value, (*_RESULTS, *_WRAPPERS, *_INSIDE), depth
        )
    return _of_list(value, depth) if isinstance(value, list) else ()


def _of_list(entries: Sequence[Any], depth: int) -> Urls:
    each = [_urls(entry, depth - 1) or ("",) for entry in entries]
    urls = tuple(url for found in each for url in found)
    return urls if any(urls) else ()


def _of_text(text: str, depth: int) -> Urls:
    text = text.strip(INVISIBLE)
    if text[:1] in ("{", "[", '"'):
        try:
            return _urls(parse_json(text).value, depth - 1)
        except NotJson:
            return _separated(_inside_list(text)) if text[0] == "[" else ()
    return _separated(text)


def _inside_list(text: str) -> str:
    """Return what is in a list as Java or Python print it: ``[a, b]`` or ``['a', 'b']``."""
    inside = text[1:].removesuffix("]").strip(INVISIBLE)
    return inside.replace("'", " ") if inside.startswith("'") else inside


def _separated(text: str) -> Urls:
    """Return the URLs in one text. A word that is none belongs to the URL before it."""
    urls, start, end = list[str](), -1, 0
    for word in _WORD.finditer(text):
        if word[0].lower() in _NOTHING:
            continue
        if (_HTTP if word.start() else _URL).match(word[0]):
            missing = _separators(text[end : word.start()])
            if start >= 0:
                urls.append(text[start:end])
                missing -= 1  # one separates the two
            urls += [""] * missing
            start = word.start()
        elif start < 0:
            return ()
        end = word.end()
    return (*urls, text[start:].rstrip(INVISIBLE + ",;|")) if start >= 0 else ()


def _separators(gap: str) -> int:
    return len(_SEPARATOR.findall(gap))


def _numbered(value: Mapping[str, Any]) -> Sequence[Any]:
    """Return a list that was written as an object, as some serializers do if it has gaps."""
    if not value or not all(map(_NUMBER.fullmatch, value)):
        return ()
    by_number = {int(name): each for name, each in value.items()}
    return [by_number.get(number) for number in range(min(*by_number, 1), max(by_number) + 1)]


def _bare(url: str) -> str:
    return url.partition("?")[0]


def plain_name(name: str) -> str:
    """Return the name of a field without case, ``_`` and ``-``."""
    return name.lower().replace("_", "").replace("-", "")
