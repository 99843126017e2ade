"""Properties of the reader: any row resumes it, any encoding is the same, memory is bounded."""

import csv
import io
import json
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from itertools import chain, repeat
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ringback.domain.errors import SheetRefused
from ringback.sheets.layout import HEAD_BYTES, Layout, csv_layout, json_lines_layout
from ringback.sheets.lines import MAX_LINE_BYTES
from ringback.sheets.rows import read_sheet

from tests.support.sheets import Reading, kinds, layout_of, parts, read_csv, read_jsonl, to_the_end

HEADER = b"model,input.prompt,input.note\n"
TOKENS = [b'"', b'""', b",", b",", b"\n", b"\n", b"\r\n", b"\r", b"a", b"\0", b"\x1a", b"\xc3\xb6"]
# Written in a short form, so that a failing example is readable.
LONG = {b"A": b"a" * 70_000, b"L": (b"a" * 31_999 + b"\n") * 5, b"C": b"," * 70_000}
hostile = st.lists(st.sampled_from(TOKENS), max_size=60).map(b"".join)
long_and_hostile = st.lists(st.sampled_from(TOKENS + list(LONG)), max_size=12).map(b"".join)
boms = st.sampled_from([b"", b"\xef\xbb\xbf"])
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\x1a"), max_size=12)
JSON_HEAD = b"{}\n"
MAX_HELD = 6 * 1024 * 1024


def in_full(body: bytes) -> bytes:
    for short, long in LONG.items():
        body = body.replace(short, long)
    return body


def hold_the_law_of_restarts(reading: Reading, data: bytes, layout: Layout) -> None:
    for after, row in enumerate(reading.rows, start=1):
        rest = to_the_end(parts(data[row.end :]), layout, start=row.end, first=row.number + 1)
        assert rest == Reading(reading.rows[after:], reading.refusal)
    assert [row.number for row in reading.rows] == list(range(1, len(reading.rows) + 1))


def jsonl_layout(data: bytes, encoding: str = "utf-8") -> Layout:
    return json_lines_layout(data[:HEAD_BYTES], encoding)


# A stateless encoding of each kind: one to four bytes, two or four, and two bytes for all it has.
ENCODINGS = ["utf-8", "utf-16-le", "utf-16-be", "gb18030", "cp932", "cp949", "cp950", "big5hkscs"]
encodings = st.sampled_from(ENCODINGS)


def in_encoding(data: bytes, encoding: str) -> bytes:
    return data.decode().encode(encoding, "replace")


@settings(deadline=None)
@given(
    bom=boms,
    body=hostile,
    delimiter=st.sampled_from([b",", b";", b"\t"]),
    line_end=st.sampled_from([b"\n", b"\r\n", b"\r"]),
    encoding=encodings,
)
def test_csv_can_be_resumed_at_any_row(
    bom: bytes, body: bytes, delimiter: bytes, line_end: bytes, encoding: str
) -> None:
    text = (HEADER.replace(b"\n", line_end) + body).replace(b",", delimiter)
    data = in_encoding((bom if encoding.startswith("utf") else b"") + text, encoding)
    hold_the_law_of_restarts(read_csv(data, encoding=encoding), data, layout_of(data, encoding))


@settings(deadline=None)
@given(bom=boms, body=hostile, encoding=encodings)
def test_json_lines_can_be_resumed_at_any_row(bom: bytes, body: bytes, encoding: str) -> None:
    data = in_encoding((bom if encoding.startswith("utf") else b"") + JSON_HEAD + body, encoding)
    reading = read_jsonl(data, encoding=encoding)
    hold_the_law_of_restarts(reading, data, jsonl_layout(data, encoding))


@settings(deadline=None, max_examples=30)
@given(body=long_and_hostile, encoding=st.sampled_from(["utf-8", "utf-16-le"]))
def test_reading_can_be_resumed_where_rows_are_too_long(body: bytes, encoding: str) -> None:
    text = in_full(body)
    csv_data, json_data = (in_encoding(head + text, encoding) for head in (HEADER, JSON_HEAD))
    hold_the_law_of_restarts(
        read_csv(csv_data, encoding=encoding), csv_data, layout_of(csv_data, encoding)
    )
    hold_the_law_of_restarts(
        read_jsonl(json_data, encoding=encoding), json_data, jsonl_layout(json_data, encoding)
    )


