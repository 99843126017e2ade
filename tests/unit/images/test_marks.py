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
from ringback.images.labels import MAX_FIELDS, MAX_LABEL, label_in, label_of
from ringback.images.marks import read_marks
from ringback.images.source_types import source_type
from ringback.images.xmp import MAX_LEVELS, XmpMarks, read_xmp
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


def blocks(content: bytes) -> bytes:
    """Return a GIF's sub-blocks."""
    pieces = [content[at : at + 255] for at in range(0, len(content), 255)]
    return b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"


def tiff(
    *texts: tuple[int, bytes], sub: tuple[tuple[int, bytes], ...] = (), order: str = ">"
) -> bytes:
    """Return EXIF with texts in its first directory, and others in the one that it leads to."""
    data = bytearray(8 + 2 + 12 * (len(texts) + 1) + 4 + 2 + 12 * len(sub) + 4)
    data[:8] = (b"MM\0*" if order == ">" else b"II*\0") + pack(f"{order}I", 8)

    def directory(start: int, entries: tuple[tuple[int, bytes], ...], sub_start: int) -> None:
        data[start : start + 2] = pack(f"{order}H", len(entries) + bool(sub_start))
        for number, (tag, text) in enumerate(entries):
            at = start + 2 + 12 * number
            data[at : at + 12] = pack(f"{order}HHII", tag, 7, len(text), len(data))
            data.extend(text)
        if sub_start:
            at = start + 2 + 12 * len(entries)
            data[at : at + 12] = pack(f"{order}HHII", 0x8769, 4, 1, sub_start)

    directory(8, texts, 8 + 2 + 12 * (len(texts) + 1) + 4)
    directory(8 + 2 + 12 * (len(texts) + 1) + 4, sub, 0)
    return bytes(data)


def raw_profile(name: str, content: bytes) -> bytes:
    """Return a text of a PNG as ImageMagick writes other formats' metadata."""
    digits = content.hex()
    lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    return f"Raw profile type {name}\0\n{name}\n{len(content):8}\n{lines}\n".encode("latin-1")


def ztxt(text: bytes) -> bytes:
    key, _, body = text.partition(b"\0")
    return png_chunk(b"zTXt", key + b"\0\0" + zlib.compress(body))


def avif_with_exif(content: bytes) -> bytes:
    return avif_with_xmp(content).replace(b"mime\0application/rdf+xml\0", b"Exif" + bytes(21), 1)


def uuid(identity: str, body: bytes) -> bytes:
    return box(b"uuid", bytes.fromhex(identity), body)


