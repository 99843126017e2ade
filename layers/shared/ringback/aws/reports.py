"""Receipts for people, and summaries: what is written of a drop again and again.

Each object's metadata says which rows are settled. The next report copies their part of the object
and adds the others.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from functools import partial
from hashlib import sha256
from itertools import chain
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Final

from ringback.aws.receipts import READ_SIZE, VERSION, Mark, part_of, put_over
from ringback.aws.s3 import or_none
from ringback.domain.drops import Drop, Settled
from ringback.domain.errors import ReceiptsReplaced
from ringback.domain.versions import of_any_version
from ringback.json_bodies import NotJson, parse_json

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import HeadObjectOutputTypeDef

# Names of the objects' metadata.
_SETTLED: Final = "drop-settled"
_RESULTS_AT: Final = "drop-results-at"
_NOTHING: Final = Settled()
# What follows the other fields of a summary.
_RESULTS: Final = ',\n "results": ['
# The other fields are counts, and the key of the file.
MAX_OPENING: Final = 64 * 1024


class Reports:
    """Replaces whole objects, and only if they are unchanged since read."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def settled(self, drop: Drop) -> Settled:
        notes = set[str | None]()
        for key in (drop.table_key, drop.summary_key):
            there = self._head(drop, key)
            is_ours = there is not None and there["Metadata"].get(VERSION) == drop.version
            notes.add(there["Metadata"].get(_SETTLED) if there and is_ours else None)
        note = notes.pop()
        return _NOTHING if notes or note is None else _settled_in(note)

    def put_table(
        self,
        drop: Drop,
        content: Iterable[bytes],
        *,
        made_at: datetime,
        before: Settled,
        settled: Callable[[], Settled],
    ) -> None:
        key = drop.table_key
        there, digest = self._head(drop, key), sha256()
        with TemporaryFile() as table:
            kept = self._kept(drop, key, there, before, 0, before.table_bytes)
            for piece in chain(kept, content):
                digest.update(piece)
                table.write(piece)
            mark = Mark(drop.version, made_at, 0, digest.hexdigest())
            more = {_SETTLED: _note(settled())}
            self._replace(drop, key, there, table, mark, more, "text/csv; charset=utf-8")

    def put_summary(
        self,
        drop: Drop,
        summary: Mapping[str, Any],
        results: Iterable[bytes] | None,
        *,
        made_at: datetime,
        before: Settled,
        settled: Settled,
    ) -> None:
        key = drop.summary_key
        there, opening = self._head(drop, key), json.dumps(summary, ensure_ascii=False, indent=1)
        values = {name: value for name, value in summary.items() if name != "updated_at"}
        digest = sha256(json.dumps(values, sort_keys=True).encode())
        with TemporaryFile() as text:
            if results is not None:
                opening = opening.removesuffix("}").rstrip() + _RESULTS
            text.write(opening.encode("utf-8", "replace"))
            results_at = text.tell()
            if results is not None:
                old_at = int(there["Metadata"].get(_RESULTS_AT, 0)) if there else 0
                kept = self._kept(drop, key, there, before, old_at, before.results_bytes)
                for piece in chain(kept, results):
                    digest.update(piece)
                    text.write(piece)
                text.write(b"\n ]\n}" if text.tell() > results_at else b"]\n}")
            mark = Mark(drop.version, made_at, 0, digest.hexdigest())
            more = {_SETTLED: _note(settled), _RESULTS_AT: str(results_at)}
            self._replace(drop, key, there, text, mark, more, "application/json")

    def opening(self, drop: Drop) -> dict[str, Any]:
        """Return the summary without its results, empty if there is none of this version yet."""
        answer = part_of(self._client, drop.summary_key, drop, f"bytes=0-{MAX_OPENING - 1}")
        if answer is None:
            return {}
        with answer["Body"] as body:
            text = body.read(MAX_OPENING)[: int(answer["Metadata"].get(_RESULTS_AT, MAX_OPENING))]
        whole = text.removesuffix(_RESULTS.encode()) + (b"}" if text.endswith(b"[") else b"")
        try:
            found = parse_json(whole).value
        except NotJson:
            return {}  # somebody has changed it
        return found if isinstance(found, dict) else {}

    def _head(self, drop: Drop, key: str) -> "HeadObjectOutputTypeDef | None":
        return or_none(self._client.head_object, Bucket=drop.bucket, Key=key)

    def _kept(
        self,
        drop: Drop,
        key: str,
        there: "HeadObjectOutputTypeDef | None",
        before: Settled,
        start: int,
        size: int,
    ) -> Iterator[bytes]:
        """Yield the part of an object that is about the rows that were settled before."""
        if before == _NOTHING:
            return
        if there is None or there["Metadata"].get(_SETTLED) != _note(before):
            raise ReceiptsReplaced(key)
        if size:
            part = self._client.get_object(
                Bucket=drop.bucket,
                Key=key,
                Range=f"bytes={start}-{start + size - 1}",
                IfMatch=there["ETag"],
            )
            with part["Body"] as body:
                yield from iter(partial(body.read, READ_SIZE), b"")

    def _replace(
        self,
        drop: Drop,
        key: str,
        there: "HeadObjectOutputTypeDef | None",
        body: IO[bytes],
        mark: Mark,
        more: Mapping[str, str],
        content_type: str,
    ) -> None:
        """Put an object unless it is stored already, or that of a newer version is.

        Rows settle with time. That is written to both objects, though only one says anything new:
        otherwise the next report would find two different notes, and read all jobs again.
        """
        stored = there["Metadata"] if there else {}
        is_settled_so = stored.get(_SETTLED) == more[_SETTLED]
        if mark.is_behind(stored) or (mark.is_on(stored) and is_settled_so):
            return
        size = body.tell()
        body.seek(0)
        put_over(
            self._client,
            there["ETag"] if there else None,
            Bucket=drop.bucket,
            Key=key,
            Body=body,
            ContentLength=size,
            ContentType=content_type,
            Metadata={**mark.metadata(), **more},
        )


def _note(settled: Settled) -> str:
    return json.dumps(asdict(settled) | {"credits": str(settled.credits)}, separators=(",", ":"))


def _settled_in(note: str) -> Settled:
    """Read a note; one that is none of ours settles nothing."""
    try:
        values = parse_json(note).value
        return of_any_version(Settled, values | {"credits": Decimal(values["credits"])})
    except (NotJson, TypeError, KeyError, ValueError, ArithmeticError):
        return _NOTHING
