"""The rows of a dropped file: those of a sheet, or the only one of any other file."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol

from ringback.catalogue.call_back_urls import CallBacks
from ringback.catalogue.field_kinds import field_kinds
from ringback.catalogue.requests import read_request
from ringback.domain.drops import Drop, DropFacts, Kind, Progress, Row, prompt_of, spellings
from ringback.domain.errors import RecipeMissing, RequestRefused, SheetRefused
from ringback.domain.jobs import Job, JobRequest
from ringback.json_bodies import MAX_REQUEST_BYTES, json_object
from ringback.sheets.encodings import check_json, encoding_of, how_to_save
from ringback.sheets.layout import HEAD_BYTES, ONE_A_LINE, csv_layout, json_lines_layout
from ringback.sheets.places import note_on, where_to_put
from ringback.sheets.recipes import photo_row, recipe_row
from ringback.sheets.rows import read_sheet
from ringback.sheets.text_check import NotText, TextCheck, check_text
from ringback.use_cases.ports import DropStore
from ringback.use_cases.retry_job import request_again

# One more than a request may have, so that a larger one is detected.
MAX_BYTES: Final = MAX_REQUEST_BYTES + 1
# As much as a function can read within its time limit even if there is not a single row in it.
MAX_SHEET_BYTES: Final = 256 * 1024 * 1024
# Enough to recognize a byte order mark, a file that is no text, and most often GBK.
_SNIFFED: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class DropRows:
    drops: DropStore

    def check(self, drop: Drop, facts: DropFacts, progress: Progress) -> Iterator[Progress]:
        """Check that all of a sheet is text before its first row is read, part by part.

        Otherwise rows whose bytes happen to be valid would be sent as other characters. Yield how
        far it came. Raises ``SheetRefused``.
        """
        if not drop.is_sheet:
            return
        if facts.size > MAX_SHEET_BYTES:
            raise SheetRefused(f"a sheet has at most {MAX_SHEET_BYTES} bytes")
        if not progress.encoding:
            encoding = encoding_of(drop, facts.metadata, self.drops.read(drop, most=_SNIFFED))
            progress = replace(progress, encoding=encoding)
        if progress.checked >= facts.size:
            yield progress
            return
        seen = TextCheck(progress.checked, progress.checked_lines)
        parts = self.drops.parts(drop, start=seen.offset)
        try:
            for check in check_text(parts, progress.encoding, seen=seen):
                yield replace(progress, checked=check.offset, checked_lines=check.lines)
        except NotText as error:
            name = progress.encoding.upper()
            raise SheetRefused(
                f"line {error.line} is not {name}, so the file has another encoding."
                f" {how_to_save(drop)}"
            ) from None

    def __call__(self, drop: Drop, facts: DropFacts, progress: Progress) -> Iterator[Row]:
        """Yield the rows from ``progress`` on. Raises ``SheetRefused`` where it cannot continue."""
        if drop.is_sheet:
            yield from self._sheet(drop, progress)
        elif progress.row == 1:
            yield self._only_row(drop, facts)

    def prompt_in(self, request: bytes) -> str:
        try:
            given = json_object(request).get("input")
        except RequestRefused:
            return ""
        return prompt_of(given) if isinstance(given, dict) else ""

    def _sheet(self, drop: Drop, progress: Progress) -> Iterator[Row]:
        head = self.drops.read(drop, most=HEAD_BYTES)
        read = json_lines_layout if drop.kind is Kind.JSONL else csv_layout
        layout = read(head, progress.encoding)
        start = max(layout.start, progress.offset)
        parts = self.drops.parts(drop, start=start)
        return read_sheet(parts, layout, kinds=field_kinds, start=start, first=progress.row)

    def _only_row(self, drop: Drop, facts: DropFacts) -> Row:
        if drop.kind is Kind.UNKNOWN:
            raise SheetRefused(where_to_put(drop))
        if drop.kind is Kind.IMAGE:
            return Row(number=1, end=facts.size, note=note_on(drop))
        if drop.kind is Kind.PHOTO:
            found = (self.drops.newest(key, most=MAX_BYTES) for key in spellings(drop.recipe_key))
            recipe = next((each for each in found if each is not None), None)
            if recipe is None:
                raise RecipeMissing(
                    f"{drop.recipe_key} is missing; upload it, then this photo again"
                )
            return photo_row(drop, recipe, facts.metadata, end=facts.size)
        body = self.drops.read(drop, most=MAX_BYTES)
        check_json(drop, facts.metadata, body)
        if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
            what = f"upload a .jsonl file instead: {ONE_A_LINE}" * (drop.kind is Kind.REQUEST)
            raise SheetRefused(f"the file is a JSON list, not an object{'; ' * bool(what)}{what}")
        if drop.kind is Kind.RECIPE:
            return recipe_row(drop, body, end=facts.size)
        return Row(number=1, end=facts.size, request=body)


class RowSettings(Protocol):
    @property
    def pass_through(self) -> bool: ...
    @property
    def plain_http_hosts(self) -> Collection[str]: ...
    @property
    def drop_client(self) -> str: ...


@dataclass(frozen=True, slots=True)
class RowRules:
    """Check the requests of rows.

    ``check_image`` takes an s3 URL, maybe a version, and the ``client``. ``why_no_webhooks``
    returns why the drops' client can't have them, empty if it can.
    """

    settings: RowSettings
    check_image: Callable[..., tuple[str, str]]
    why_no_webhooks: Callable[[], str]

    def __call__(self, body: bytes, drop: Drop) -> JobRequest:
        """Return the checked request. Raises ``InvalidRequest`` or ``PayloadTooLarge``."""

        def find_image(url: str) -> tuple[str, str]:
            # A photo's job is about the very version that was dropped.
            version = drop.version if url == drop.url else None
            return self.check_image(url, version, client=self.settings.drop_client)

        return read_request(
            json_object(body),
            pass_through=self.settings.pass_through,
            find_image=find_image,
            call_backs=CallBacks(
                plain_http_hosts=self.settings.plain_http_hosts, why_not=self.why_no_webhooks
            ),
        )

    def again(self, old: Job) -> JobRequest:
        """Return the request of a row's job for a new one. Raises what ``request_again`` does."""
        allowed = self.settings.pass_through
        return request_again(old, pass_through=allowed, check_image=self.check_image)
