"""Find a client's dropped files, and what became of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from ringback.domain.cursors import CURSOR, WRONG, Cursors, refuse
from ringback.domain.drops import NO_VERSION, PLACE, Drop, ListedDrop, makes_jobs, spellings
from ringback.domain.errors import FieldError, InvalidRequest, UnknownDrop
from ringback.domain.suggestions import unknown_parameters
from ringback.use_cases.dropped_files import key_errors, key_of
from ringback.use_cases.report_drop import FINISHED, dry_summary

MAX_DROPS: Final = 50
DEFAULT_DROPS: Final = 25
MAX_BAD_ROWS: Final = 100
# A file that has no receipt yet is looked for among so many.
MAX_NEW: Final = 100
_NUMBER: Final = re.compile(r"[0-9]{1,12}")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html: an opaque text
# that is ready for URLs, of at most 1,024 bytes.
_VERSION: Final = re.compile(r"[!-~]{1,1024}")
# Of a receipt: S3 has no larger objects than 50 TB.
_BYTE: Final = "[0-9]{1,14}"


class DropList(Protocol):
    def newest(self, client: str, *, limit: int, before: str) -> Sequence[ListedDrop]:
        """Return at most 100 of the client's drops, newest first, after the place ``before``."""
        ...

    def get(self, drop: Drop) -> ListedDrop | None:
        """Return a drop, whosever it is."""
        ...


class DropFiles(Protocol):
    def newest(self, key: str) -> Drop | None:
        """Return the version of a file that its receipts are about, ``None`` without any."""
        ...

    def of_version(self, key: str, version: str) -> Drop: ...

    def summary(self, drop: Drop) -> Mapping[str, Any]:
        """Return the summary as it now is, without results; empty if there is none."""
        ...

    def bad_rows(
        self, drop: Drop, *, start: int, most: int
    ) -> tuple[Sequence[Mapping[str, Any]], int | None]:
        """Return receipts of rows with errors from a byte on, and where to read on, if at all."""
        ...

    def links(self, drop: Drop) -> Sequence[tuple[str, str]]:
        """Return the keys of the drop's receipts, and a presigned link to each."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDrop:
    """``state`` is ``reading``, ``running`` or ``final``; ``summary`` has the counts."""

    listed: ListedDrop
    state: str
    summary: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DropDetails:
    """``cursor`` is that of further bad rows, ``None`` if there are none."""

    shown: ShownDrop
    bad: Sequence[Mapping[str, Any]]
    cursor: str | None
    receipts: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindDrops:
    """Clients see their own files only; any other one is an unknown file."""

    drops: DropList
    files: DropFiles

    def page(self, query: Mapping[str, str], *, client: str) -> tuple[list[ShownDrop], str | None]:
        """Return drops, newest first, and the cursor of the next page, if there is one.

        Raises ``InvalidRequest`` or ``WrongCursor``.
        """
        limit, cursors = query.get("limit", str(DEFAULT_DROPS)), Cursors(client, {"list": "drops"})
        position = cursors.position_in(query[CURSOR], PLACE) if CURSOR in query else ("",)
        errors = unknown_parameters(query, {"limit", CURSOR})
        if not (_NUMBER.fullmatch(limit) and 1 <= int(limit) <= MAX_DROPS):
            errors.append(FieldError("limit", f"must be a whole number from 1 to {MAX_DROPS}"))
        if position is None:
            errors.append(WRONG)
        if errors or position is None:
            refuse(errors)
        size, before = int(limit), position[0]
        found = self.drops.newest(client, limit=size + 1, before=before)
        shown = [self._shown(each) for each in found[:size]]
        return shown, cursors.after([found[size - 1].place]) if len(found) > size else None

    def one(self, file: str, query: Mapping[str, str], *, client: str) -> DropDetails:
        """Return a file, by its key or URL, with its bad rows from ``cursor`` on.

        Raises ``InvalidRequest``, ``UnknownDrop`` or ``WrongCursor``, which is one of another
        version, too.
        """
        key = key_of(file)
        errors = unknown_parameters(query, {CURSOR, "version"})
        errors += [FieldError("file", each.message) for each in key_errors(key)]
        if not _VERSION.fullmatch(query.get("version", NO_VERSION)):
            errors.append(FieldError("version", "must be the `version` of a file of GET /drops"))
        if errors:
            raise InvalidRequest(errors)
        listed = self._find(key, query.get("version"), client)
        cursors = Cursors(client, {"bad rows of": listed.drop.fingerprint})
        position = cursors.position_in(query[CURSOR], _BYTE) if CURSOR in query else ("0",)
        if position is None:
            refuse([WRONG])
        bad, more = self._bad_rows(listed, int(position[0]))
        return DropDetails(
            shown=self._shown(listed),
            bad=bad,
            cursor=None if more is None else cursors.after([str(more)]),
            receipts=self.files.links(listed.drop),
        )

    def _find(self, key: str, version: str | None, client: str) -> ListedDrop:
        names = spellings(key)
        for name in names:
            drop = self.files.of_version(name, version) if version else self.files.newest(name)
            listed = self.drops.get(drop) if drop else None
            if listed and listed.progress.owner == client:
                return listed
        new = self.drops.newest(client, limit=MAX_NEW, before="") if version is None else ()
        for listed in new:
            if listed.drop.key in names:
                return listed
        raise UnknownDrop(key)

    def _bad_rows(
        self, listed: ListedDrop, start: int
    ) -> tuple[Sequence[Mapping[str, Any]], int | None]:
        if not (listed.progress.bad_rows or listed.progress.fault):
            return (), None
        return self.files.bad_rows(listed.drop, start=start, most=MAX_BAD_ROWS)

    def _shown(self, listed: ListedDrop) -> ShownDrop:
        drop, progress = listed.drop, listed.progress
        if not makes_jobs(drop):
            summary: Mapping[str, Any] = dry_summary(drop, progress)
            return ShownDrop(listed=listed, state=str(summary["state"]), summary=summary)
        if listed.summary is not None:
            return ShownDrop(listed=listed, state=FINISHED, summary=listed.summary)
        state = "running" if progress.done else "reading"
        return ShownDrop(listed=listed, state=state, summary=self.files.summary(drop))
