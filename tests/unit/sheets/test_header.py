"""The header of a CSV file: its columns, or why it is refused."""

from itertools import repeat

import pytest
from ringback.domain.errors import SheetRefused
from ringback.sheets.records import MAX_RECORD_BYTES
from ringback.sheets.rows import Header, read_header

from tests.support.sheets import pieces

PLAIN = b"model,input.prompt\n"
COLUMNS = ("model", "input.prompt")


def refusal_of(data: bytes) -> str:
    with pytest.raises(SheetRefused) as refused:
        read_header(pieces(data))
    return str(refused.value)


@pytest.mark.parametrize(
    ("first", "delimiter"),
    [
        (b"model,input.prompt\n", ","),
        (b"model,input.prompt\r\n", ","),
        (b"model;input.prompt\r\n", ";"),
        (b'"model","input.prompt"\n', ","),
        (b"model , input.prompt\n", ","),
        (b"\xef\xbb\xbfmodel,input.prompt\n", ","),
        (b'\xef\xbb\xbf"model";"input.prompt"\r\n', ";"),
        (b"\r\n\n \nmodel,input.prompt\n", ","),
    ],
)
def test_a_header_gives_the_columns_and_where_the_data_begins(first: bytes, delimiter: str) -> None:
    expected = Header(columns=COLUMNS, delimiter=delimiter, end=len(first))
    assert read_header(pieces(first + b"known,kite\n")) == expected


def test_a_file_may_have_only_a_header() -> None:
    assert read_header(pieces(b"model")) == Header(columns=("model",), delimiter=",", end=5)


def test_nothing_after_the_header_is_read() -> None:
    lines = iter([PLAIN, b"known,kite\n"])
    read_header(lines)
    assert list(lines) == [b"known,kite\n"]


def test_a_field_may_be_nested() -> None:
    names = "model,input.a.b,input.a.c,input.größe,input." + ".".join("bcdefghi")
    assert read_header(pieces(names.encode())).columns == tuple(names.split(","))


def test_a_comma_takes_precedence_over_a_semicolon() -> None:
    assert read_header(pieces(b"model,input.a;b\n")).columns == ("model", "input.a;b")


def test_every_invalid_column_is_named() -> None:
    assert refusal_of(b"Model,prompt,,input.,input.a,input.a,input.b.c,input.b,input,a b\n") == (
        "the header is invalid: column 'model' is missing"
        "; column 1 'Model' is neither model nor input.<field>"
        "; column 2 'prompt' is neither model nor input.<field>"
        "; column 3 has no name"
        "; column 4 'input.' is neither model nor input.<field>"
        "; column 6 'input.a' is a duplicate"
        "; column 8 'input.b' is both a field and the parent of another column"
        "; column 9 'input' is neither model nor input.<field>"
        "; column 10 'a b' is neither model nor input.<field>"
    )


@pytest.mark.parametrize(
    "column",
    ["model.a", "input..a", "input.a.", ".input", "input.a b", "input.\x07", "input" + ".a" * 9],
)
def test_a_column_that_is_no_field_is_refused(column: str) -> None:
    assert refusal_of(f"model,{column}\n".encode()).count("column 2") == 1


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n \r\n"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    assert refusal_of(data) == "the file is empty"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_another_encoding_is_refused(encoding: str) -> None:
    assert refusal_of("model,input.prompt\nknown,kite\n".encode(encoding)).startswith(
        "the file is not UTF-8"
    )


@pytest.mark.parametrize(
    "data",
    [
        "model,input.größe\n".encode("latin-1"),
        b"model,input.a\0\n",
        b"\xff\xfem,\n",
        b"\xfe\xffm,\n",
    ],
)
def test_bytes_that_are_no_text_are_refused(data: bytes) -> None:
    assert refusal_of(data).startswith("the file is not UTF-8")


@pytest.mark.parametrize("data", [b'model,"input.a\n', b'"model"x,input.a\n', b"model\rknown\r"])
def test_a_header_that_is_no_csv_is_refused(data: bytes) -> None:
    assert refusal_of(data).startswith("the header is not valid CSV")


def test_a_header_that_is_too_long_is_refused() -> None:
    for data in (b"input.a," * MAX_RECORD_BYTES, b"input" + b".a" * MAX_RECORD_BYTES):
        assert refusal_of(data) == f"the header has more than {MAX_RECORD_BYTES} bytes"


def test_a_header_of_too_many_columns_is_refused_in_a_short_message() -> None:
    text = refusal_of(b",".join(repeat(b"", 16_384)))
    assert text == "the header is invalid: there are 16384 columns; the maximum is 200"


def test_a_long_column_name_is_shortened() -> None:
    assert len(refusal_of(b"model,input" + b".a" * 60_000)) < 200
