"""Marks of origin in every format, and that strangers' metadata costs nothing."""

import json
import zlib
from io import BytesIO
from struct import pack
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ringback.domain.marks import Marks
from ringback.images.download import ImageDownloader
from ringback.images.formats import read_picture
from ringback.images.marks import read_marks
from ringback.images.xmp import MAX_FIELDS, MAX_LABEL, MAX_LEVELS, XmpMarks, label_of, read_xmp
from ringback.outbound.guarded_http import GuardedHttp

from tests.support.image_files import (
    FTYP,
    GIF_IMAGE,
    IPRP,
    MDAT,
    PITM,
    WHOLE,
    box,
    full_box,
    gif,
    image,
    meta,
    png_chunk,
    webp,
)

DOWNLOADER: Final = ImageDownloader(http=GuardedHttp(), max_bytes=1_000_000)
LABEL: Final = {"Label": "1", "ContentProducer": "00191110102MACQD9K64010000", "ProduceID": "7"}
SOURCE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
PACKET: Final = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"
    Iptc4xmpExt:DigitalSourceType="{SOURCE}">
   <TC260:AIGC>{json.dumps(LABEL)}</TC260:AIGC>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()
BOTH: Final = Marks(iptc="trainedAlgorithmicMedia", aigc_label=LABEL)
C2PA: Final = Marks(c2pa=True)
PNG, JPEG, WEBP, AVIF, GIF = WHOLE.values()
MANIFEST: Final = box(b"jumb", box(b"jumd", b"c2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9bq\3c2pa\0"))
XAP: Final = b"http://ns.adobe.com/xap/1.0/\0"
MORE: Final = b"http://ns.adobe.com/xmp/extension/\0" + b"0123456789ABCDEF" * 2


def segment(code: int, body: bytes) -> bytes:
    return b"\xff" + bytes([code]) + pack(">H", len(body) + 2) + body


def jpeg_with(*segments: bytes) -> bytes:
    return JPEG[:2] + b"".join(segments) + JPEG[2:]


def png_with(*chunks: bytes, behind: bool = False) -> bytes:
    at = PNG.index(b"IEND" if behind else b"IDAT") - 4
    return PNG[:at] + b"".join(chunks) + PNG[at:]


def extended(packet: bytes, size: int) -> list[bytes]:
    parts = [(at, packet[at : at + size]) for at in range(0, len(packet), size)]
    head = MORE + pack(">I", len(packet))
    return [segment(0xE1, head + pack(">I", at) + part) for at, part in parts]


def profile(packet: bytes) -> bytes:
    """Return a packet as ImageMagick writes it into a PNG."""
    return b"\nxmp\n%8d\n" % len(packet) + packet.hex().encode() + b"\n"


def itxt(text: bytes, *, packed: bool = False, key: bytes = b"XML:com.adobe.xmp") -> bytes:
    body = zlib.compress(text) if packed else text
    return png_chunk(b"iTXt", key + b"\0" + bytes([packed]) + b"\0en\0key\0" + body)


def avif_with_xmp(packet: bytes) -> bytes:
    """Return an AVIF whose second item is an XMP packet, behind its meta box."""
    entry = full_box(b"infe", b"\0\2\0\0mime\0application/rdf+xml\0", version=2)
    other = full_box(b"infe", b"\0\1\0\0av01\0", version=2)
    iinf = full_box(b"iinf", b"\0\2", other, entry)

    def of(start: int) -> bytes:
        places = ((1, 0, 8), (2, start, len(packet)))
        items = b"".join(pack(">HHHII", item, 0, 1, at, size) for item, at, size in places)
        iloc = full_box(b"iloc", b"\x44\0", pack(">H", 2), items)
        return FTYP + meta(PITM, iloc, iinf, IPRP) + MDAT

    return of(len(of(0)) + 8) + box(b"mdat", packet)


def uuid(identity: str, body: bytes) -> bytes:
    return box(b"uuid", bytes.fromhex(identity), body)


