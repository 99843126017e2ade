"""Reads a sheet as a new function container does; prints the resources used.

``python -m benchmarks.sheet_worker csv|jsonl ROWS ROUNDS``; the sheet is first written to a file.
"""

import csv
import io
import json
import sys
import time
from collections.abc import Iterator
from functools import partial
from tempfile import TemporaryFile
from typing import IO, Any, Literal, cast

from ringback.aws.drop_bucket import READ_SIZE
from ringback.catalogue.field_kinds import field_kinds
from ringback.catalogue.requests import read_request
from ringback.domain.errors import RequestRefused
from ringback.json_bodies import json_object
from ringback.sheets.layout import HEAD_BYTES, csv_layout, json_lines_layout
from ringback.sheets.rows import read_sheet

from benchmarks.copy_worker import cpu_seconds, peak_kilobytes

Kind = Literal["csv", "jsonl"]
COLUMNS = (
    *("model", "input.prompt", "input.image_size", "input.max_images", "input.seed"),
    *("input.nsfw_checker", "input.image_urls", "input.aspect_ratio", "input.quality"),
)
BAD_ROW_EVERY = 20
WARM_UP = 100


def request(number: int) -> dict[str, Any]:
    """Return one of four jobs in turn; one in twenty is invalid for its model."""
    prompt = f"a red kite over the sea, number {number}, in the light of the late afternoon"
    fields: dict[str, Any]
    match number % 4:
        case 0:
            model = "bytedance/seedream-v4-text-to-image"
            fields = {"image_size": "landscape_16_9", "max_images": 2, "seed": number}
        case 1:
            model = "bytedance/seedream-v4-edit"
            urls = [f"https://photos.example.com/{number}/{n}.jpg?size=large" for n in (1, 2)]
            fields = {"nsfw_checker": True, "image_urls": urls}
        case 2:
            model = "seedream/5-lite-text-to-image"
            fields = {"aspect_ratio": "3:4", "quality": "high"}
        case _:
            model, prompt = "seedream/5-lite-text-to-image", f'{prompt},\nwith the word "wind"'
            fields = {}
    if number % BAD_ROW_EVERY == 0:
        fields["max_images"] = 70
    return {"model": model, "input": {"prompt": prompt} | fields}


def write_sheet(kind: Kind, rows: int, file: IO[bytes]) -> None:
    lines = map(csv_line if kind == "csv" else json_line, range(1, rows + 1))
    if kind == "csv":
        file.write(",".join(COLUMNS).encode() + b"\r\n")
    file.writelines(lines)


def json_line(number: int) -> bytes:
    return json.dumps(request(number)).encode() + b"\n"


def csv_line(number: int) -> bytes:
    job = request(number)
    cells = {f"input.{name}": cell(value) for name, value in job["input"].items()}
    line = io.StringIO(newline="")
    csv.DictWriter(line, COLUMNS).writerow({"model": job["model"]} | cells)
    return line.getvalue().encode()


def cell(value: Any) -> str:
    if isinstance(value, list):
        return "|".join(value)
    return str(value).upper() if isinstance(value, bool) else str(value)


def read(kind: Kind, file: IO[bytes]) -> Iterator[bool]:
    """Yield whether each row makes a job."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    layout = (csv_layout if kind == "csv" else json_lines_layout)(head, "utf-8")
    file.seek(layout.start)
    parts = iter(partial(file.read, READ_SIZE), b"")
    for row in read_sheet(parts, layout, kinds=field_kinds, start=layout.start):
        try:
            read_request(json_object(row.request))
        except RequestRefused:
            yield False
        else:
            yield True


def main() -> None:
    kind, rows, rounds = cast("Kind", sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    with TemporaryFile() as file:
        write_sheet(kind, WARM_UP, file)
        time_of(kind, file, WARM_UP)
        file.truncate(0)
        file.seek(0)
        write_sheet(kind, rows, file)
        megabytes = file.tell() / 1e6
        before = peak_kilobytes()
        seconds = [time_of(kind, file, rows) for _ in range(rounds)]
        growth = peak_kilobytes() - before
    print(json.dumps({"seconds": seconds, "megabytes": megabytes, "growth_kb": growth}))


def time_of(kind: Kind, file: IO[bytes], rows: int) -> tuple[float, float]:
    """Return seconds of wall time and of CPU."""
    began, used = time.perf_counter(), cpu_seconds()
    good = sum(read(kind, file))
    seconds = time.perf_counter() - began, cpu_seconds() - used
    if good != rows - rows // BAD_ROW_EVERY:
        raise SystemExit(f"{good} of {rows} rows made a job")
    return seconds


if __name__ == "__main__":
    main()
