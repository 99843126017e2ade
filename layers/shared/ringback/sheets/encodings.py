"""The encoding of a sheet: by its byte order mark, or as its owner named it."""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping
from typing import Final

from ringback.domain.drops import Drop
from ringback.domain.errors import SheetRefused
from ringback.domain.suggestions import close_to, did_you_mean, plain
from ringback.sheets.likely_gbk import is_likely_gbk

# The name of the object's metadata (x-amz-meta-encoding).
METADATA: Final = "encoding"
UTF_8: Final = "utf-8"
_MARKS: Final = {BOM_UTF8: UTF_8, BOM_UTF16_LE: "utf-16-le", BOM_UTF16_BE: "utf-16-be"}
_NEEDS_MARK: Final = "utf-16"
_MAX_SHOWN: Final = 40
# Excel's CSV has the encoding of the computer's language; these are the ones of Windows and macOS.
# Every one is stateless, and has no byte of a line end, a quote or a delimiter within a character,
# so that a file can be split before it is decoded. Python's codecs, by the names in use.
_BY_CODEC: Final[Mapping[str, tuple[str, ...]]] = {
    UTF_8: ("utf-8", "utf-8-sig", "utf-8-bom"),
    _NEEDS_MARK: ("utf-16",),
    "utf-16-le": ("utf-16-le",),
    "utf-16-be": ("utf-16-be",),
    # GB18030 contains the two older ones.
    "gb18030": ("gb18030", "gbk", "gb2312", "cp936", "ms936", "euc-cn", "x-gbk"),
    "cp950": ("big5", "cp950", "ms950", "big5-tw", "x-x-big5"),
    "big5hkscs": ("big5-hkscs",),
    "cp932": ("shift-jis", "sjis", "cp932", "ms932", "windows-31j", "x-sjis", "ms-kanji"),
    "euc_jp": ("euc-jp",),
    "cp949": ("euc-kr", "cp949", "ms949", "ks-c-5601-1987", "ksc5601"),
    "cp874": ("windows-874", "cp874", "tis-620"),
    "mac_roman": ("mac-roman", "x-mac-roman"),
    **{f"cp125{n}": (f"windows-125{n}", f"cp125{n}", f"win-125{n}") for n in range(9)},
    **{f"cp{n}": (f"cp{n}", f"ibm{n}") for n in (437, 850, 852, 866)},
    **{each: (each,) for each in ("koi8-r", "koi8-u")},
}
_ISO_8859: Final = (*range(2, 12), 13, 14, 15, 16)
# Read as browsers do (https://encoding.spec.whatwg.org/#names-and-labels): programs on Windows call
# their own encoding Latin-1.
_LATIN_1: Final = ("iso-8859-1", "latin-1")
# By their names without case, ``-``, ``_`` and blanks.
CODECS: Final[Mapping[str, str]] = {
    plain(name): codec for codec, names in _BY_CODEC.items() for name in names
} | {
    **{plain(f"iso-8859-{n}"): f"iso8859-{n}" for n in _ISO_8859},
    **{plain(name): "cp1252" for name in _LATIN_1},
}
# These name an encoding in the metadata only: in a file's name they are words and numbers.
_IN_METADATA: Final = {
    **{codec.removeprefix("cp"): codec for codec in _BY_CODEC if codec.startswith("cp")},
    **{"936": "gb18030", "54936": "gb18030", "65001": UTF_8, "1200": "utf-16-le"},
    **{"1201": "utf-16-be", "unicode": _NEEDS_MARK, "ucs2": _NEEDS_MARK, "mac": "mac_roman"},
    **{"uhc": "cp949", "ujis": "euc_jp", "latin": "cp1252", "macintosh": "mac_roman"},
    **{"latin2": "iso8859-2", "latin5": "iso8859-9", "latin9": "iso8859-15"},
    **dict.fromkeys(["ascii", "usascii"], "ascii"),
}
_CODE_PAGE: Final = re.compile(r"^(?:cp|codepage|windows|win|ms|ibm)(?=[0-9])")
_FIRST_NAMES: Final = (*(names[0] for names in _BY_CODEC.values()), *_LATIN_1[:1])
# Their text depends on what came before, so that no part of a file can be read by itself.
_UNSUPPORTED: Final = (
    "utf-7",
    "utf-32",
    "utf-32-le",
    "utf-32-be",
    "iso-2022-jp",
    "iso-2022-kr",
    "hz",
)
_ANSI: Final = (
    "'ansi' is another encoding on each computer; name it, such as windows-1252 in Western Europe,"
    " gb18030 in China or shift_jis in Japan"
)