@settings(deadline=None)
@given(body=hostile, part=st.integers(1, 9), encoding=encodings)
def test_the_size_of_parts_makes_no_difference(body: bytes, part: int, encoding: str) -> None:
    for head, read in ((HEADER, read_csv), (JSON_HEAD, read_jsonl)):
        data = in_encoding(head + body, encoding)
        assert read(data, part=part, encoding=encoding) == read(data, encoding=encoding)


def requests_of(reading: Reading) -> list[object]:
    assert reading.refusal == ""
    assert [row.faults for row in reading.rows] == [()] * len(reading.rows)
    return [json.loads(row.request) for row in reading.rows]


def expected_of(cells: list[str]) -> dict[str, object]:
    model, prompt, note = cells
    given_ = {name: text for name, text in (("prompt", prompt), ("note", note)) if text}
    return {"model": model, "input": given_}


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(texts, texts), max_size=8),
    delimiter=st.sampled_from([",", ";", "\t"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "gb18030"]),
    extras=st.sampled_from(["", "sep", "cells", "blank", "dos"]),
)
def test_a_sheet_is_read_the_same_in_every_encoding_and_dialect(
    rows: list[tuple[str, str]],
    delimiter: str,
    quoting: Literal[0, 1, 2],
    line_end: str,
    encoding: str,
    extras: str,
) -> None:
    sheet, spare = [["known", *row] for row in rows], [""] * 2 * (extras == "cells")

    def line(cells: list[str]) -> str:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=delimiter, quoting=quoting).writerow([*cells, *spare])
        return text.getvalue().removesuffix("\r\n") + line_end

    before = {"sep": f"sep={delimiter}{line_end}", "blank": delimiter * 2 + line_end}
    lines = map(line, [["model", "input.prompt", "input.note"], *sheet])
    text = "".join([before.get(extras, ""), *lines, "\x1a" * (extras == "dos")])
    data, codec = text.encode(encoding), encoding.removesuffix("-sig")
    reading = read_csv(data, encoding=codec)
    assert requests_of(reading) == [expected_of(row) for row in sheet]


@settings(deadline=None)
@given(body=hostile)
def test_a_row_has_a_request_or_faults(body: bytes) -> None:
    for row in read_csv(HEADER + body).rows:
        assert row.request or row.faults
        assert not row.request or set(json.loads(row.request)) <= {"model", "input"}


def peak_of(read: Callable[[], None]) -> int:
    tracemalloc.start()
    try:
        read()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


HUGE: dict[str, tuple[bytes, int]] = {
    "no line end": (b"a" * MAX_LINE_BYTES, 400),
    "no line end, only cells": (b"," * MAX_LINE_BYTES, 400),
    "lines in an open quote": (b"a" * (MAX_LINE_BYTES - 1) + b"\n", 400),
    "short lines in an open quote": (b"a\n" * (MAX_LINE_BYTES // 2), 5),
    "pairs of quotes": (b'"' * MAX_LINE_BYTES, 5),
    "blank lines": (b"\n" * MAX_LINE_BYTES, 1),
    "rows of nothing but wrong cells": (b"\0," * (MAX_LINE_BYTES // 2 - 1) + b"\n", 20),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("name", "kind"),
    # Quotes mean nothing in JSON Lines.
    [(name, kind) for name in HUGE for kind in ("csv", "jsonl")[: 1 if "quote" in name else 2]],
)
def test_no_file_uses_much_memory(name: str, kind: Literal["csv", "jsonl"]) -> None:
    layout = layout_of(HEADER) if kind == "csv" else jsonl_layout(JSON_HEAD)

    def read() -> None:
        begin = [b'"\n'] if "open quote" in name else []
        lines = chain(begin, repeat(*HUGE[name]))
        with suppress(SheetRefused):
            for _ in read_sheet(lines, layout, kinds=kinds, start=layout.start):
                pass

    assert peak_of(read) < MAX_HELD


@pytest.mark.parametrize(
    "head",
    [
        *(b"a" * HEAD_BYTES, b"," * HEAD_BYTES, (b" " * 99 + b"\n") * (HEAD_BYTES // 100 + 1)),
        *(b'"' * HEAD_BYTES, b"input" + b".a" * 30_000),
    ],
)
def test_no_header_uses_much_memory(head: bytes) -> None:
    def read() -> None:
        with pytest.raises(SheetRefused):
            csv_layout(head, "utf-8")

    assert peak_of(read) < MAX_HELD
