"""The encoding of a sheet, and the check that all of it is text."""

from codecs import lookup

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ringback.domain.drops import Drop
from ringback.domain.errors import SheetRefused
from ringback.sheets.encodings import CODECS, encoding_of, mark_of
from ringback.sheets.text_check import NotText, TextCheck, check_text

from tests.support.sheets import parts

HEAD = "model,input.prompt\n"
MARKED = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}


def found(head: bytes, key: str = "requests/kites.csv", **metadata: str) -> str:
    return encoding_of(Drop(bucket="drops", key=key, version="v"), metadata, head)


def refusal_of(head: bytes, key: str = "requests/kites.csv", **metadata: str) -> str:
    with pytest.raises(SheetRefused) as refused:
        found(head, key, **metadata)
    return str(refused.value)


def test_without_a_mark_or_a_name_it_is_utf_8() -> None:
    assert found(HEAD.encode()) == "utf-8"


@pytest.mark.parametrize(("encoding", "codec"), MARKED.items())
def test_a_mark_tells_the_encoding(encoding: str, codec: str) -> None:
    head = HEAD.encode(encoding)
    assert found(head) == codec
    assert len(mark_of(head)) == len(head) - len(HEAD.encode(codec))


@pytest.mark.parametrize(
    ("key", "metadata", "codec"),
    [
        ("requests/kites.gb18030.csv", {}, "gb18030"),
        ("requests/kites.GBK.csv", {}, "gb18030"),
        ("requests/kites.shift_jis.csv", {}, "cp932"),
        ("requests/kites.windows-1252.dry-run.csv", {}, "cp1252"),
        ("requests/kites.dry-run.windows-1252.csv", {}, "cp1252"),
        ("requests/kites.utf-16le.csv", {}, "utf-16-le"),
        ("requests/kites.csv", {"encoding": " GB 18030 ".replace(" 1", "1")}, "gb18030"),
        ("requests/kites.gbk.csv", {"encoding": "gb18030"}, "gb18030"),
        # As browsers do.
        ("requests/kites.latin1.csv", {}, "cp1252"),
        ("requests/kites.csv", {"encoding": "ISO-8859-1"}, "cp1252"),
        ("requests/kites.iso-8859-15.csv", {}, "iso8859-15"),
        *(
            ("requests/kites.csv", {"encoding": name}, codec)
            for codec, names in {
                "utf-8": ("UTF8", "utf_8", "utf-8-sig", "UTF-8 BOM", "65001", "cp65001"),
                "gb18030": ("936", "CP936", "cp-936", "GB2312", "gb_18030", "x-gbk", "windows-936"),
                "cp1252": ("1252", "windows1252", "Win-1252", "Latin 1", "iso_8859_1"),
                "cp932": ("932", "MS932", "Shift JIS", "shift-jis", "x-sjis", "Windows-31J"),
                "cp950": ("950", "Big5", "big-5"),
                "cp949": ("949", "EUC-KR", "ks_c_5601-1987", "uhc"),
                "mac_roman": ("Macintosh", "mac", "x-mac-roman", "MacRoman"),
                "cp437": ("437", "IBM437"),
                "iso8859-15": ("ISO8859-15", "iso 8859 15", "Latin-9"),
                "ascii": ("US-ASCII", "ascii"),
            }.items()
            for name in names
        ),
        ("requests/kites.utf_8.csv", {}, "utf-8"),
        ("requests/kites.cp936.csv", {}, "gb18030"),
        # Words that some library takes for an encoding are words.
        *((f"requests/kites.{name}.csv", {}, "utf-8") for name in ("korean", "1252", "v2", "mac")),
        *((f"requests/kites.{name}.csv", {}, "utf-8") for name in ("macintosh", "ascii")),
        ("requests/gb18030.csv", {}, "utf-8"),
        ("requests/a.gb18030/kites.csv", {}, "utf-8"),
    ],
)
def test_an_encoding_is_named_in_the_key_or_the_metadata(
    key: str, metadata: dict[str, str], codec: str
) -> None:
    assert found(HEAD.encode(), key, **metadata) == codec


