"""Rows of CSV and of JSON Lines: requests, faults, and where reading cannot continue."""

import json
from typing import Any

import pytest
from ringback.domain.drops import Row
from ringback.domain.errors import FieldError, SheetRefused
from ringback.sheets.layout import Layout
from ringback.sheets.records import MAX_QUOTED_BYTES, MAX_RECORD_BYTES
from ringback.sheets.rows import read_sheet

from tests.support.sheets import Reading, kinds, layout_of, parts, read_csv, read_jsonl

HEADER = b"model,input.prompt,input.note\n"
KITE = {"model": "known", "input": {"prompt": "kite"}}


def requests(reading: Reading) -> list[Any]:
    assert reading.refusal == ""
    assert [row.faults for row in reading.rows] == [()] * len(reading.rows)
    return [json.loads(row.request) for row in reading.rows]


def faults(reading: Reading) -> list[tuple[int, str, str]]:
    """Return number, field and message; only a row with a fault may have no request."""
    assert [row.number for row in reading.rows if not (row.faults or row.request)] == []
    return [
        (row.number, fault.field, fault.message) for row in reading.rows for fault in row.faults
    ]


def test_a_row_s_request_is_no_longer_than_it_must_be() -> None:
    """The body of a request has a limit, and so has the row."""
    [row] = read_csv(HEADER + "known,käse,a\n".encode()).rows
    assert row.request.decode() == '{"input":{"prompt":"käse","note":"a"},"model":"known"}'


def test_a_row_is_a_request() -> None:
    data = (
        b"model,input.prompt,input.max_images,input.guidance_scale,input.nsfw_checker,"
        b"input.image_urls\n"
        b'known,"a kite, red",2,2.5,TRUE,https://a.example/1.png|https://a.example/2.png\n'
    )
    request = {
        "model": "known",
        "input": {
            "prompt": "a kite, red",
            "max_images": 2,
            "guidance_scale": 2.5,
            "nsfw_checker": True,
            "image_urls": ["https://a.example/1.png", "https://a.example/2.png"],
        },
    }
    assert requests(read_csv(data)) == [request]


def test_kinds_of_an_unknown_model_are_guessed() -> None:
    data = b"model,input.seed,input.image_input\nother,7,a\nknown,7,a\n"
    assert requests(read_csv(data)) == [
        {"model": "other", "input": {"seed": 7, "image_input": ["a"]}},
        {"model": "known", "input": {"seed": 7, "image_input": ["a"]}},
    ]


def test_a_nested_field_is_an_object() -> None:
    data = b"model,input.a.b,input.a.c.d,input.e\nother,1,2,3\nother,,2,\n"
    assert [request["input"] for request in requests(read_csv(data))] == [
        {"a": {"b": 1, "c": {"d": 2}}, "e": 3},
        {"a": {"c": {"d": 2}}},
    ]


def test_an_empty_cell_omits_the_field() -> None:
    short = b'known\n,kite\nknown,,""\n known ,kite,\n'
    assert requests(read_csv(HEADER + short)) == [
        {"model": "known", "input": {}},
        {"input": {"prompt": "kite"}},
        {"model": "known", "input": {}},
        KITE,
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"known,kite,\n",
        b"known,kite,",
        b"known,kite,\r\n",
        b"known,kite,\r\r\n\r\r\n",
        b'"known","kite",""\r\n',
        b"known,kite\n\n\r\n  \n",
        b"known,kite\n,,\r\n,, \n,,,,\n",
        # Excel writes as many cells as the widest row nearby has.
        b"known,kite,,,,\n",
        b"known,kite\n\x1a",
        b"known,kite\x1a",
        b"known,kite\r\n\x1a\x1a",
        b"known,kite\r\n\x1a\r\n",
        b'known,"kite"\x1a',
        b"known,kite\r\n\x1a" + bytes(4096),
        b"known,kite\x1a" + bytes(99),
        b"known,kite\n\x1a\0\0\r\n",
        b"\n\r\n,,\nknown,kite",
    ],
)
def test_line_ends_and_blank_lines_make_no_difference(data: bytes) -> None:
    reading = read_csv(HEADER + data)
    assert requests(reading) == [KITE]
    assert reading.rows[0].number == 1


