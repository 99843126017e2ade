"""Names what bytes are that are no image of ours, for people; nothing depends on it."""

import re
from typing import Final

_KINDS: Final = (
    ("an HTML page", re.compile(rb"\s*<(!doctype html|html|head|body)\b", re.I)),
    ("an SVG image", re.compile(rb"\s*(<\?xml[^>]*>\s*)?<svg\b", re.I)),
    ("XML", re.compile(rb"\s*<\?xml\b")),
    ("JSON", re.compile(rb'\s*[{\[]\s*["{\[\]}0-9]')),
    ("a PDF", re.compile(rb"%PDF-")),
    ("a BMP image", re.compile(rb"BM.{4}\0\0\0\0", re.S)),
    ("a TIFF image", re.compile(rb"II\*\0|MM\0\*")),
    ("an icon", re.compile(rb"\x00\x00\x01\x00")),
    ("a JPEG XL image", re.compile(rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n")),
    ("a JPEG 2000 image", re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51")),
    ("a HEIF image", re.compile(rb".{4}ftyp(hei[cfmsx]|hev[cmsx]|mif1|msf1)", re.S)),
    ("a video", re.compile(rb".{4}ftyp|\x1a\x45\xdf\xa3|RIFF.{4}AVI ", re.S)),
    ("a gzip file", re.compile(rb"\x1f\x8b")),
    ("a zip file", re.compile(rb"PK\x03\x04")),
    ("text", re.compile(rb"[\t\n\r -~]+\Z")),
)


def kind_of(head: bytes) -> str:
    """Return what a file with these first bytes seems to be; empty if nothing is known of it."""
    return next((name for name, pattern in _KINDS if pattern.match(head)), "")
