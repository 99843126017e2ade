"""Receipts for people: a CSV file that spreadsheets open, and that runs nothing in them."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Any, Final

from ringback.domain.deletion import IN_WORDS
from ringback.domain.drops import prompt_of
from ringback.domain.jobs import GONE, Job

# Without it Excel takes UTF-8 for the encoding of the computer's language.
BOM: Final = "\ufeff"
COLUMNS: Final = (
    *("row", "state", "model", "prompt", "errors", "credits", "estimate", "job_id", "images"),
)
# Excel splits the text of a larger cell into other cells.
MAX_CELL: Final = 32_000
_CUT: Final = " [...]"
# How a formula begins (https://owasp.org/www-community/attacks/CSV_Injection), also full-width.
_FORMULA: Final = re.compile("[-=+@\uff1d\uff0b\uff0d\uff20]")
# What begins a new cell where semicolons or tabs separate them: there, quotes after a comma don't
# protect what is between them.
_SEPARATORS: Final = frozenset(";\t\r\n")
# Separators, and what spreadsheets skip or drop before a formula.
_RANGES: Final = ((0, 0x20), (0x7F, 0xA0), (0x2000, 0x200F), (0x2028, 0x202F), (0x205F, 0x206F))
_SKIPPED: Final = ";'\"\u3000\ufeff" + "".join(
    chr(code) for first, last in _RANGES for code in range(first, last + 1)
)


def text_cell(text: str) -> str:
    """Return the text as a cell: with an apostrophe before whatever would run as a formula."""
    pieces, at = list[str](), 0
    text = text.replace("\0", "")
    for found in _FORMULA.finditer(text):
        before = text[at : found.start()]
        skipped = before[len(before.rstrip(_SKIPPED)) :]
        is_first = at == 0 and skipped == before
        runs = is_first or not _SEPARATORS.isdisjoint(skipped)
        pieces += [before, "'" if runs else ""]
        at = found.start()
    safe = "".join([*pieces, text[at:]])
    safe = f"'{safe}" if safe[:1] in _SEPARATORS else safe
    return safe if len(safe) <= MAX_CELL else safe[: MAX_CELL - len(_CUT)] + _CUT


def table_line(cells: Sequence[str]) -> bytes:
    line = StringIO(newline="")
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow(cells)
    return line.getvalue().encode("utf-8", "replace")


def header_line() -> bytes:
    return BOM.encode() + table_line(COLUMNS)


def table_row(
    receipt: Mapping[str, Any], job: Job | None, links: Iterator[str], *, number: int | None
) -> bytes:
    """Return the line of a row: its receipt, and its job as it is now, if it has one.

    What is not known, such as the credits of a provider that doesn't tell them, is empty.
    """
    errors = [_in_words(error) for error in receipt.get("errors", ())]
    if job and job.error:
        charged = " (may have been charged)" if job.error.may_be_charged else ""
        errors.append(f"{job.error.message}{charged}")
    if job and job.status in GONE:
        errors = [IN_WORDS]
    cells: dict[str, object] = {
        "row": number,
        "state": _state(receipt, job),
        "model": job.request.model if job else None,
        "prompt": prompt_of(job.request.input) if job else receipt.get("prompt"),
        "errors": "\n".join(errors),
        "credits": None if job is None or job.credits is None else f"{job.credits.normalize():f}",
        "estimate": _estimate(receipt.get("estimate")),
        "job_id": job.job_id if job else receipt.get("job_id"),
        "images": "\n".join(links),
    }
    return table_line([_cell(cells[name]) for name in COLUMNS])


def _cell(value: object) -> str:
    return "" if value is None else text_cell(str(value))


def _state(receipt: Mapping[str, Any], job: Job | None) -> str:
    if job:
        return job.status
    if "errors" in receipt:
        return "refused"
    if "waits_for" in receipt:
        return f"waits for {receipt['waits_for']}"
    return "valid" if "estimate" in receipt else "unknown"


def _in_words(error: Mapping[str, str]) -> str:
    return f"{error['field']}: {error['message']}" if error["field"] else error["message"]


def _estimate(estimate: Mapping[str, Any] | None) -> str:
    if not estimate:
        return ""
    low, high = (f"{estimate[name]:g}" for name in ("credits_low", "credits_high"))
    return low if low == high else f"{low} to {high}"