C2PA_BOX, XMP_BOX = "d8fec3d61b0e483c92975828877ec481", "be7acfcb97a942e89c71999491e3afac"
AS_TEXT: Final = json.dumps(LABEL).replace('"', "&quot;")
STRUCTURED: Final = PACKET.replace(
    json.dumps(LABEL).encode(),
    "".join(f"<TC260:{name}>{text}</TC260:{name}>" for name, text in LABEL.items()).encode(),
)
NAMED: Final = json.dumps({"AIGC": LABEL}).encode()
LABELLED: Final = Marks(aigc_label=LABEL)
COMMENT: Final = b"ASCII\0\0\0" + NAMED
EXIF: Final = tiff(sub=((0x9286, COMMENT),))
EVERY_COMMENT: Final = {
    "ascii": COMMENT,
    "ascii with zeros behind": COMMENT + bytes(9),
    "utf-8": bytes(8) + '{"x": "图", '.encode() + NAMED[1:],
    "utf-16": b"UNICODE\0" + NAMED.decode().encode("utf-16-be"),
    "utf-16 of the other order": b"UNICODE\0" + NAMED.decode().encode("utf-16-le"),
    "utf-16 with a mark": b"UNICODE\0" + NAMED.decode().encode("utf-16"),
    "utf-8 called unicode": b"UNICODE\0" + NAMED,
    "no code": NAMED,
    "json in json": b"ASCII\0\0\0" + json.dumps({"AIGC": json.dumps(LABEL)}).encode(),
    "bare": b"ASCII\0\0\0" + json.dumps(LABEL).encode(),
}
AIGC_TEXT: Final = b"AIGC\0" + json.dumps({"AIGC": LABEL}).encode()
CANVAS: Final = (b"VP8X", bytes(10)), (b"VP8L", b"\x2f\0\0\0\0x")
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
    "gif, c2pa": (gif(b"!\xff\x0bC2PA_GIF\1\0\0" + blocks(MANIFEST), GIF_IMAGE), C2PA),
    "gif, xmp of ImageMagick": (gif(b"!\xff\x0bXMP DataXMP" + blocks(PACKET), GIF_IMAGE), BOTH),
    "gif, label in a comment": (gif(b"!\xfe" + blocks(b"x" * 250 + NAMED), GIF_IMAGE), LABELLED),
    "avif, exif": (avif_with_exif(bytes(4) + EXIF), LABELLED),
    "avif, exif as in a jpeg": (avif_with_exif(b"\0\0\0\6Exif\0\0" + EXIF), LABELLED),
    "avif, exif of Pillow": (image("AVIF", exif=EXIF), LABELLED),
    "webp, exif": (webp(*CANVAS, (b"EXIF", EXIF)), LABELLED),
    "webp, exif as in a jpeg": (webp(*CANVAS, (b"EXIF", b"Exif\0\0" + EXIF)), LABELLED),
    "webp, xmp by another name": (webp(*CANVAS, (b"XMP\0", PACKET)), BOTH),
    "jpeg, exif": (image("JPEG", exif=b"Exif\0\0" + EXIF), LABELLED),
    "jpeg, xmp in exif": (image("JPEG", exif=b"Exif\0\0" + tiff((700, PACKET))), BOTH),
    "jpeg, label in a comment": (image("JPEG", comment=b"made with " + NAMED), LABELLED),
    "jpeg, label in a bare segment": (
        jpeg_with(segment(0xE5, b"AIGC" + json.dumps(LABEL).encode())),
        LABELLED,
    ),
    "jpeg, named label in a bare segment": (jpeg_with(segment(0xEA, NAMED)), LABELLED),
    "jpeg, xmp behind many comments": (
        jpeg_with(*[segment(0xFE, b"x")] * 300, segment(0xE1, XAP + PACKET)),
        BOTH,
    ),
    "png, eXIf": (png_with(png_chunk(b"eXIf", EXIF)), LABELLED),
    "png, raw exif": (png_with(ztxt(raw_profile("exif", b"Exif\0\0" + EXIF))), LABELLED),
    "png, raw exif without a head": (
        png_with(png_chunk(b"tEXt", raw_profile("APP1", tiff((700, STRUCTURED))))),
        BOTH,
    ),
    "png, raw xmp of a jpeg": (png_with(ztxt(raw_profile("APP1", XAP + STRUCTURED))), BOTH),
    "png, raw xmp by a long name": (
        png_with(ztxt(raw_profile("xmp", PACKET).replace(b"\nxmp\n", b"\ngeneric profile\n"))),
        BOTH,
    ),
    "png, raw iptc": (
        png_with(ztxt(raw_profile("iptc", b"8BIM\4\4\x1c\2\x78" + NAMED))),
        LABELLED,
    ),
    "png, xmp in a tEXt": (png_with(png_chunk(b"tEXt", b"XML:com.adobe.xmp\0" + PACKET)), BOTH),
    **{
        f"png, label in {key.decode()}": (
            png_with(png_chunk(b"tEXt", key + b"\0" + NAMED)),
            LABELLED,
        )
        for key in (b"Comment", b"Description", b"UserComment", b"aigc", b"TC260:AIGC")
    },
    "png, packed label in Comment": (png_with(ztxt(b"Comment\0" + NAMED)), LABELLED),
    "png, international label in Comment": (png_with(itxt(NAMED, key=b"Comment")), LABELLED),
    "png, empty c2pa": (png_with(png_chunk(b"caBX")), Marks()),
    "png, no c2pa": (png_with(png_chunk(b"caBX", bytes(60))), Marks()),
    "jpeg, empty jumbf": (jpeg_with(segment(0xEB, b"JP\0\1\0\0\0\1")), Marks()),
    "webp, empty c2pa": (webp(*CANVAS, (b"C2PA", b"")), Marks()),
    "gif, empty c2pa": (gif(b"!\xff\x0bC2PA_GIF\1\0\0\0", GIF_IMAGE), Marks()),
    "avif, empty c2pa": (AVIF + uuid(C2PA_BOX, b"\0\0\0\0manifest\0"), Marks()),
    "jpeg, another comment": (
        image("JPEG", comment=b'{"prompt": "a kite", "Label": "1"}'),
        Marks(),
    ),
    "png, another comment": (
        png_with(png_chunk(b"tEXt", b'Comment\0AIGC is {made} of {"x": 1}')),
        Marks(),
    ),
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
        D.format(f"i:DigitalSourceFileType='{SOURCE}'", ""),
        D.format(f"i:digitalSourceType='{SOURCE}'", ""),
        f"<r><undeclared:DigitalSourceType>{SOURCE}</undeclared:DigitalSourceType>",
        D.format(f"i:DigitalSourceType='{SOURCE}'", "<broken"),
    ],
)
def test_the_source_type_is_read_in_every_form(packet: str) -> None:
    assert found_in(packet).source_type == "trainedAlgorithmicMedia"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (SOURCE, "trainedAlgorithmicMedia"),
        (f" \n{SOURCE}/ ", "trainedAlgorithmicMedia"),
        (SOURCE.upper(), "trainedAlgorithmicMedia"),
        (SOURCE.replace("http:", "https:"), "trainedAlgorithmicMedia"),
        (SOURCE.replace("digitalsource", "digitalSource"), "trainedAlgorithmicMedia"),
        (f"<{SOURCE}>", "trainedAlgorithmicMedia"),
        (f"{SOURCE}?lang=en-GB", "trainedAlgorithmicMedia"),
        ("digsrctype:trainedAlgorithmicMedia", "trainedAlgorithmicMedia"),
        ("iptc:digitalSourceType:compositeSynthetic", "compositeSynthetic"),
        ("TRAINEDALGORITHMICMEDIA", "trainedAlgorithmicMedia"),
        ("trained_algorithmic_media", "trainedAlgorithmicMedia"),
        ("Trained Algorithmic Media", "trainedAlgorithmicMedia"),
        ("https://schema.org/AlgorithmicMediaDigitalSource", "algorithmicMedia"),
        ("http://c2pa.org/digitalsourcetype/trainedAlgorithmicData", "trainedAlgorithmicData"),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/newCode", "newCode"),
        ("http://example.com/made/by", "http://example.com/made/by"),
        ("something else", "something else"),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/", None),
        (" / ", None),
        ("", None),
        ("\ud83d", "\ufffd"),
    ],
)
def test_a_source_type_is_the_code_that_is_meant(text: str, code: str | None) -> None:
    assert source_type(text) == code