C2PA_BOX, XMP_BOX = "d8fec3d61b0e483c92975828877ec481", "be7acfcb97a942e89c71999491e3afac"
AIGC_TEXT: Final = b"AIGC\0" + json.dumps({"AIGC": LABEL}).encode()
CANVAS: Final = (b"VP8X", bytes(10)), (b"VP8L", b"\x2f\0\0\0\0x")
# Behind a packet: bytes that lead each reader of sub-blocks to the end.
TRAILER: Final = b"\1" + bytes(range(255, -1, -1)) + b"\0"
MARKED: Final = {
    "png, c2pa": (png_with(png_chunk(b"caBX", MANIFEST)), C2PA),
    "png, xmp": (png_with(itxt(PACKET)), BOTH),
    "png, packed xmp": (png_with(itxt(PACKET, packed=True)), BOTH),
    "png, xmp behind its pixels": (png_with(itxt(PACKET), behind=True), BOTH),
    "png, xmp of ImageMagick": (
        png_with(png_chunk(b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(profile(PACKET)))),
        BOTH,
    ),
    "png, label": (png_with(png_chunk(b"tEXt", AIGC_TEXT)), Marks(aigc_label=LABEL)),
    "png, packed label": (
        png_with(png_chunk(b"zTXt", b"AIGC\0\0" + zlib.compress(AIGC_TEXT[5:]))),
        Marks(aigc_label=LABEL),
    ),
    "png, international label": (
        png_with(itxt(AIGC_TEXT[5:], key=b"AIGC")),
        Marks(aigc_label=LABEL),
    ),
    "png, all of it": (
        png_with(png_chunk(b"caBX", MANIFEST), itxt(PACKET), png_chunk(b"tEXt", AIGC_TEXT)),
        Marks(c2pa=True, iptc=BOTH.iptc, aigc_label=LABEL),
    ),
    "jpeg, c2pa": (jpeg_with(segment(0xEB, b"JP\0\1\0\0\0\1" + MANIFEST)), C2PA),
    "jpeg, another jumbf": (
        jpeg_with(segment(0xEB, b"JP\0\1\0\0\0\1" + box(b"jumb", box(b"jumd", b"json" * 4)))),
        Marks(),
    ),
    "jpeg, xmp": (image("JPEG", xmp=PACKET), BOTH),
    "jpeg, extended xmp": (
        jpeg_with(segment(0xE1, XAP + b"<x/>"), *extended(PACKET, 100)),
        BOTH,
    ),
    "jpeg, extended xmp in another order": (jpeg_with(*reversed(extended(PACKET, 99))), BOTH),
    "webp, c2pa": (
        webp(*CANVAS, (b"C2PA", MANIFEST)),
        C2PA,
    ),
    "webp, xmp": (image("WEBP", xmp=PACKET), BOTH),
    "gif, xmp": (
        gif(
            b"!\xff\x0bXMP DataXMP" + PACKET + b"\1" + bytes(range(255, -1, -1)) + b"\0", GIF_IMAGE
        ),
        BOTH,
    ),
    "gif, c2pa": (gif(b"!\xff\x0bC2PA_GIF\1\0\0\4abcd\0", GIF_IMAGE), C2PA),
    "avif, c2pa": (AVIF + uuid(C2PA_BOX, b"\0\0\0\0manifest\0" + MANIFEST), C2PA),
    "avif, xmp": (avif_with_xmp(PACKET), BOTH),
    "avif, xmp of Pillow": (image("AVIF", xmp=PACKET), BOTH),
    "avif, xmp in a box": (AVIF + uuid(XMP_BOX, PACKET), BOTH),
}


def marks_of(content: bytes) -> Marks:
    picture = read_picture(BytesIO(content), size=len(content))
    return read_marks(BytesIO(content), picture, size=len(content))