@pytest.mark.parametrize(
    ("head", "key", "metadata", "message"),
    [
        (HEAD.encode(), "requests/a.csv", {"encoding": "klingon"}, "unknown encoding 'klingon'"),
        (HEAD.encode(), "requests/a.gbk.csv", {"encoding": "big5"}, "cp950 and gb18030; name one"),
        (HEAD.encode("utf-8-sig"), "requests/a.gbk.csv", {}, "byte order mark of utf-8; remove"),
        (HEAD.encode("utf-16"), "requests/a.utf-16be.csv", {}, "byte order mark of utf-16-le"),
        (HEAD.encode("utf-16-le"), "requests/a.utf-16.csv", {}, "name its encoding utf-16-le or"),
        (HEAD.encode("utf-16-le"), "requests/a.csv", {}, "the file is not UTF-8"),
        (HEAD.encode("utf-16-be"), "requests/a.csv", {}, "the file is not UTF-8"),
        (HEAD.encode("utf-32"), "requests/a.csv", {}, "the file is not UTF-8"),
        (HEAD.encode("utf-32-be"), "requests/a.csv", {}, "the file is not UTF-8"),
        (b"PK\x03\x04...", "requests/a.csv", {}, "an Excel workbook or another ZIP file, not text"),
        (bytes.fromhex("d0cf11e0a1b11ae1"), "requests/a.csv", {}, "an Excel workbook (.xls)"),
    ],
)
def test_what_is_not_clear_is_refused(
    head: bytes, key: str, metadata: dict[str, str], message: str
) -> None:
    assert message in refusal_of(head, key, **metadata)


@pytest.mark.exhaustive
@pytest.mark.parametrize("codec", sorted(set(CODECS.values()) - {"utf-16"}))
def test_no_character_of_an_encoding_contains_what_splits_a_file(codec: str) -> None:
    """Files are split into lines and cells by these bytes before they are decoded."""
    assert lookup(codec)
    if codec.startswith("utf-16"):
        return
    split = set(b'\n\r",;\t')
    for code in (*range(0x80, 0xD800), *range(0xE000, 0x10000), *range(0x10000, 0x30000, 97)):
        written = chr(code).encode(codec, "ignore")
        assert split.isdisjoint(written), hex(code)


LINE_ENDS = ["\n", "\r\n", "\r"]
CHARACTERS = ["a", "é", "红", "🪁", "\r", "\n", "\r\n"]
written = st.lists(st.sampled_from(CHARACTERS), max_size=30).map("".join)
encodings = st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "gb18030"])


def lines_in(text: str) -> int:
    return len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")) - 1


@settings(deadline=None)
@given(text=written, encoding=encodings, part=st.integers(1, 7))
def test_a_check_can_go_on_from_wherever_it_came(text: str, encoding: str, part: int) -> None:
    data = text.encode(encoding)
    checks = list(check_text(parts(data, part), encoding, seen=TextCheck()))
    assert checks[-1] == TextCheck(len(data), lines_in(text))
    for seen in checks:
        data[: seen.offset].decode(encoding)
        *_, last = check_text(parts(data[seen.offset :]), encoding, seen=seen)
        assert last == checks[-1]


BAD = {"utf-8": b"\xff", "utf-16-le": b"\x00\xdc", "utf-16-be": b"\xdc\x00", "gb18030": b"\xff"}


@settings(deadline=None)
@given(before=written, after=written, encoding=encodings, part=st.integers(1, 7))
def test_the_first_line_that_is_not_text_is_named(
    before: str, after: str, encoding: str, part: int
) -> None:
    data = before.encode(encoding) + BAD[encoding] + after.encode(encoding)
    with pytest.raises(NotText) as found:
        list(check_text(parts(data, part), encoding, seen=TextCheck()))
    assert found.value.line == 1 + lines_in(before)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [(b"a\nb\xe7\xba", "utf-8"), (b"a\0\n\0b", "utf-16-le"), (b"a\nb\xba", "gb18030")],
)
def test_a_character_that_is_cut_at_the_end_is_not_text(data: bytes, encoding: str) -> None:
    with pytest.raises(NotText) as found:
        list(check_text(parts(data), encoding, seen=TextCheck()))
    assert found.value.line == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ANSI", "'ansi' is another encoding on each computer; name it, such as windows-1252"),
        ("utf-7", "the encoding 'utf-7' in the metadata is not supported. In Excel, choose"),
        ("ISO-2022-JP", "the encoding 'ISO-2022-JP' in the metadata is not supported."),
        ("gb18300", "unknown encoding 'gb18300' in the metadata; did you mean gb18030?"),
        ("windows-1525", "unknown encoding 'windows-1525' in the metadata; did you mean windows-"),
        ("shift-jiss", "unknown encoding 'shift-jiss' in the metadata; did you mean shift-jis?"),
        ("klingon", "unknown encoding 'klingon' in the metadata; known are utf-8, utf-16,"),
        ("x" * 99, f"unknown encoding '{'x' * 40}' in the metadata; known are"),
    ],
)
def test_an_unknown_name_says_what_to_write_instead(name: str, message: str) -> None:
    assert refusal_of(HEAD.encode(), encoding=name).startswith(message)
