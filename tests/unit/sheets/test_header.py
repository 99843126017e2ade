"""The header of a CSV file: its columns, or why it is refused."""

from itertools import repeat

import pytest
from ringback.domain.errors import SheetRefused
from ringback.sheets.layout import HEAD_BYTES, Layout
from ringback.sheets.records import MAX_RECORD_BYTES

from tests.support.sheets import layout_of

PLAIN = b"model,input.prompt\n"
COLUMNS = ("model", "input.prompt")


def refusal_of(data: bytes) -> str:
    with pytest.raises(SheetRefused) as refused:
        layout_of(data)
    return str(refused.value)


@pytest.mark.parametrize(
    ("first", "delimiter"),
    [
        (b"model,input.prompt\n", ","),
        (b"model,input.prompt\r\n", ","),
        (b"model,input.prompt\r", ","),
        (b"model;input.prompt\r\n", ";"),
        (b"model\tinput.prompt\r\n", "\t"),
        (b'"model","input.prompt"\n', ","),
        (b"model , input.prompt\n", ","),
        (b"\xef\xbb\xbfmodel,input.prompt\n", ","),
        (b"\xef\xbb\xbf\xef\xbb\xbfmodel,input.prompt\n", ","),
        (b'\xef\xbb\xbf"model";"input.prompt"\r\n', ";"),
        (b"\r\n\n \nmodel,input.prompt\n", ","),
        (b",,\r\n;;\n\t\nmodel,input.prompt\n", ","),
        (b"model,input.prompt,,,\n", ","),
        (b"model;input.prompt;;\n", ";"),
        (b"model;input.prompt; ;\xc2\xa0\n", ";"),
        (b"Model,INPUT.prompt\n", ","),
        ("\xa0model\xa0,\u200binput. prompt\n".encode(), ","),
        (b'"model\n","input.prompt"\n', ","),
        (b"sep=;\r\nmodel;input.prompt\r\n", ";"),
        (b"sep=,\nmodel,input.prompt\n", ","),
        (b"sep=\t\nmodel\tinput.prompt\n", "\t"),
        (b"\xef\xbb\xbfSEP=;\rmodel;input.prompt\r", ";"),
        (b'"sep=;"\r\nmodel;input.prompt\r\n', ";"),
        (b"\nsep=;;;\nmodel;input.prompt;;\n", ";"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "gb18030"])
def test_a_header_gives_the_columns_and_where_the_data_begins(
    first: bytes, delimiter: str, encoding: str
) -> None:
    head = first.decode().encode(encoding)
    layout = layout_of(head + "known,kite\n".encode(encoding), encoding)
    assert (layout.columns, layout.delimiter) == (COLUMNS, delimiter)
    assert (layout.start, layout.encoding) == (len(head), encoding)
    assert layout.line_end == (b"\r" if b"\r" in first and b"\n" not in first else b"\n")


def test_a_file_may_have_only_a_header() -> None:
    assert layout_of(b"model") == Layout(
        columns=("model",), delimiter=",", start=5, encoding="utf-8", line_end=b"\n"
    )


def test_other_separators_are_refused_by_name() -> None:
    assert refusal_of(b"sep=|\nmodel|input.prompt\n") == (
        "sep=| is not supported; use a comma, a semicolon or a tab"
    )


def test_a_field_may_be_nested() -> None:
    names = "model,input.a.b,input.a.c,input.größe,input." + ".".join("bcdefghi")
    assert layout_of(names.encode()).columns == tuple(names.split(","))


def test_a_comma_takes_precedence_over_a_semicolon() -> None:
    assert layout_of(b"model,input.a;b\n").columns == ("model", "input.a;b")


def test_every_invalid_column_is_named() -> None:
    header = b"modell,prompt,,input.,input.a,Input.A,input.b.c,input.B,input,a b\n"
    none = "is none of model, callBackUrl, tags and input.<field>"
    assert refusal_of(header) == (
        "the header is invalid: column 'model' is missing"
        f"; column 1 'modell' {none}; did you mean model?"
        f"; column 2 'prompt' {none}; did you mean input.prompt?"
        "; column 3 has no name"
        f"; column 4 'input.' {none}"
        "; column 6 'input.A' is a duplicate"
        "; column 8 'input.B' is both a field and the parent of another column"
        f"; column 9 'input' {none}"
        f"; column 10 'a b' {none}"
    )


@pytest.mark.parametrize(
    ("column", "meant"),
    [
        *(("Modell", "model"), ("MODELS", "model"), ("mdoel", "model"), ("ｍｏｄｅｌ", "model")),
        *(("promt", "input.prompt"), ("Eingabe.prompt", "input.prompt")),
        *(("Image URLs", "input.image_urls"), ("image-size", "input.image_size")),
        *(("inputs.max_images", "input.max_images"), ("Notes", "input.Notes")),
        *(("größe", "input.größe"), ("a title of words", ""), ('{"x":1}', ""), ("<html>", "")),
    ],
)
def test_a_header_that_is_nearly_right_says_what_is_meant(column: str, meant: str) -> None:
    shown = refusal_of(f"model,'x',\"{column.replace(chr(34), chr(34) * 2)}\"\n".encode())
    hint = shown.rpartition("input.<field>")[2]
    assert hint == (f"; did you mean {meant}?" if meant else "")


@pytest.mark.parametrize(
    "column",
    ["model.a", "input..a", "input.a.", ".input", "input.a b", "input.\x07", "input" + ".a" * 9],
)
def test_a_column_that_is_no_field_is_refused(column: str) -> None:
    assert refusal_of(f"model,{column}\n".encode()).count("column 2") == 1


@pytest.mark.parametrize("name", ["callBackUrl", "CALLBACKURL", " callbackurl "])
def test_a_sheet_may_say_where_to_call_back(name: str) -> None:
    assert layout_of(f"model,{name}\n".encode()).columns == ("model", "callBackUrl")


@pytest.mark.parametrize("name", ["webhook_url", "callback_url", "Notify URL"])
def test_the_column_that_is_meant_for_webhooks_is_named(name: str) -> None:
    assert refusal_of(f"model,{name}\n".encode()) == (
        f"the header is invalid: column 2 '{name}' is unknown; did you mean callBackUrl?"
    )


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n \r\n"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    assert refusal_of(data) == "the file is empty"


@pytest.mark.parametrize("data", [b'"model,input.a\n', b'"model"x,input.a\n', b'"model'])
def test_a_header_that_is_no_csv_is_refused(data: bytes) -> None:
    assert refusal_of(data).startswith("the header is not valid CSV")


def test_a_header_that_is_too_long_is_refused() -> None:
    for data in (
        b"input.a," * MAX_RECORD_BYTES,
        b"input" + b".a" * MAX_RECORD_BYTES,
        b"\n" * HEAD_BYTES + b"model\n",
    ):
        assert refusal_of(data) == f"the header has more than {MAX_RECORD_BYTES} bytes"


def test_a_header_of_too_many_columns_is_refused_in_a_short_message() -> None:
    text = refusal_of(b"model," + b",".join(repeat(b"a", 16_383)))
    assert text == "the header is invalid: there are 16384 columns; the maximum is 200"


def test_a_long_column_name_is_shortened() -> None:
    assert len(refusal_of(b"model,input" + b".a" * 60_000)) < 200
