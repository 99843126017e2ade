"""What an image says about its origin, and how its thumbnail repeats it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

VOCABULARY: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SOURCE_TYPE: Final = "DigitalSourceType"
LABEL: Final = "AIGC"
_CODE: Final = re.compile(r"\w{1,100}", re.A)
_PACKET: Final = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
    ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    ' xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"{}/></rdf:RDF></x:xmpmeta>'
)
# Control characters are not allowed in XML, not even escaped.
_ESCAPES: Final = {
    **dict.fromkeys([*range(0x20), 0xFFFE, 0xFFFF], "\ufffd"),
    **{ord(character): f"&#{ord(character)};" for character in '\t\n\r&<>"'},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What the file says about its origin; nothing of it is verified.

    ``c2pa``: there is a C2PA manifest. ``iptc`` is IPTC's DigitalSourceType, the last part of its
    URL. ``aigc_label`` is the label of generated content that China's GB 45438 prescribes.
    """

    c2pa: bool = False
    iptc: str | None = None
    aigc_label: Mapping[str, str] | None = None

    def as_xmp(self) -> bytes:
        """Return an XMP packet with the source type and the label; empty if there is neither.

        A C2PA manifest is bound to the bytes of its own file, so it is not repeated.
        """
        written = ""
        if self.iptc:
            code = f"{VOCABULARY}{self.iptc}" if _CODE.fullmatch(self.iptc) else self.iptc
            written += f' Iptc4xmpExt:{SOURCE_TYPE}="{code.translate(_ESCAPES)}"'
        if self.aigc_label:
            label = json.dumps(dict(self.aigc_label), ensure_ascii=False)
            written += f' TC260:{LABEL}="{label.translate(_ESCAPES)}"'
        return _PACKET.format(written).encode() if written else b""
