"""Reads two properties of an XMP packet: IPTC's source type and China's label.

Packets are strangers' XML. Expat reads them in pieces, without a tree; a document type, in which
alone entities can be declared, ends the reading, as do too many levels. Properties are recognized
by their local names: writers don't agree on the namespace of the label, and some declare none. In a
packet that is malformed, the two are searched for as text.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from xml.parsers.expat import ExpatError, ParserCreate

from ringback.domain.marks import LABEL, SOURCE_TYPE
from ringback.images.labels import MAX_FIELDS, MAX_TEXT, bounded, label_in, label_of
from ringback.images.source_types import CODES, MAX_CODE, source_type
from ringback.images.texts import decoded

# Local names in lower case; the last is IPTC's own of 2010, which Google still writes.
NAMES: Final = {
    "aigc": LABEL,
    "digitalsourcetype": SOURCE_TYPE,
    "digitalsourcefiletype": SOURCE_TYPE,
}
CONTAINERS: Final = frozenset({"Bag", "Seq", "Alt", "li", "Description", "value"})
# Attributes of RDF and XML themselves, with any prefix.
SYNTAX: Final = frozenset({"about", "parseType", "ID", "nodeID", "lang", "datatype"})
MAX_LEVELS: Final = 100
BEFORE: Final = b"\0\t\r\n "  # what lies before a packet, where XML allows nothing
MAX_MALFORMED: Final = 128 * 1024  # bytes that are searched
# As an attribute, as a resource, or as text, which may be in a list.
_SOURCE: Final = re.compile(
    r"digitalsource(?:file)?type"
    r"(?:\s*=\s*[\"']|\s[^<>]{0,200}?resource\s*=\s*[\"']|[^<>]{0,200}>(?:\s*<[^<>]{0,200}>){0,4})"
    rf"([^\"'<>]{{1,{MAX_CODE}}})",
    re.I,
)


@dataclass
class XmpMarks:
    """What was found so far; the first of each counts."""

    source_type: str | None = None
    label: Mapping[str, str] | None = None

    def add(self, name: str, text: str) -> None:
        if name == SOURCE_TYPE:
            self.source_type = self.source_type or source_type(text)
        elif name == LABEL:
            self.label = self.label or label_of(text)

    def add_from(self, text: str) -> None:
        """Add the label that is somewhere in a text."""
        self.label = self.label or label_in(text)


def read_xmp(pieces: Iterable[bytes], found: XmpMarks) -> None:
    """Add what the packet says, as far as it can be read."""
    walk, parser = _Walk(found), ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = walk.start, walk.end
    parser.CharacterDataHandler = walk.text
    parser.StartDoctypeDeclHandler = _stop
    read, is_malformed = bytearray(), False
    for piece in pieces:
        part = piece if read else piece.lstrip(BEFORE)
        read += part[: MAX_MALFORMED - len(read)]
        try:
            if not is_malformed:
                parser.Parse(part, False)  # noqa: FBT003 - expat's own signature
        except _Stop:
            return
        except (ExpatError, LookupError, ValueError):
            # Python raises the last two for an encoding that it doesn't know, or can't decode.
            is_malformed = True
    if is_malformed:
        _search(decoded(bytes(read)), found)


def _search(packet: str, found: XmpMarks) -> None:
    for source in _SOURCE.finditer(packet):
        if source_type(source[1]) in CODES:  # it could be the text of another element
            found.add(SOURCE_TYPE, source[1])
    found.add_from(packet)


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
        self._path.append(_local_name(name))
        self._text = ""
        for key, value in attributes.items():
            local = _local_name(key)
            if local == "resource":
                self._property(value)
            elif local in NAMES.values():
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
            if local not in CONTAINERS | {*NAMES.values()}:
                self._field(local, text)
        self._path.pop()
        if local == LABEL and self._fields:
            self._found.label = self._found.label or bounded(self._fields)

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


def _local_name(name: str) -> str:
    local = name.rpartition(":")[2]
    return NAMES.get(local.lower(), local)