def test_the_end_of_a_row_is_where_the_next_one_begins() -> None:
    first, second = b'known,"ki\nte"\r\n', b"\nknown,kite"
    one, two = read_csv(b"\xef\xbb\xbf" + HEADER + first + second).rows
    begin = 3 + len(HEADER)
    assert (one.number, one.end) == (1, begin + len(first))
    assert (two.number, two.end) == (2, begin + len(first) + len(second))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (b'"two\nlines"', "two\nlines"),
        (b'"two\r\nlines\r\n"', "two\r\nlines\r\n"),
        (b'"a ""red"" kite"', 'a "red" kite'),
        (b'""""', '"'),
        (b'"""\n"""', '"\n"'),
        (b'5" tall', '5" tall'),
        (b' "red" kite', ' "red" kite'),
        (b"  kite ", "  kite "),
        ("größe \u2028 🪁".encode(), "größe \u2028 🪁"),
    ],
)
def test_text_is_kept_as_written(cell: bytes, text: str) -> None:
    for data in (b"known," + cell + b",x\nknown,kite", b"known,x," + cell + b"\r\nknown,kite\r\n"):
        first, second = requests(read_csv(HEADER + data))
        assert text in first["input"].values()
        assert second == KITE


@pytest.mark.parametrize(
    "row",
    ["“a kite”,x", "“a” and “b”,x", "“a,b", "a,“b”", "„a“,„b“", "it’s,it’s", "5″,6″", "« a »,» b"],
)
def test_curly_quotes_are_text(row: str) -> None:
    (request,) = requests(read_csv(HEADER + f"known,{row}\n".encode()))
    assert list(request["input"].values()) == row.split(",")


def test_commas_are_text_between_semicolons() -> None:
    data = b'model;input.prompt\nknown;kite, red\nknown;"a;b"\nknown;a,b"\n'
    prompts = [request["input"]["prompt"] for request in requests(read_csv(data))]
    assert prompts == ["kite, red", "a;b", 'a,b"']


NUL = "must not contain a NUL byte"
EXCEL_ERROR = "is an error that Excel shows instead of a value; correct the cell"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"known,ki\0te\n", [("input.prompt", NUL)]),
        (b"kn\0wn,kite,\0\n", [("model", NUL), ("input.note", NUL)]),
        (b"known,#NAME?,#REF!\n", [("input.prompt", EXCEL_ERROR), ("input.note", EXCEL_ERROR)]),
        (
            "known,“a kite, red”\n".encode(),
            [("input.prompt", "begins with a curly quote that is closed in a later cell")],
        ),
        (b"known,a,b,c\n", [("", "has 4 cells, but the header has 3 columns")]),
        (b"known,a,b,,c,,\n", [("", "has 5 cells, but the header has 3 columns")]),
        (
            b'known,"a"b\n',
            [("", "has text after a closing quote, or a line break outside quotes")],
        ),
        (b"known,a\rb\n", [("", "has text after a closing quote, or a line break outside quotes")]),
        (b"known," + b"a" * MAX_RECORD_BYTES + b"\n", [("", "must have at most 131072 bytes")]),
        (
            b'known,"' + b"a\n" * (MAX_RECORD_BYTES // 2) + b'"\n',
            [("", "must have at most 131072 bytes")],
        ),
    ],
)
def test_an_unreadable_row_has_faults_and_reading_continues(
    line: bytes, expected: list[tuple[str, str]]
) -> None:
    reading = read_csv(HEADER + b"known,one\n" + line + b"known,three\n")
    assert reading.refusal == ""
    found = faults(reading)
    assert [fault[:2] for fault in found] == [(2, field) for field, _ in expected]
    for fault, (_, message) in zip(found, expected, strict=True):
        assert fault[2].startswith(message)
    assert json.loads(reading.rows[2].request)["input"] == {"prompt": "three"}
    assert reading.rows[1].end == len(HEADER) + len(b"known,one\n") + len(line)


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        (b"known,,a,b\n", {"model": "known", "input": {"note": "a"}}),
        (b"known,a,b,c\n", {"model": "known", "input": {"prompt": "a", "note": "b"}}),
        (b"known,ki\0te,a\n", {"model": "known", "input": {"note": "a"}}),
        (b"kn\0wn,kite,\0\n", {"input": {"prompt": "kite"}}),
        (b"\0,\0,\0\n", {"input": {}}),
    ],
)
def test_the_readable_part_of_a_row_is_its_request(line: bytes, request_: dict[str, Any]) -> None:
    (row,) = read_csv(HEADER + line).rows
    assert row.faults
    assert json.loads(row.request) == request_


@pytest.mark.parametrize(
    "line", [b'known,"a"b\n', b"known,a\rb\n", b"known," + b"a" * MAX_RECORD_BYTES + b"\n"]
)
def test_a_row_that_is_no_csv_has_no_request(line: bytes) -> None:
    (row,) = read_csv(HEADER + line).rows
    assert (len(row.faults), row.request) == (1, b"")


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b""])
def test_a_row_may_be_as_long_as_a_request(line_end: bytes) -> None:
    longest = b"known," + b"a" * (MAX_RECORD_BYTES - len(b"known,"))
    assert faults(read_csv(HEADER + longest + line_end)) == []
    assert [fault[0] for fault in faults(read_csv(HEADER + longest + b"a" + line_end))] == [1]
    text = b'"' + b"a" * (MAX_RECORD_BYTES - 2) + b'"'
    assert faults(read_jsonl(text + line_end)) == []
    assert [fault[0] for fault in faults(read_jsonl(text + b" " + line_end))] == [1]