BROKEN: Final = {
    "latin-1": PACKET.replace(b"<rdf:RDF", b"<x y='caf\xe9'/><rdf:RDF"),
    "an ampersand": PACKET.replace(b"<rdf:RDF", b"<x>A & B</x><rdf:RDF"),
    "an element that is not closed": PACKET.replace(b"<rdf:RDF", b"<x><y></x><rdf:RDF"),
    "a control character": PACKET.replace(b"<rdf:RDF", b"<x>\x01</x><rdf:RDF"),
    "a declaration behind the start": b"<!-- -->\n<?xml version='1.0'?>" + PACKET,
    "two attributes of a name": PACKET.replace(b'rdf:about=""', b'rdf:about="" rdf:about=""'),
    "an unknown encoding": b"<?xml version='1.0' encoding='ansi'?>" + PACKET,
    "utf-16 and a half character": (
        PACKET.decode().replace("<rdf:RDF", "<x>\ud83d</x><rdf:RDF")
    ).encode("utf-16-le", "surrogatepass"),
    "zeros before it": bytes(3) + PACKET,
    "a line end before its declaration": b"\r\n<?xml version='1.0'?>"
    + PACKET[PACKET.index(b"?>") + 2 :],
    "no markup to speak of": PACKET[
        PACKET.index(b"Iptc4xmpExt:Digital") : PACKET.index(b"</TC260")
    ],
}


@pytest.mark.parametrize("packet", BROKEN.values(), ids=BROKEN)
def test_a_malformed_packet_is_searched(packet: bytes) -> None:
    assert marks_of(png_with(itxt(packet))) == BOTH


def test_what_lies_before_a_packet_is_skipped() -> None:
    fields = "<t:AIGC><t:Label>1</t:Label></t:AIGC>"
    for before in ("\0", "\r\n", "\n <?xml version='1.0'?>"):
        assert found_in(f"{before}{D.format('', fields)}").label == {"Label": "1"}


@pytest.mark.parametrize(
    "source",
    [
        'i:DigitalSourceType = "{}"',
        "i:DigitalSourceType rdf:resource='{}'",
        "><i:DigitalSourceType>{}</i:DigitalSourceType",
        "><i:DigitalSourceType>\n <rdf:Bag> <rdf:li>{}</rdf:li></rdf:Bag></i:DigitalSourceType",
    ],
)
@pytest.mark.parametrize("label", ["t:AIGC='{}'", 't:AIGC="{}"', "><t:AIGC>{}</t:AIGC"])
def test_both_are_found_in_any_form(source: str, label: str) -> None:
    for text in (json.dumps(LABEL), AS_TEXT):
        found = found_in(f"<r & {source.format(SOURCE)} {label.format(text)}>")
        assert (found.source_type, found.label) == ("trainedAlgorithmicMedia", LABEL)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("comment", EVERY_COMMENT.values(), ids=EVERY_COMMENT)
