"""Reads sheets as a function does: in pieces, to the end or to a refusal."""

from collections.abc import Iterator, Mapping
from functools import partial
from io import BytesIO
from typing import Literal, NamedTuple

from ringback.domain.drops import MAX_LINE_BYTES, Row
from ringback.domain.errors import SheetRefused
from ringback.sheets.rows import Header, read_header, read_sheet

KINDS = {
    "prompt": "string",
    "note": "string",
    "max_images": "integer",
    "guidance_scale": "number",
    "nsfw_checker": "boolean",
    "image_urls": "list",
}


class Reading(NamedTuple):
    rows: list[Row]
    refusal: str


def kinds(model: str) -> Mapping[str, str]:
    return KINDS if model == "known" else {}


def pieces(data: bytes, longest: int = MAX_LINE_BYTES) -> Iterator[bytes]:
    return iter(partial(BytesIO(data).readline, longest), b"")


def to_the_end(
    kind: Literal["csv", "jsonl"],
    lines: Iterator[bytes],
    *,
    header: Header | None,
    start: int = 0,
    first: int = 1,
) -> Reading:
    rows: list[Row] = []
    try:
        for row in read_sheet(kind, lines, header=header, kinds=kinds, start=start, first=first):
            rows.append(row)
    except SheetRefused as refused:
        return Reading(rows, str(refused))
    return Reading(rows, "")


def read_csv(data: bytes, *, longest: int = MAX_LINE_BYTES) -> Reading:
    lines = pieces(data, longest)
    header = read_header(lines)
    return to_the_end("csv", lines, header=header, start=header.end)


def read_jsonl(data: bytes, *, longest: int = MAX_LINE_BYTES) -> Reading:
    return to_the_end("jsonl", pieces(data, longest), header=None)