NOT_CLOSED = (
    "a quote is not closed, or its cell is too large for a request; this row and all that follow"
    " were skipped"
)


def test_an_unclosed_quote_ends_the_reading() -> None:
    for rest in (b"", b"\n" * 5, b"known,kite\n" * 50_000, b"a" * 2 * MAX_QUOTED_BYTES):
        reading = read_csv(HEADER + b"known,kite\n\nknown,kite\n" + b'known,"kite\n' + rest)
        assert [row.number for row in reading.rows] == [1, 2]
        assert reading.refusal == f"row 3: {NOT_CLOSED}"


@pytest.mark.exhaustive
@pytest.mark.parametrize("longest", [7, 1000, 64 * 1024])
def test_a_quoted_cell_has_a_maximum_length(longest: int) -> None:
    def reading(inside: int) -> Reading:
        # A pair of quotes does not end the cell, and text before the cell does not count.
        text = b'""' + b"a" * (inside - 3)
        return read_csv(HEADER + b"a" * 1000 + b',"' + text + b'"\nknown,kite\n', part=longest)

    assert [row.number for row in reading(MAX_QUOTED_BYTES).rows] == [1, 2]
    assert reading(MAX_QUOTED_BYTES).refusal == ""
    assert reading(MAX_QUOTED_BYTES + 1) == ([], f"row 1: {NOT_CLOSED}")


def test_each_quoted_cell_is_measured_separately() -> None:
    cell = b'"' + b"a" * (MAX_QUOTED_BYTES - 10) + b'"'
    reading = read_csv(HEADER + cell + b"," + cell + b"," + cell + b"\nknown,kite\n")
    assert (len(reading.rows), reading.refusal) == (2, "")


def test_a_line_of_json_is_passed_on_unchanged() -> None:
    one, two = b' {"model": "known",\t"input": {"prompt": "gr\xc3\xb6\xc3\x9fe"}} ', b"[not json"
    data = b"\xef\xbb\xbf\n" + one + b"\r\n\r\n  \n" + two
    assert read_jsonl(data).rows == [
        Row(number=1, end=4 + len(one) + 2, request=one, faults=()),
        Row(number=2, end=len(data), request=two, faults=()),
    ]


def test_quotes_do_not_join_lines_of_json() -> None:
    reading = read_jsonl(b'{"a": "\n{"b": 1}\n')
    assert [row.request for row in reading.rows] == [b'{"a": "', b'{"b": 1}']


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"a": "\0"}', NUL),
        (b" " * (MAX_RECORD_BYTES + 1), "must have at most 131072 bytes"),
        (b"a" * 10 * MAX_RECORD_BYTES, "must have at most 131072 bytes"),
    ],
)
def test_an_unreadable_line_of_json_has_a_fault(line: bytes, message: str) -> None:
    reading = read_jsonl(b"{}\n" + line + b"\n{}\n")
    assert faults(reading) == [(2, "", message)]
    assert reading.rows[1].faults == (FieldError("", message),)
    assert reading.rows[2].number == 3


@pytest.mark.parametrize("data", [b"\0" * 64, b"\0\x1a", b"known,ki\0te\x1a", b"known,\0\x1a"])
def test_other_nuls_are_refused(data: bytes) -> None:
    reading = read_csv(HEADER + b"known,kite\n" + data)
    assert [row.faults != () for row in reading.rows] == [False, True]


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b'[{"model": "a"}]', "the file is a JSON list; write each object on one line"),
        (b'\xef\xbb\xbf\n [\n  {"model": "a"}\n]', "the file is a JSON list"),
        (b'{\r\n  "model": "a"\r\n}', "the first object has several lines; write each object"),
        (b"[\r{}\r]", "the file is a JSON list"),
    ],
)
def test_json_that_is_not_an_object_a_line_is_refused_once(data: bytes, refusal: str) -> None:
    with pytest.raises(SheetRefused, match=refusal):
        read_jsonl(data)
    assert read_jsonl(b'{"model": "a"}\n[]\n').rows[1].request == b"[]"


@pytest.mark.parametrize("data", [b"", b"\n \r\n", b"\xef\xbb\xbf", b"\r\x1a", b"\x1a\0\0"])
def test_a_file_without_a_line_of_json_has_no_rows(data: bytes) -> None:
    assert read_jsonl(data) == ([], "")


