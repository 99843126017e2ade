"""An in-memory drop bucket, and a harness for reading dropped files."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO, StringIO
from typing import Any, BinaryIO

from ringback.catalogue.prices import estimate
from ringback.catalogue.requests import read_request
from ringback.domain.changes import FinishedDrop
from ringback.domain.drops import (
    Drop,
    DropFacts,
    DroppedObject,
    Progress,
    RowsToRetry,
    Settled,
)
from ringback.domain.images import HEAD_BYTES
from ringback.domain.jobs import JobRequest
from ringback.images import inputs
from ringback.json_bodies import json_object
from ringback.providers.registry import PROVIDERS
from ringback.sheets.drop_rows import DropRows
from ringback.use_cases.input_images import CheckInputImage
from ringback.use_cases.report_drop import ReportDrop
from ringback.use_cases.retry_drop import RequestRetry, RetryRows
from ringback.use_cases.retry_job import request_again
from ringback.use_cases.summarize_drop import SummarizeDrop
from ringback.use_cases.take_drop import TakeDrop

from tests.support.harness import CREATED, Harness
from tests.support.jobs import NOON

READ_SIZE = 1024
SPACING = PROVIDERS["kie"].pace.of_rows


@dataclass
class InMemoryDrops:
    """Objects by key and version, the newest last; receipts, tables and summaries by drop key.

    ``covered`` is the version and row up to which the receipts go, ``reported`` which rows are
    settled, and all results.
    """

    objects: dict[Drop, tuple[bytes, dict[str, str]]] = field(default_factory=dict)
    written: dict[str, bytes] = field(default_factory=dict)
    covered: dict[str, tuple[str, int]] = field(default_factory=dict)
    tables: dict[str, bytes] = field(default_factory=dict)
    summaries: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    reported: dict[Drop, tuple[Settled, bytes]] = field(default_factory=dict)

    def describe(self, drop: Drop) -> DropFacts | None:
        if drop not in self.objects:
            return None
        content, metadata = self.objects[drop]
        return DropFacts(made_at=NOON, size=len(content), metadata=metadata)

    def read(self, drop: Drop, *, most: int) -> bytes:
        return self.objects[drop][0][:most]

    def parts(self, drop: Drop, *, start: int) -> Iterator[bytes]:
        content = BytesIO(self.objects[drop][0][start:])
        return iter(partial(content.read, READ_SIZE), b"")

    def newest(self, key: str, *, most: int) -> bytes | None:
        found = [content for drop, (content, _) in self.objects.items() if drop.key == key]
        return found[-1][:most] if found else None

    def inspect(self, key: str, *, version: str | None = None) -> DroppedObject | None:
        found = [
            DroppedObject(version=drop.version, head=content[:HEAD_BYTES], size=len(content))
            for drop, (content, _) in self.objects.items()
            if drop.key == key and version in (None, drop.version)
        ]
        return found[-1] if found else None

    def copy(self, key: str, version: str, *, into: BinaryIO) -> None:
        into.write(self.objects[Drop(bucket="drops", key=key, version=version)][0])

    def put_receipts(self, drop: Drop, lines: bytes, *, seen: Progress, to: Progress) -> None:
        version, row = self.covered.get(drop.key, ("", 0))
        if (version, row) > (drop.version, to.row):
            return
        self.covered[drop.key] = drop.version, to.row
        kept = self.written.get(drop.key, b"").splitlines(keepends=True)[: seen.row - 1]
        self.written[drop.key] = b"".join(kept) + lines

    def receipts(self, drop: Drop, *, after: int) -> Iterator[dict[str, Any]]:
        if self.covered.get(drop.key, ("", 0))[0] == drop.version:
            yield from map(json.loads, self.written[drop.key].splitlines()[after:])

    def settled(self, drop: Drop) -> Settled:
        return self.reported.get(drop, (Settled(), b""))[0]

    def put_table(
        self,
        drop: Drop,
        content: Iterable[bytes],
        *,
        made_at: datetime,
        before: Settled,
        settled: Callable[[], Settled],
    ) -> None:
        kept = self.tables.get(drop.key, b"")[: before.table_bytes]
        self.tables[drop.key] = kept + b"".join(content)

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
        said = dict(summary)
        if results is not None:
            kept = self.reported.get(drop, (before, b""))[1][: before.results_bytes]
            text = kept + b"".join(results)
            said["results"] = json.loads(b"[" + text + b"]")
            self.reported[drop] = settled, text
        self.summaries[drop.key] = json.loads(json.dumps(said))


@dataclass
class InMemoryDropProgress:
    known: dict[Drop, Progress] = field(default_factory=dict)
    finished: dict[Drop, FinishedDrop] = field(default_factory=dict)

    def read(self, drop: Drop) -> Progress | None:
        return self.known.get(drop)

    def advance(self, drop: Drop, *, seen: Progress | None, to: Progress, at: datetime) -> bool:
        if self.known.get(drop) != seen:
            return False
        self.known[drop] = to
        return True

    def finish(self, finished: FinishedDrop) -> None:
        if finished.drop in self.known:
            self.finished.setdefault(finished.drop, finished)


@dataclass
class DropQueues:
    """Drops to read on, with their ``delays``, and ``summaries`` to write, with theirs.

    ``retries`` have theirs in ``retry_delays``.
    """

    waiting: list[Drop] = field(default_factory=list)
    delays: list[int] = field(default_factory=list)
    summaries: list[tuple[Drop, int]] = field(default_factory=list)
    retries: list[RowsToRetry] = field(default_factory=list)
    retry_delays: list[int] = field(default_factory=list)

    def retry(self, rows: RowsToRetry, *, delay: int = 0) -> None:
        self.retries.append(rows)
        self.retry_delays.append(delay)

    def go_on(self, drop: Drop, *, delay: int = 0) -> None:
        self.waiting.append(drop)
        self.delays.append(delay)

    def add(self, drop: Drop, *, delay: int) -> None:
        self.summaries.append((drop, delay))


def endless_created() -> Iterator[Any]:
    while True:
        yield CREATED


@dataclass
class DropHarness:
    """``watch`` wraps each port that the use case gets."""

    base: Harness = field(default_factory=Harness)
    drops: InMemoryDrops = field(default_factory=InMemoryDrops)
    progress: InMemoryDropProgress = field(default_factory=InMemoryDropProgress)
    queues: DropQueues = field(default_factory=DropQueues)
    watch: Callable[[object], Any] = lambda port: port
    versions: int = 0

    def __post_init__(self) -> None:
        self.base.provider.answers = endless_created()

    def put(self, key: str, content: bytes | str, **metadata: str) -> Drop:
        self.versions += 1
        drop = Drop(bucket="drops", key=key, version=f"v{self.versions}")
        body = content.encode() if isinstance(content, str) else content
        self.drops.objects[drop] = (body, metadata)
        return drop

    def take(self, drop: Drop) -> Progress | None:
        accept = self.base.acceptor
        accept = replace(
            accept,
            jobs=self.watch(accept.jobs),
            checks=self.watch(accept.checks),
            queue=self.watch(accept.queue),
        )
        take = TakeDrop(
            drops=self.watch(self.drops),
            progress=self.watch(self.progress),
            jobs=self.watch(self.base.jobs),
            queue=self.watch(self.queues),
            summaries=self.watch(self.queues),
            rows=DropRows(self.drops),
            read_request=self.read,
            report=self.report,
            estimate=estimate,
            accept=accept,
            providers=accept.providers,
            client="drop",
            now=lambda: self.base.now,
        )
        return take(drop)

    @property
    def report(self) -> ReportDrop:
        drops = self.watch(self.drops)
        return ReportDrop(jobs=self.base.jobs, drops=drops, now=lambda: self.base.now)

    def summarize(self, drop: Drop) -> bool:
        summarize = SummarizeDrop(
            progress=self.watch(self.progress),
            jobs=self.base.jobs,
            drops=self.watch(self.drops),
            queue=self.watch(self.queues),
            report=self.report,
            client="drop",
            now=lambda: self.base.now,
        )
        return summarize(drop)

    @property
    def request_retry(self) -> RequestRetry:
        jobs, queue = self.watch(self.base.jobs), self.watch(self.queues)
        return RequestRetry(jobs=jobs, queue=queue, now=lambda: self.base.now)

    @property
    def retry_rows(self) -> RetryRows:
        accept = self.base.acceptor
        return RetryRows(
            jobs=self.watch(self.base.jobs),
            queue=self.watch(self.queues),
            accept=replace(
                accept,
                jobs=self.watch(accept.jobs),
                checks=self.watch(accept.checks),
                queue=self.watch(accept.queue),
            ),
            providers=accept.providers,
            request_again=lambda job: request_again(
                job,
                pass_through=False,
                check_image=CheckInputImage(images=self.drops, bucket="drops", rules=inputs),
            ),
            now=lambda: self.base.now,
        )

    def read(self, body: bytes, drop: Drop) -> JobRequest:
        return read_request(json_object(body), find_image=partial(self.find_image, drop=drop))

    def find_image(self, url: str, drop: Drop) -> tuple[str, str]:
        check = CheckInputImage(images=self.drops, bucket="drops", rules=inputs)
        return check(url, drop.version if url == drop.url else None, client="drop")

    def finish(self, drop: Drop) -> Progress | None:
        """Take a drop, and deliver its messages when they are due until none is left."""
        progress = self.take(drop)
        while self.queues.waiting:
            self.base.now += timedelta(seconds=self.queues.delays[-1])
            progress = self.take(self.queues.waiting.pop(0))
        return progress

    def table(self, key: str) -> list[dict[str, str]]:
        """Return the receipts for people, as a spreadsheet reads them."""
        text = self.drops.tables[key].decode("utf-8-sig")
        return list(csv.DictReader(StringIO(text, newline="")))

    def receipts(self, key: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.drops.written[key].splitlines()]
