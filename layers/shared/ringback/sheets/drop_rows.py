"""The rows of a dropped file: those of a sheet, or the only one of any other file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from ringback.catalogue.field_kinds import field_kinds
from ringback.catalogue.requests import read_request
from ringback.domain.drops import PHOTO_SUFFIXES, Drop, DropFacts, Kind, Progress, Row
from ringback.domain.errors import RecipeMissing, SheetRefused
from ringback.domain.jobs import JobRequest
from ringback.json_bodies import MAX_REQUEST_BYTES, json_object
from ringback.sheets.recipes import photo_row, recipe_row
from ringback.sheets.rows import read_header, read_sheet
from ringback.use_cases.ports import DropStore

# One more than a request may have, so that a larger one is detected.
MAX_BYTES: Final = MAX_REQUEST_BYTES + 1
# As much as a function can read within its time limit even if there is not a single row in it.
MAX_SHEET_BYTES: Final = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class DropRows:
    drops: DropStore

    def __call__(self, drop: Drop, facts: DropFacts, progress: Progress) -> Iterator[Row]:
        """Yield the rows from ``progress`` on. Raises ``SheetRefused`` where it cannot continue."""
        match drop.kind:
            case Kind.CSV | Kind.JSONL:
                if facts.size > MAX_SHEET_BYTES:
                    raise SheetRefused(f"a sheet has at most {MAX_SHEET_BYTES} bytes")
                yield from self._sheet(drop, progress)
            case Kind.UNKNOWN:
                raise SheetRefused(_accepted_files(drop))
            case _ if progress.row == 1:
                yield self._only_row(drop, facts)

    def _sheet(self, drop: Drop, progress: Progress) -> Iterator[Row]:
        if drop.kind is Kind.JSONL:
            header, start = None, progress.offset
        else:
            header = read_header(self.drops.lines(drop, start=0))
            start = max(header.end, progress.offset)
        return read_sheet(
            "csv" if header else "jsonl",
            self.drops.lines(drop, start=start),
            header=header,
            kinds=field_kinds,
            start=start,
            first=progress.row,
        )

    def _only_row(self, drop: Drop, facts: DropFacts) -> Row:
        if drop.kind is Kind.PHOTO:
            recipe = self.drops.newest(drop.recipe_key, most=MAX_BYTES)
            if recipe is None:
                raise RecipeMissing(
                    f"{drop.recipe_key} is missing; upload it, then this photo again"
                )
            return photo_row(drop, recipe, facts.metadata, end=facts.size)
        body = self.drops.read(drop, most=MAX_BYTES)
        if drop.kind is Kind.RECIPE:
            return recipe_row(drop, body, end=facts.size)
        return Row(number=1, end=facts.size, request=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRules:
    """Check the request of a row. ``check_image`` takes an s3 URL and maybe a version."""

    check_image: Callable[[str, str | None], tuple[str, str]]
    pass_through: bool

    def __call__(self, body: bytes, drop: Drop) -> JobRequest:
        """Return the checked request. Raises ``InvalidRequest`` or ``PayloadTooLarge``."""

        def find_image(url: str) -> tuple[str, str]:
            # A photo's job is about the very version that was dropped.
            return self.check_image(url, drop.version if url == drop.url else None)

        return read_request(
            json_object(body), pass_through=self.pass_through, find_image=find_image
        )


def _accepted_files(drop: Drop) -> str:
    if drop.key.startswith("recipes/"):
        return f"recipes/<name>/ accepts recipe.json and photos (.{', .'.join(PHOTO_SUFFIXES)})"
    return "requests/ accepts .json, .jsonl and .csv files"
