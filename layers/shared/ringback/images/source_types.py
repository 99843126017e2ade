"""IPTC's DigitalSourceType: which of its codes a text means.

It should be a URI of https://cv.iptc.org/newscodes/digitalsourcetype/. Writers also use other
schemes, prefixes (`digsrctype:`), schema.org's names, words alone, and any case.
"""

import re
from typing import Final

from ringback.images.texts import storable

CODES: Final = (
    *("digitalCapture", "computationalCapture", "negativeFilm", "positiveFilm", "print"),
    *("humanEdits", "minorHumanEdits", "digitalCreation", "digitalArt", "softwareImage"),
    *("composite", "compositeCapture", "compositeSynthetic", "virtualRecording"),
    *("compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicMedia", "algorithmicMedia"),
    *("algorithmicallyEnhanced", "dataDrivenMedia", "screenCapture", "trainedAlgorithmicData"),
)
_BY_LETTERS: Final = {code.lower(): code for code in CODES}
_OF_SCHEMA_ORG: Final = "digitalsource"  # ends its names of these codes
_VOCABULARY: Final = re.compile(r"digitalsourcetype(?:/|$)", re.I)
_SEPARATORS: Final = re.compile(r"[/:#=]")
MAX_TEXT, MAX_CODE = 1000, 200


def source_type(text: str) -> str | None:
    """Return the code as IPTC writes it; of an unknown one, what is behind the vocabulary's URI."""
    text = text[:MAX_TEXT].strip("\0 \t\r\n\"'<>/#")
    last = _SEPARATORS.split(text.partition("?")[0])[-1]
    letters = re.sub(r"[\W_]", "", last).lower().removesuffix(_OF_SCHEMA_ORG)
    if letters in _BY_LETTERS:
        return _BY_LETTERS[letters]
    *_, behind = _VOCABULARY.split(text)
    return storable(behind.strip("/"), most=MAX_CODE) or None