def test_a_label_is_read_in_every_comment(comment: bytes, order: str) -> None:
    for exif in (
        tiff((0x10F, b"maker!"), sub=((0x9003, b"2026:01:01"), (0x9286, comment)), order=order),
        tiff((0x9286, comment), order=order),
    ):
        assert marks_of(png_with(png_chunk(b"eXIf", exif))) == LABELLED
    described = tiff((0x010E, NAMED + b"\0"), order=order)
    assert marks_of(png_with(png_chunk(b"eXIf", described))) == LABELLED


def test_another_element_s_text_is_no_source_type() -> None:
    assert found_in("<r & <i:DigitalSourceType/><x>a kite</x>").source_type is None
    assert found_in(
        "<r & <i:DigitalSourceType/><x>a kite</x><y i:DigitalSourceType='print'>"
    ).source_type


@pytest.mark.parametrize(
    ("code", "encoding"), [(b"JIS\0\0\0\0\0", "iso2022_jp"), (bytes(8), "gb18030")]
)
def test_what_a_label_says_is_decoded(code: bytes, encoding: str) -> None:
    label = {"Label": "1", "ContentProducer": "図書館"}
    text = json.dumps({"AIGC": label}, ensure_ascii=False).encode(encoding)
    exif = tiff((0x9286, code + text))
    assert marks_of(png_with(png_chunk(b"eXIf", exif))) == Marks(aigc_label=label)


def test_exif_that_leads_nowhere_is_left() -> None:
    for broken in (
        b"MM\0*",
        b"MM\0*\xff\xff\xff\xff",
        tiff((0x9286, COMMENT))[:20],
        tiff((0x9286, b""))[:8] + b"\xff\xff" + bytes(40),
        tiff((0x8769, b"abcd")),
    ):
        assert marks_of(png_with(png_chunk(b"eXIf", broken))) == Marks()


def test_a_directory_that_leads_nowhere_costs_no_other() -> None:
    exif = tiff((0x010E, NAMED))
    at = exif.index(pack(">HHI", 0x8769, 4, 1)) + 8
    broken = exif[:at] + b"\xff" * 4 + exif[at + 4 :]
    assert marks_of(png_with(png_chunk(b"eXIf", broken))) == LABELLED


SERVICE: Final = {"ServiceProvider": "x", "Time": "1"}


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (NAMED.decode(), LABEL),
        (f"AIGC{json.dumps(LABEL)}", LABEL),
        (f"made by\n aigc : {json.dumps(LABEL)} !", LABEL),
        (json.dumps({"data": {"AIGC": LABEL}}), LABEL),
        (json.dumps({"AIGC": LABEL}).replace('"', "&quot;"), LABEL),
        (json.dumps(LABEL), LABEL),
        (json.dumps({"AIGC": SERVICE}), SERVICE),
        ('AIGC {"a": 1} AIGC ' + json.dumps(LABEL), LABEL),
        (json.dumps({"Label": "1", "prompt": "a kite"}), None),
        (json.dumps({"aigc_label_type": 0, "AIGC": {"x": 1}}), None),
        ("AIGC", None),
        ("AIGC{" * 9999, None),
        ("AIGC {" + "{" * 99_999, None),
        ("[" * 9999, None),
        ("", None),
    ],
)
def test_a_label_in_a_text_is_told_by_its_fields(text: str, label: dict[str, str] | None) -> None:
    assert label_in(text) == label


@pytest.mark.parametrize(
    "packet",
    [
        D.format(f't:AIGC="{AS_TEXT}"', ""),
        D.format("", f"<t:AIGC>{AS_TEXT}</t:AIGC>"),
        D.format("", f"<t:aigc>{AS_TEXT}</t:aigc>"),
        D.format("", f"<t:AIGC><rdf:value>{AS_TEXT}</rdf:value></t:AIGC>"),
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


@pytest.mark.parametrize(("texts", "marks"), [(2, BOTH), (6, Marks())])
def test_no_more_than_a_few_megabytes_of_metadata_are_read(texts: int, marks: Marks) -> None:
    large = itxt(b"<x>" + b" " * 1_100_000, packed=True)
    assert marks_of(png_with(*[large] * texts, itxt(PACKET))) == marks


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
        ('{"AIGC": 1, "Label": "2"}', {"AIGC": "1", "Label": "2"}),
        ('{"aigc": "{\\"Label\\": \\"2\\"}"}', {"Label": "2"}),
        ("{&quot;Label&quot;: &quot;2&quot;}", {"Label": "2"}),
        ("{'Label': '2'}", {"text": "{'Label': '2'}"}),
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