@pytest.mark.parametrize(("content", "marks"), MARKED.values(), ids=MARKED)
def test_the_marks_of_each_format_are_read(content: bytes, marks: Marks) -> None:
    assert marks_of(content) == marks


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
def test_an_image_without_marks_has_none(content: bytes) -> None:
    assert marks_of(content) == Marks()


def found_in(packet: str) -> XmpMarks:
    found = XmpMarks()
    read_xmp([packet.encode()], found)
    return found


D = "<r xmlns:i='i' xmlns:t='t' xmlns:rdf='r'><rdf:Description {}>{}</rdf:Description></r>"


@pytest.mark.parametrize(
    "packet",
    [
        D.format(f"i:DigitalSourceType='{SOURCE}'", ""),
        D.format("", f"<i:DigitalSourceType>{SOURCE}</i:DigitalSourceType>"),
        D.format("", f"<i:DigitalSourceType>\n {SOURCE}\n</i:DigitalSourceType>"),
        D.format("", f"<i:DigitalSourceType rdf:resource='{SOURCE}'/>"),
        D.format(
            "",
            f"<i:DigitalSourceType><rdf:Bag><rdf:li>{SOURCE}</rdf:li></rdf:Bag></i:DigitalSourceType>",
        ),
        D.format("i:DigitalSourceType='trainedAlgorithmicMedia'", ""),
        f"<r><undeclared:DigitalSourceType>{SOURCE}</undeclared:DigitalSourceType>",
        D.format(f"i:DigitalSourceType='{SOURCE}'", "<broken"),
    ],
)
def test_the_source_type_is_read_in_every_form(packet: str) -> None:
    assert found_in(packet).source_type == "trainedAlgorithmicMedia"


AS_TEXT = json.dumps(LABEL).replace('"', "&quot;")


@pytest.mark.parametrize(
    "packet",
    [
        D.format(f't:AIGC="{AS_TEXT}"', ""),
        D.format("", f"<t:AIGC>{AS_TEXT}</t:AIGC>"),
        D.format("", f"<t:AIGC><![CDATA[{json.dumps(LABEL)}]]></t:AIGC>"),
        D.format("", "<t:AIGC rdf:parseType='Resource'>{}</t:AIGC>").format(
            "".join(f"<t:{name}>{text}</t:{name}>" for name, text in LABEL.items())
        ),
        D.format("", "<t:AIGC><rdf:Description {}/></t:AIGC>").format(
            " ".join(f"t:{name}='{text}'" for name, text in LABEL.items())
        ),
    ],
)
def test_the_label_is_read_in_every_form(packet: str) -> None:
    assert found_in(packet).label == LABEL


def test_no_entity_is_expanded() -> None:
    bomb = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
    packet = f"<!DOCTYPE r [<!ENTITY a0 'x'>{bomb}]><r t:AIGC='&a11;'>&a11;</r>"
    assert found_in(packet) == XmpMarks()
    outside = "<!DOCTYPE r SYSTEM 'file:///etc/passwd'><r><t:AIGC>1</t:AIGC></r>"
    assert found_in(outside) == XmpMarks()


@pytest.mark.parametrize(
    "encoding",
    ["ansi", "x-user-defined", "utf-7", "idna", "rot13", "hex", "utf-32", "big5", "a\x00b"],
)
def test_an_encoding_that_is_not_known_ends_the_reading(encoding: str) -> None:
    packet = f"<?xml version='1.0' encoding='{encoding}'?>".encode() + PACKET
    content = png_with(itxt(packet))
    marks_of(content)
    assert DOWNLOADER.inspect(BytesIO(content)).damage == ""


def test_no_defect_in_reading_marks_costs_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("ringback.images.download.read_marks", broken)
    facts = DOWNLOADER.inspect(BytesIO(png_with(itxt(PACKET))))
    assert (facts.marks, facts.damage) == (Marks(), "")


