"""Reads China's label of generated content: GB 45438-2025, annex E.

It is JSON of seven fields. The practice guide for images, TC260-PG-20259A, has it as `TC260:AIGC`
in XMP, or as `{"AIGC": {...}}` in EXIF's UserComment or a PNG's text `AIGC`. Generators leave it in
other texts as well, where it is told from anything else by its fields.
"""

import html
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from ringback.domain.marks import LABEL
from ringback.images.texts import storable
from ringback.json_bodies import NotJson, parse_json

# The last two are those of a variant in use.
FIELDS: Final = frozenset(
    {"Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator"}
    | {"PropagateID", "ReservedCode2", "ServiceProvider", "ServiceUser"}
)
MIN_BARE_FIELDS: Final = 2  # of an object that isn't called AIGC
MAX_TEXT: Final = 8192
# Of a label's fields: there are seven, codes and signatures of up to a few hundred characters.
MAX_FIELDS, MAX_NAME, MAX_VALUE = 16, 64, 512
# Bytes of all of them: those of many images must fit into the job's item.
MAX_LABEL: Final = 4096
_NAMED: Final = re.compile(r"AIGC[^{}A-Za-z][^{}]{0,200}\{|AIGC\{", re.I)
MAX_NAMED: Final = 16  # places that are looked at
_AROUND: Final = "\ufeff\0 \t\r\n"
_OBJECT: Final = re.compile(r"\{(?:[^{}]++|\{[^{}]*+\})*+\}")


def label_of(text: str) -> Mapping[str, str] | None:
    """Return the fields of a label, which is JSON; one that isn't has a single field, ``text``."""
    text = text.strip(_AROUND)[:MAX_TEXT]
    fields = _fields(text) or _fields(html.unescape(text))
    if fields is None:
        fields = {"text": text} if text else {}
    return bounded(fields)


def label_in(text: str) -> Mapping[str, str] | None:
    """Return the label that is somewhere in a text, ``None`` if there is none."""
    text = html.unescape(text).strip(_AROUND)
    fields = _fields(text) if len(text) <= MAX_TEXT else None
    if fields and len(FIELDS & fields.keys()) >= MIN_BARE_FIELDS:
        return bounded(fields)
    for _, named in zip(range(MAX_NAMED), _NAMED.finditer(text), strict=False):
        start = named.end() - 1
        found = _OBJECT.match(text, start, start + MAX_TEXT)
        fields = _fields(found[0]) if found else None
        if fields and FIELDS & fields.keys():
            return bounded(fields)
    return None


def bounded(fields: Mapping[str, Any]) -> Mapping[str, str] | None:
    """Return what fits into the item of a job; ``None`` if nothing does."""
    texts = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in list(fields.items())[:MAX_FIELDS]
    }
    kept, size = dict[str, str](), 0
    for name, text in texts.items():
        field = storable(name, most=MAX_NAME), storable(text, most=MAX_VALUE)
        size += sum(len(part.encode()) for part in field)
        # A name that is empty can't be stored.
        if field[0] and size <= MAX_LABEL:
            kept[field[0]] = field[1]
    return kept or None


def _fields(text: str) -> dict[str, Any] | None:
    """Return the JSON object, or the one in it that is called AIGC; that may be JSON in JSON."""
    try:
        fields: Any = parse_json(text).value
        for name in fields if isinstance(fields, dict) else ():
            if name.upper() == LABEL:
                named = fields[name]
                named = parse_json(named).value if isinstance(named, str) else named
                return named if isinstance(named, dict) else fields
    except NotJson:
        return None
    return fields if isinstance(fields, dict) else None
