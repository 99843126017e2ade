"""Reads sheets as a function does: in parts, to the end or to a refusal."""

from collections.abc import Iterator, Mapping
from functools import partial
from io import BytesIO
from typing import NamedTuple

from ringback.domain.drops import Row
from ringback.domain.errors import SheetRefused
from ringback.sheets.layout import HEAD_BYTES, Layout, csv_layout, json_lines_layout
from ringback.sheets.rows import read_sheet

KINDS = {
    "prompt": "string",
    "note": "string",
    "max_images": "integer",
    "guidance_scale": "number",
    "nsfw_checker": "boolean",
    "image_urls": "list",
    "image_size": "choice",
}
PART = 64 * 1024


class Reading(NamedTuple):
    rows: list[Row]
    refusal: str


def kinds(model: str) -> Mapping[str, str]:
    return KINDS if model == "known" else {}


def parts(data: bytes, size: int = PART) -> Iterator[bytes]:
    return iter(partial(BytesIO(data).read, size), b"")


def to_the_end(
    found: Iterator[bytes], layout: Layout, *, start: int | None = None, first: int = 1
) -> Reading:
    rows: list[Row] = []
    try:
        begin = layout.start if start is None else start
        for row in read_sheet(found, layout, kinds=kinds, start=begin, first=first):
            rows.append(row)
    except SheetRefused as refused:
        return Reading(rows, str(refused))
    return Reading(rows, "")


def layout_of(data: bytes, encoding: str = "utf-8") -> Layout:
    return csv_layout(data[:HEAD_BYTES], encoding)


def read_csv(data: bytes, *, part: int = PART, encoding: str = "utf-8") -> Reading:
    layout = layout_of(data, encoding)
    return to_the_end(parts(data[layout.start :], part), layout)


def read_jsonl(data: bytes, *, part: int = PART, encoding: str = "utf-8") -> Reading:
    layout = json_lines_layout(data[:HEAD_BYTES], encoding)
    return to_the_end(parts(data[layout.start :], part), layout)
