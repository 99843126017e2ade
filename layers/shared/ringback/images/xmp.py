"""Reads two properties of an XMP packet: IPTC's source type and China's label.

Packets are strangers' XML. Expat reads them in pieces and keeps nothing; a document type, in which
alone entities can be declared, ends the reading, as do too many levels. Properties are recognized
by their local names: writers don't agree on the namespace of the label, and some declare none.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.parsers.expat import ExpatError, ParserCreate

from ringback.domain.marks import LABEL, SOURCE_TYPE
from ringback.json_bodies import NotJson, parse_json

NAMES: Final = frozenset({SOURCE_TYPE, LABEL})
CONTAINERS: Final = frozenset({"Bag", "Seq", "Alt", "li", "Description"})
# Attributes of RDF and XML themselves, with any prefix.
SYNTAX: Final = frozenset({"about", "parseType", "ID", "nodeID", "lang", "datatype"})
MAX_LEVELS: Final = 100
MAX_TEXT: Final = 8192
# Of a label's fields: there are seven, codes and signatures of up to a few hundred characters.
MAX_FIELDS, MAX_NAME, MAX_VALUE = 16, 64, 512
# Bytes of all of them: those of many images must fit into the job's item.
MAX_LABEL: Final = 4096


@dataclass
class XmpMarks:
    """What was found so far; the first of each counts."""

    source_type: str | None = None
    label: Mapping[str, str] | None = None

    def add(self, name: str, text: str) -> None:
        if name == SOURCE_TYPE and text.strip():
            self.source_type = self.source_type or _source_type(text)
        elif name == LABEL:
            self.label = self.label or label_of(text)


def read_xmp(pieces: Iterable[bytes], found: XmpMarks) -> None:
    """Add what the packet says, up to where it is malformed."""
    walk, parser = _Walk(found), ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = walk.start, walk.end
    parser.CharacterDataHandler = walk.text
    parser.StartDoctypeDeclHandler = _stop
    try:
        for piece in pieces:
            parser.Parse(piece, False)  # noqa: FBT003 - expat's own signature
    except (ExpatError, _Stop, LookupError, ValueError):
        return  # Python raises the last two for an encoding that it doesn't know, or can't decode


def label_of(text: str) -> Mapping[str, str] | None:
    """Return the fields of a label, which is JSON; one that isn't has a single field, ``text``."""
    text = text.strip()[:MAX_TEXT]
    try:
        fields: Any = parse_json(text).value
        if isinstance(fields, dict) and isinstance(fields.get(LABEL), dict):
            fields = fields[LABEL]
        if isinstance(fields, dict):
            return _bounded(fields)
    except NotJson:
        pass
    return _bounded({"text": text}) if text else None


class _Stop(Exception):
    """The rest of the packet is not read."""


def _stop(*_: object) -> None:
    raise _Stop


class _Walk:
    def __init__(self, found: XmpMarks) -> None:
        self._found = found
        self._path: list[str] = []
        self._text = ""
        self._fields: dict[str, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._path) == MAX_LEVELS:
            raise _Stop
        self._path.append(_local(name))
        self._text = ""
        for key, value in attributes.items():
            local = _local(key)
            if local == "resource":
                self._property(value)
            elif local in NAMES:
                self._found.add(local, value)
            elif local not in SYNTAX and not key.startswith("xmlns"):
                self._field(local, value)

    def text(self, data: str) -> None:
        if len(self._text) < MAX_TEXT:
            self._text += data

    def end(self, _name: str) -> None:
        local, text = self._path[-1], self._text.strip()
        self._text = ""
        if text:
            self._property(text)
            if local not in CONTAINERS | NAMES:
                self._field(local, text)
        self._path.pop()
        if local == LABEL and self._fields:
            self._found.label = self._found.label or _bounded(self._fields)

    def _property(self, text: str) -> None:
        """Add a text of the current element, or of the property whose item the element is."""
        for name in reversed(self._path):
            if name not in CONTAINERS:
                self._found.add(name, text)
                return

    def _field(self, name: str, text: str) -> None:
        """Add a field if the current element is part of a label: those may be structures."""
        if LABEL in self._path and len(self._fields) < MAX_FIELDS:
            self._fields[name] = text


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _source_type(text: str) -> str | None:
    """Return the last part of IPTC's URL, or the text if it is another one."""
    return _clean(text.strip().rpartition("digitalsourcetype/")[2], most=200) or None


def _bounded(fields: Mapping[str, Any]) -> Mapping[str, str] | None:
    texts = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in list(fields.items())[:MAX_FIELDS]
    }
    kept, size = dict[str, str](), 0
    for name, text in texts.items():
        field = _clean(name, most=MAX_NAME), _clean(text, most=MAX_VALUE)
        size += sum(len(part.encode()) for part in field)
        # A name that is empty can't be stored.
        if field[0] and size <= MAX_LABEL:
            kept[field[0]] = field[1]
    return kept or None


def _clean(text: str, *, most: int) -> str:
    """Return text that can be stored and sent: half a surrogate pair becomes U+FFFD."""
    return text[:most].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
