"""One script of many ES modules: each file that a browser asks for is an execution (ADR 0068).

Every module becomes the body of a function, so that its names stay its own. What can't be said so,
such as an export that changes, raises ``NotJoinable``. Lines that are comments stay behind: they
are a fifth of what would be sent.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

_IMPORT: Final = re.compile(
    r"^import\s*(?:(?:(?P<default>[\w$]+)|\{(?P<names>[^}]*)\}|\*\s*as\s+(?P<whole>[\w$]+))"
    r"\s*from)?\s*(?P<quote>['\"])\./(?P<file>[\w.-]+)(?P=quote);$",
    re.MULTILINE,
)
_DECLARED: Final = re.compile(
    r"^export\s+(?=(?:async\s+function|function|class|const)\b[\s*]*(?P<name>[\w$]+))",
    re.MULTILINE,
)
_LISTED: Final = re.compile(r"^export\s*\{(?P<names>[^}]*)\};$", re.MULTILINE)
_DEFAULT: Final = re.compile(r"^export\s+default\b", re.MULTILINE)
_LATER: Final = re.compile(r"\bimport\(")
_COMMENT: Final = re.compile(r"^[ \t]*(?://.*|/\*\*(?:(?!\*/)[\s\S])*\*/[ \t]*)\n", re.MULTILINE)
_LEFT: Final = re.compile(r"^(?:import|export)\b.*|\bimport\.meta\b.*", re.MULTILINE)
_RENAMED: Final = re.compile(r"\s+as\s+")
# A module that is imported when it is needed is there already.
_START: Final = """\
const joined = {};
const importJoined = async (path) => joined[path.replace("./", "")];"""


class NotJoinable(Exception):
    """A module uses something that a joined script can't have."""


def joined(modules: Mapping[str, str], entry: str) -> str:
    """Return one script of all modules, by file name, each after those that it imports.

    ``entry`` is the last one. Raises ``NotJoinable``.
    """
    others = sorted(modules.keys() - {entry})
    order = dict.fromkeys(
        each for name in (*others, entry) for each in _in_order(modules, name, ())
    )
    return "\n".join([_START, *(_scope(name, modules[name]) for name in order), ""])


def _in_order(modules: Mapping[str, str], name: str, above: tuple[str, ...]) -> Iterator[str]:
    if name in above:
        raise NotJoinable(f"{name} imports itself: {' > '.join((*above, name))}")
    if name not in modules:
        raise NotJoinable(f"{above[-1]} imports {name}, which is not there")
    for found in _IMPORT.finditer(modules[name]):
        yield from _in_order(modules, found["file"], (*above, name))
    yield name


def _scope(name: str, text: str) -> str:
    exported = [found["name"] for found in _DECLARED.finditer(text)]
    for found in _LISTED.finditer(text):
        exported += [_pair(each, swapped=True) for each in _names(found["names"])]
    if _DEFAULT.search(text):
        exported.append("default: byDefault")
    code = _COMMENT.sub("", text)
    body = _LISTED.sub("", _DECLARED.sub("", _IMPORT.sub(_as_constants, code)))
    body = _LATER.sub("importJoined(", _DEFAULT.sub("const byDefault =", body))
    if left := _LEFT.search(body):
        raise NotJoinable(f"{name}: {left[0].strip()}")
    end = f"return {{ {', '.join(exported)} }};\n}})();"
    return f'joined["{name}"] = (() => {{ // {name}\n{body}\n{end}'


def _as_constants(found: re.Match[str]) -> str:
    given = f'joined["{found["file"]}"];'
    if found["default"]:
        return f"const {found['default']} = {given[:-1]}.default;"
    if found["whole"]:
        return f"const {found['whole']} = {given}"
    if found["names"] is None:
        return ""
    names = ", ".join(_pair(each) for each in _names(found["names"]))
    return f"const {{ {names} }} = {given}"


def _names(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _pair(text: str, *, swapped: bool = False) -> str:
    """Return ``a as b`` as a property of an object, ``a: b``, or ``b: a``."""
    first, *second = _RENAMED.split(text)
    return ": ".join(reversed([first, *second]) if swapped else [first, *second])
