"""Properties of the reader: it can be resumed at any row, and its memory is bounded."""

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
from ringback.domain.drops import MAX_LINE_BYTES
from ringback.domain.errors import SheetRefused
from ringback.sheets.rows import Header, read_header, read_sheet

from tests.support.sheets import Reading, kinds, pieces, read_csv, read_jsonl, to_the_end

HEADER = b"model,input.prompt,input.note\n"
TOKENS = [b'"', b'""', b",", b",", b"\n", b"\n", b"\r\n", b"\r", b"a", b"\0", b"\xff", b"\xc3\xb6"]
# Written in a short form, so that a failing example is readable.
LONG = {b"A": b"a" * 70_000, b"L": (b"a" * 31_999 + b"\n") * 5, b"C": b"," * 70_000}
hostile = st.lists(st.sampled_from(TOKENS), max_size=60).map(b"".join)
long_and_hostile = st.lists(st.sampled_from(TOKENS + list(LONG)), max_size=12).map(b"".join)
boms = st.sampled_from([b"", b"\xef\xbb\xbf"])
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
JSON_HEAD = b"{}\n"
MAX_HELD = 6 * 1024 * 1024


def in_full(body: bytes) -> bytes:
    for short, long in LONG.items():
        body = body.replace(short, long)
    return body


def rest_of(reading: Reading, data: bytes, header: Header | None, after: int) -> Reading:
    """Resume reading after some rows."""
    row = reading.rows[after - 1]
    return to_the_end(
        "csv" if header else "jsonl",
        pieces(data[row.end :]),
        header=header,
        start=row.end,
        first=row.number + 1,
    )


def hold_the_law_of_restarts(reading: Reading, data: bytes, header: Header | None) -> None:
    for after in range(1, len(reading.rows) + 1):
        rest = Reading(reading.rows[after:], reading.refusal)
        assert rest_of(reading, data, header, after) == rest
    assert [row.number for row in reading.rows] == list(range(1, len(reading.rows) + 1))


@settings(deadline=None)
@given(bom=boms, body=hostile, delimiter=st.sampled_from([b",", b";"]))
def test_csv_can_be_resumed_at_any_row(bom: bytes, body: bytes, delimiter: bytes) -> None:
    data = bom + (HEADER + body).replace(b",", delimiter)
    hold_the_law_of_restarts(read_csv(data), data, read_header(pieces(data)))


@settings(deadline=None)
@given(bom=boms, body=hostile)
def test_json_lines_can_be_resumed_at_any_row(bom: bytes, body: bytes) -> None:
    data = bom + JSON_HEAD + body
    hold_the_law_of_restarts(read_jsonl(data), data, None)


@settings(deadline=None, max_examples=30)
@given(body=long_and_hostile)
def test_reading_can_be_resumed_where_rows_are_too_long(body: bytes) -> None:
    for head, read in ((HEADER, read_csv), (JSON_HEAD, read_jsonl)):
        data = head + in_full(body)
        header = read_header(pieces(data)) if head == HEADER else None
        hold_the_law_of_restarts(read(data), data, header)


@settings(deadline=None)
@given(body=hostile, longest=st.integers(1, 9))
def test_the_size_of_pieces_makes_no_difference(body: bytes, longest: int) -> None:
    assert read_csv(HEADER + body, longest=longest) == read_csv(HEADER + body)
    assert read_jsonl(JSON_HEAD + body, longest=longest) == read_jsonl(JSON_HEAD + body)


def expected_of(cells: list[str]) -> dict[str, object]:
    model, prompt, note = cells
    given_ = {name: text for name, text in (("prompt", prompt), ("note", note)) if text}
    return {"model": model, "input": given_}


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(texts, texts), max_size=8),
    delimiter=st.sampled_from([",", ";"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
)
def test_csv_of_the_standard_library_is_read_back(
    rows: list[tuple[str, str]], delimiter: str, quoting: Literal[0, 1, 2]
) -> None:
    sheet = [["known", *row] for row in rows]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting)
    writer.writerows([["model", "input.prompt", "input.note"], *sheet])
    reading = read_csv(text.getvalue().encode())
    assert reading.refusal == ""
    assert [row.faults for row in reading.rows] == [()] * len(sheet)
    assert [json.loads(row.request) for row in reading.rows] == [expected_of(row) for row in sheet]


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
    "short lines in an open quote": (b"a\n", 140_000),
    "pairs of quotes": (b'"' * MAX_LINE_BYTES, 5),
    "blank lines": (b"\n", 20_000),
    "rows of nothing but wrong cells": (b"\0," * (MAX_LINE_BYTES // 2 - 1) + b"\n", 20),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", HUGE)
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_no_file_uses_much_memory(name: str, kind: Literal["csv", "jsonl"]) -> None:
    header = read_header(iter([HEADER])) if kind == "csv" else None

    def read() -> None:
        begin = [b'"\n'] if "open quote" in name else []
        lines = chain(begin, repeat(*HUGE[name]))
        with suppress(SheetRefused):
            for _ in read_sheet(kind, lines, header=header, kinds=kinds, start=len(HEADER)):
                pass

    assert peak_of(read) < MAX_HELD


@pytest.mark.parametrize(
    ("piece", "count"),
    [
        (b"a" * MAX_LINE_BYTES, 400),
        (b"," * MAX_LINE_BYTES, 400),
        (b"\n", 20_000),
        (b"," * MAX_LINE_BYTES, 1),
        (b'"' * MAX_LINE_BYTES, 1),
        (b"input" + b".a" * 30_000, 1),
    ],
)
def test_no_header_uses_much_memory(piece: bytes, count: int) -> None:
    def read() -> None:
        with pytest.raises(SheetRefused):
            read_header(repeat(piece, count))

    assert peak_of(read) < MAX_HELD