def test_a_header_alone_is_a_sheet_without_rows() -> None:
    assert read_csv(HEADER) == ([], "")


def test_a_header_read_as_data_is_a_programming_error() -> None:
    data = b"model\nknown\n"
    with pytest.raises(ValueError, match="header"):
        next(read_sheet(parts(data), layout_of(data), kinds=kinds))


@pytest.mark.parametrize("blank", [b"\n", b",,\n"])
def test_too_many_blank_rows_end_the_reading(monkeypatch: pytest.MonkeyPatch, blank: bytes) -> None:
    monkeypatch.setattr("ringback.sheets.rows.MAX_BLANK_ROWS", 3)
    layout = Layout(
        encoding="utf-8",
        line_end=b"\n",
        start=0,
        columns=("model", "input.prompt"),
        delimiter=",",
    )

    def rows_of(count: int) -> list[Row]:
        lines = [b"m,a\n", *[blank] * count, b"m,b\n"]
        return list(read_sheet(iter(lines), layout, kinds=lambda _: {}))

    assert [row.number for row in rows_of(3)] == [1, 2]
    with pytest.raises(SheetRefused, match="more than 3 blank rows after row 1"):
        rows_of(4)


# ------------------------------------------------------------------ what spreadsheets do


TWO = {"max_images": 2}
WIDE = "model;input.prompt;input.max_images;input.guidance_scale;input.nsfw_checker\n"


@pytest.mark.parametrize(
    ("row", "given"),
    [
        ("known;a, b;2;2,5;WAHR", {**TWO, "guidance_scale": 2.5, "nsfw_checker": True}),
        ("known;a, b;2,0;2.125;FAUX", {**TWO, "guidance_scale": 2.125, "nsfw_checker": False}),
        ("known;a, b;2;0,125;wahr", {**TWO, "guidance_scale": 0.125, "nsfw_checker": True}),
        # What looks empty in a cell that is no text is empty.
        ("known;a, b; ;\xa0;", {}),
    ],
)
def test_a_semicolon_sheet_has_decimal_commas(row: str, given: dict[str, Any]) -> None:
    (request,) = requests(read_csv(f"{WIDE}{row}\n".encode()))
    assert request == {"model": "known", "input": {"prompt": "a, b", **given}}


@pytest.mark.parametrize(
    ("row", "field", "message"),
    [
        ("known;a;1.000;;", "input.max_images", "could be 1,000 or 1000; write it"),
        ("known;a;;1.234,5;", None, ""),
    ],
)
def test_a_number_that_is_one_of_two_is_refused(row: str, field: str | None, message: str) -> None:
    reading = read_csv(f"{WIDE}{row}\n".encode())
    found = faults(reading)
    assert [each[1] for each in found] == [field] * bool(field)
    assert all(each[2].startswith(message) for each in found)
    if not field:
        # The model refuses it, in its own words.
        assert json.loads(reading.rows[0].request)["input"]["guidance_scale"] == "1.234,5"


def test_a_field_is_found_in_either_case() -> None:
    data = b"MODEL, Input . Prompt ,INPUT.Image_Size\nknown,kite, square \n"
    assert requests(read_csv(data)) == [
        {"model": "known", "input": {"prompt": "kite", "image_size": "square"}}
    ]


@pytest.mark.parametrize("ratio", ["16:9", "16:09", "16:09:00", " 16:9 "])
def test_excel_s_times_are_ratios(ratio: str) -> None:
    data = f"model,input.image_size\nknown,{ratio}\n"
    assert requests(read_csv(data.encode()))[0]["input"] == {"image_size": "16:9"}


def test_line_ends_that_were_converted_twice_are_line_ends() -> None:
    data = b'model,input.prompt\r\r\nknown,one\r\r\nknown,"two\r\r\nlines"\r\r\n'
    prompts = [request["input"]["prompt"] for request in requests(read_csv(data))]
    assert prompts == ["one", "two\r\r\nlines"]


def test_a_carriage_return_alone_ends_lines_where_the_first_line_does() -> None:
    data = b'model,input.prompt\r"known","two\nlines"\r\rknown,"two\rlines"\r'
    prompts = [request["input"]["prompt"] for request in requests(read_csv(data))]
    assert prompts == ["two\nlines", "two\rlines"]
    assert requests(read_jsonl(b'{"a": 1}\r{"b": 2}\r')) == [{"a": 1}, {"b": 2}]
    # In JSON it may be white space.
    assert requests(read_jsonl(b'{"a":\r1}\n{"b": 2}')) == [{"a": 1}, {"b": 2}]