_AS_CSV_UTF_8: Final = (
    'In Excel, choose Save As and the format "CSV UTF-8 (Comma delimited) (*.csv)"'
)
_LIKELY_GBK: Final = "the file may be UTF-8 or Chinese text in GBK, with other characters in each."
# How files begin that are no text, whatever their name says.
_NO_TEXT: Final[Mapping[bytes, str]] = {
    b"PK\x03\x04": "an Excel workbook or another ZIP file",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an Excel workbook (.xls)",
    b"%PDF-": "a PDF file",
}


def encoding_of(drop: Drop, metadata: Mapping[str, str], head: bytes) -> str:
    """Return the codec of a sheet that begins with ``head``.

    It is named by the object's metadata, or before the extension (``doors.gb18030.csv``); without a
    name it is UTF-8, or UTF-16 with its mark. Raises ``SheetRefused``.
    """
    for begin, what in _NO_TEXT.items():
        if head.startswith(begin):
            raise SheetRefused(f"the file is {what}, not text. {_AS_CSV_UTF_8}.")
    named, marked = _named(drop, metadata), _MARKS.get(mark_of(head))
    codec = named or marked or UTF_8
    if codec == _NEEDS_MARK:
        if marked is None:
            raise SheetRefused(
                "the file has no byte order mark; name its encoding utf-16-le or utf-16-be"
            )
        codec = marked
    if marked and codec != marked:
        raise SheetRefused(
            f"the file is named {codec}, but begins with the byte order mark of {marked}; remove"
            " one of the two"
        )
    is_utf_32 = marked == "utf-16-le" and head[2:4] == b"\0\0"
    if is_utf_32 or (not codec.startswith(_NEEDS_MARK) and b"\0" in head[:4]):
        raise SheetRefused(f"the file is not UTF-8. {how_to_save(drop)}")
    if not (named or marked) and is_likely_gbk(head):
        raise SheetRefused(f"{_LIKELY_GBK} {how_to_save(drop)}")
    return codec


def check_json(drop: Drop, metadata: Mapping[str, str], body: bytes) -> None:
    """Refuse a JSON file that is likely GBK, unless it says to be UTF-8. See ``SheetRefused``."""
    if mark_of(body) or _named(drop, metadata) == UTF_8 or not is_likely_gbk(body):
        return
    raise SheetRefused(
        f"{_LIKELY_GBK} Save it as UTF-8; if it is UTF-8, save it with a byte order mark. Nothing"
        " was sent."
    )


def mark_of(head: bytes) -> bytes:
    """Return the byte order mark that a file begins with; empty if there is none."""
    return next((mark for mark in _MARKS if head.startswith(mark)), b"")


def how_to_save(drop: Drop) -> str:
    """Tell the owner of a file in another encoding what to do."""
    stem, _, extension = drop.key.rpartition(".")
    return (
        f"{_AS_CSV_UTF_8}, or name the file's encoding before its extension, such as"
        f" {stem.rpartition('/')[2]}.gb18030.{extension}. No row was sent."
    )


def _named(drop: Drop, metadata: Mapping[str, str]) -> str | None:
    in_key = [CODECS[name] for mark in drop.marks if (name := plain(mark)) in CODECS]
    given = metadata.get(METADATA, "").strip()
    named = set(in_key) | ({_codec_of(given)} if given else set())
    if len(named) > 1:
        raise SheetRefused(
            f"the file has {len(named)} encodings, {' and '.join(sorted(named))}; name one"
        )
    return named.pop() if named else None


def _codec_of(name: str) -> str:
    """Return the codec of a name in the metadata. Raises ``SheetRefused``."""
    usual = plain(name)
    if codec := CODECS.get(usual) or _IN_METADATA.get(_CODE_PAGE.sub("", usual)):
        return codec
    shown = f"encoding {name[:_MAX_SHOWN]!r} in the metadata"
    if usual == "ansi":
        raise SheetRefused(_ANSI)
    if usual in map(plain, _UNSUPPORTED):
        raise SheetRefused(f"the {shown} is not supported. {_AS_CSV_UTF_8}.")
    close = did_you_mean(close_to(name, [*_FIRST_NAMES, *CODECS])[:1])
    known = ", ".join(_FIRST_NAMES)
    raise SheetRefused(f"unknown {shown}{close or f'; known are {known}'}")