def test_depth_and_size_are_bounded() -> None:
    deep = "<a>" * (MAX_LEVELS + 1) + "<t:AIGC>1</t:AIGC>"
    assert found_in(deep) == XmpMarks()
    label = found_in(f"<t:AIGC>{'x' * 10_000_000}</t:AIGC>").label
    assert label
    assert len(label["text"]) <= 512
    many = found_in("<AIGC>" + "".join(f"<f{n}>x</f{n}>" for n in range(999)) + "</AIGC>").label
    assert many
    assert len(many) <= MAX_FIELDS


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (
            '{"Label": 1, "Nested": {"a": [true, null]}}',
            {"Label": "1", "Nested": '{"a": [true, null]}'},
        ),
        ('{"AIGC": {"Label": "2"}}', {"Label": "2"}),
        ('{"Label": "\\ud83d"}', {"Label": "\ufffd"}),
        ("plain", {"text": "plain"}),
        ("7", {"text": "7"}),
        ("[" * 8000, {"text": "[" * 512}),
        ("{}", None),
        ("  ", None),
    ],
)
def test_a_label_is_flat_and_can_be_stored(text: str, label: dict[str, str] | None) -> None:
    assert label_of(text) == label


TEXTS = st.text(max_size=40)


def test_the_first_source_type_that_says_something_counts() -> None:
    empty = "http://cv.iptc.org/newscodes/digitalsourcetype/"
    packet = D.format(f"i:DigitalSourceType='{empty}'", "")
    assert found_in(packet).source_type is None


def test_a_field_without_a_name_is_left_out() -> None:
    assert found_in("<AIGC><t: t:='v'>x</t:><Label>1</Label></AIGC>").label == {"Label": "1"}


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(st.text(max_size=70), st.text() | st.integers() | st.none(), max_size=20))
@example({"": "x"})
@example({"": "x", "Label": "1"})
@example({f"{number}": "\u6807" * 512 for number in range(16)})
@example({"\u6807" * 64 + str(number): "\u8bc6" * 9999 for number in range(99)})
def test_every_label_fits_into_the_item_of_its_job(fields: dict[str, Any]) -> None:
    """DynamoDB takes no empty name in a map, and 400 KB in an item."""
    label = label_of(json.dumps(fields))
    if label is not None:
        assert all(label)
        assert sum(len(text.encode()) for text in (*label, *label.values())) <= MAX_LABEL


@settings(deadline=None, max_examples=200)
@given(
    st.one_of(st.none(), TEXTS.filter(lambda text: text.strip())),
    st.one_of(st.none(), st.dictionaries(TEXTS.filter(bool), TEXTS, min_size=1, max_size=4)),
)
@example("a/b&c", {"<": "\0\x1f\ud83d\uffff"})
def test_a_thumbnail_says_the_same(iptc: str | None, label: dict[str, str] | None) -> None:
    """What is written is read back, but for characters that XML does not allow."""
    packet = Marks(iptc=iptc, aigc_label=label).as_xmp() if _can_be_written(iptc, label) else b""
    found = XmpMarks()
    read_xmp([packet], found)
    if packet and iptc and iptc.isalnum() and iptc.isascii():
        assert found.source_type == iptc
    if packet and label and all(map(str.isprintable, (*label, *label.values()))):
        assert found.label == label


def _can_be_written(*values: object) -> bool:
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from([content for content, _ in MARKED.values()]),
    st.lists(st.tuples(st.integers(0, 5000), st.binary(max_size=6)), max_size=4),
)
def test_no_metadata_is_ever_an_error(content: bytes, changes: list[tuple[int, bytes]]) -> None:
    for at, other in changes:
        at %= len(content)
        content = content[:at] + other + content[at + len(other) :]
    picture = None
    try:
        picture = read_picture(BytesIO(content), size=len(content))
    except Exception as error:  # noqa: BLE001 - of another test
        assert type(error).__name__ == "NotAnImage"
    if picture:
        marks = read_marks(BytesIO(content), picture, size=len(content))
        json.dumps([marks.iptc, marks.aigc_label], ensure_ascii=False).encode()
