"""Fakes with state. The contract tests compare them with the real adapters."""

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Lock
from typing import Any, BinaryIO, Unpack

from ringback.domain.accounts import Account, Balance, Hold, Pause, Probe, ProbeAnswer
from ringback.domain.allowances import window_of
from ringback.domain.checks import Check
from ringback.domain.errors import (
    IdempotencyConflict,
    LinkDead,
    NotAnImage,
    RingbackError,
    UnknownJob,
)
from ringback.domain.events import Event
from ringback.domain.idempotency_keys import bare
from ringback.domain.images import ImageFacts, Quarantined, Remains, StoredImage, StoredObject
from ringback.domain.jobs import (
    BEFORE_THE_TASK,
    FINAL,
    GONE,
    Job,
    JobId,
    JobStatus,
    ProviderTaskId,
    holds,
    may_precede,
)
from ringback.domain.pace import LowPriority, Pace, Turn
from ringback.domain.tokens import AccessToken
from ringback.domain.verdicts import Answered, Submission, TaskReport
from ringback.providers.registry import PROVIDERS
from ringback.use_cases.ports import AccountStore, AccountWrite, Changes, JobReader, Write
from ringback.use_cases.providers import Provider


def a_provider(name: str = "kie", **changes: Any) -> Provider:
    """Return kie.ai's provider object with changes."""
    return replace(PROVIDERS["kie"], name=name, **changes)


def by_number(*images: StoredImage) -> tuple[StoredImage, ...]:
    return tuple(sorted(images, key=lambda each: each.number))


class InMemoryCounts:
    def __init__(self) -> None:
        self._counts = dict[tuple[str, int], int]()

    def count(self, client: str, *, most: int, at: datetime) -> bool:
        counted = self.counted(client, at=at)
        if counted < most:
            self._counts[client, window_of(at)] = counted + 1
        return counted < most

    def counted(self, client: str, *, at: datetime) -> int:
        return self._counts.get((client, window_of(at)), 0)


class InMemoryJobs:
    def __init__(self) -> None:
        self.by_id: dict[JobId, Job] = {}
        # Idempotency keys of deleted jobs, by client.
        self.deleted_keys: dict[tuple[str, str], JobId] = {}

    def create(self, job: Job) -> Write:
        known = self.with_key(job.client, job.idempotency_key)
        if known:
            mine, key = (job.request.sent, job.retry_of), bare(job.idempotency_key or "")
            is_kept = (job.client, key) not in self.deleted_keys
            if is_kept and (known.request.sent, known.retry_of) != mine:
                raise IdempotencyConflict("this Idempotency-Key was used before")
            return Write(known, done=known == job)
        if job.job_id in self.by_id:
            return Write(self.by_id[job.job_id], done=self.by_id[job.job_id] == job)
        self.by_id[job.job_id] = job
        return Write(job, done=True)

    def get(self, job_id: JobId) -> Job:
        try:
            return self.by_id[job_id]
        except KeyError:
            raise UnknownJob(job_id) from None

    def with_key(self, client: str, idempotency_key: str | None) -> Job | None:
        for job in self.by_id.values() if idempotency_key else ():
            if job.client == client and bare(job.idempotency_key or "") == bare(
                idempotency_key or ""
            ):
                return job
        deleted = self.deleted_keys.get((client, bare(idempotency_key or "")))
        return self.by_id[deleted] if deleted else None

    def move(
        self,
        job_id: JobId,
        *,
        expect: Collection[JobStatus],
        to: JobStatus,
        at: datetime,
        unchanged_since: datetime | None = None,
        of_attempt: str | None = None,
        images: Sequence[StoredImage] = (),
        **changes: Unpack[Changes],
    ) -> Write:
        if to in GONE or not may_precede(to).issuperset(expect):
            raise ValueError(f"no job goes from one of {expect} to {to}")
        job = self.get(job_id)
        mine = {"attempt_id": of_attempt} if of_attempt else {}
        same_task = job.task_id in (None, changes.get("task_id", job.task_id))
        unchanged = unchanged_since in (None, job.updated_at)
        is_refusal = of_attempt and "task_id" not in changes
        same_task = same_task and not (job.task_id and (to in BEFORE_THE_TASK or is_refusal))
        same_attempt = of_attempt in (None, job.attempt_id)
        if job.status not in expect or not (same_task and unchanged and same_attempt):
            written = {"status": to, "updated_at": at, **changes, **mine}
            return Write(job, done=holds(job, written))
        new = {image.number for image in images}
        others = [each for each in job.images if each.number not in new]
        job = replace(job, images=by_number(*others, *images))
        job = replace(job, status=to, updated_at=at, changes=job.changes + 1, **changes)
        if to is JobStatus.SUCCEEDED:
            job = replace(job, running_at=None, decided_at=None, called_back=None, queued_at=None)
        return Write(self._keep(job), done=True)

    def tell_again(self, job_id: JobId, *, changes: int, at: datetime) -> None:
        job = self.get(job_id)
        if job.changes == changes and job.status not in GONE:
            self._keep(replace(job, tell_again_at=at))

    def mark_queued(self, job_id: JobId, *, at: datetime) -> None:
        job = self.get(job_id)
        if job.status is JobStatus.ACCEPTED:
            self._keep(replace(job, queued_at=at, not_queued_at=None))

    def mark_not_queued(self, job_id: JobId, *, at: datetime) -> None:
        job = self.get(job_id)
        if job.status is JobStatus.ACCEPTED and job.queued_at is None:
            self._keep(replace(job, not_queued_at=at))

    def keep_task(self, job_id: JobId, task_id: ProviderTaskId) -> Job:
        job = self.get(job_id)
        if job.status not in GONE and job.task_id is None:
            return self._keep(replace(job, task_id=task_id))
        return job

    def add_images(self, job_id: JobId, *images: StoredImage, at: datetime) -> None:
        job = self.get(job_id)
        known = {one.number for one in job.images}
        new = [image for image in images if image.number not in known]
        if job.status is JobStatus.ARCHIVING and new:
            kept = by_number(*job.images, *new)
            self._keep(replace(job, images=kept, updated_at=at))

    def add_quarantined(self, job_id: JobId, kept: tuple[Quarantined, ...]) -> None:
        job = self.get(job_id)
        if job.status is JobStatus.ARCHIVING:
            self._keep(replace(job, quarantined=kept))

    def add_thumbnails(self, job_id: JobId, keys: Mapping[int, str]) -> None:
        job = self.get(job_id)
        if job.status in GONE or not keys.keys() <= {image.number for image in job.images}:
            return
        images = [
            replace(image, thumbnail=keys.get(image.number, image.thumbnail))
            for image in job.images
        ]
        self._keep(replace(job, images=tuple(images)))

    def newest(self, client: str, *, limit: int, before: JobId | None) -> Sequence[Job]:
        found = [
            job
            for job in self.by_id.values()
            if job.client == client and (before is None or job.job_id < before)
        ]
        return sorted(found, key=lambda job: job.job_id, reverse=True)[:limit]

    def newest_of(
        self, source: str, *, client: str, limit: int, before: JobId | None
    ) -> Sequence[Job]:
        own = self.newest(client, limit=len(self.by_id), before=before)
        return [job for job in own if job.source == source][:limit]

    def find(self, job_ids: Sequence[JobId]) -> Sequence[Job]:
        return [self.by_id[job_id] for job_id in job_ids if job_id in self.by_id]

    def _keep(self, job: Job) -> Job:
        self.by_id[job.job_id] = replace(job, revision=job.revision + 1)
        return self.by_id[job.job_id]


@dataclass
class InMemoryQueues:
    """Every message sent, oldest first, with its delay in seconds.

    ``due`` holds plain checks, ``claims`` those with a claimed task.
    """

    submit: list[tuple[JobId, int, int | None]] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)
    due: list[tuple[JobId, int]] = field(default_factory=list)
    claims: list[tuple[JobId, ProviderTaskId, int]] = field(default_factory=list)
    sent_checks: list[tuple[Check, int]] = field(default_factory=list, compare=False)
    probes: list[tuple[Probe, int]] = field(default_factory=list)
    nudges: list[JobId] = field(default_factory=list)
    archive: list[tuple[JobId, int, int]] = field(default_factory=list)
    thumbnails: list[tuple[JobId, int]] = field(default_factory=list)


@dataclass
class InMemorySubmitQueue:
    queues: InMemoryQueues

    def add(self, job_id: JobId, *, delay: int, slot: int | None) -> None:
        self.queues.submit.append((job_id, delay, slot))

    def nudge(self, job_id: JobId) -> None:
        self.queues.nudges.append(job_id)

    def add_answer(self, answered: Answered, *, delay: int) -> None:
        self.queues.answers.append(answered)


@dataclass
class InMemoryCheckQueue:
    queues: InMemoryQueues

    def add(self, check: Check, *, delay: int) -> None:
        self.queues.sent_checks.append((check, delay))
        if check.claimed_task:
            self.queues.claims.append((check.job_id, check.claimed_task, delay))
        else:
            self.queues.due.append((check.job_id, delay))

    def add_probe(self, probe: Probe, *, delay: int) -> None:
        self.queues.probes.append((probe, delay))


@dataclass
class InMemoryArchiveQueue:
    queues: InMemoryQueues

    def add(self, job_id: JobId, *, attempt: int = 1, delay: int = 0) -> None:
        self.queues.archive.append((job_id, attempt, delay))


@dataclass
class InMemoryThumbnailQueue:
    queues: InMemoryQueues

    def add(self, job_id: JobId, numbers: Sequence[int]) -> None:
        self.queues.thumbnails += [(job_id, number) for number in numbers]


@dataclass
class InMemoryTold:
    marks: dict[JobId, int] = field(default_factory=dict)

    def add(self, jobs: Sequence[Job]) -> None:
        self.marks |= {job.job_id: job.changes for job in jobs}

    def changes_told(self, job_id: JobId) -> int:
        return self.mark(job_id)

    def mark(self, job_id: JobId) -> int:
        return self.marks.get(job_id, 0)


class AllTold(InMemoryTold):
    """Every job was told at once, as is usual."""

    def mark(self, job_id: JobId) -> int:
        return sys.maxsize


@dataclass
class InMemoryToldJobs:
    jobs: InMemoryJobs
    told: InMemoryTold

    def of(self, job_ids: Collection[JobId]) -> Mapping[JobId, Job]:
        known = [self.jobs.by_id[each] for each in job_ids if each in self.jobs.by_id]
        return {
            job.job_id: job
            for job in known
            if job.status in FINAL and self.told.mark(job.job_id) >= job.changes
        }


@dataclass
class InMemoryBus:
    """Every event that was put, oldest first; those in ``refused``, by id, are not taken."""

    events: list[Event] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def put(self, events: Sequence[Event]) -> Mapping[str, str]:
        self.events += [event for event in events if event.id not in self.refused]
        return {event.id: self.refused[event.id] for event in events if event.id in self.refused}


@dataclass
class InMemoryNotifications:
    """The events that receivers are told of, with their URLs, oldest first."""

    sent: list[tuple[Event, str]] = field(default_factory=list)

    def add(self, event: Event, *, job: Job, url: str) -> None:
        self.sent.append((event, url))


@dataclass
class InMemoryWindow:
    """Assigns slots at ``pace``; by default there are so many that no job waits."""

    pace: Pace = field(default_factory=lambda: Pace(limit=1_000_000, seconds=1))
    next_slot: int = 0
    paused_until: int = 0
    calls: list[datetime] = field(default_factory=list)

    def take(
        self,
        provider: str,
        *,
        at: datetime,
        slot: int | None,
        low_priority: LowPriority | None = None,
    ) -> Turn:
        if (
            slot is None
            and low_priority
            and self.pace.is_crowded(self.next_slot, share=low_priority.share, at=at)
        ):
            return self.pace.deferred(low_priority)
        lost = slot is None or slot < self.paused_until or self.pace.is_missed(slot, at=at)
        if slot is None or lost:
            slot = self.pace.free_slot(self.next_slot, at=at, low_priority=low_priority)
            self.next_slot = slot + 1
        turn = self.pace.turn(slot, at=at)
        if turn.wait:
            return turn
        wait = self.pace.wait_for_room(self.calls, at=at)
        if not wait:
            self.calls.append(at)
        if wait and low_priority:
            return self.pace.deferred(low_priority)
        return Turn(slot=slot, wait=wait)

    def was_slow(self, provider: str, *, asked_at: datetime, at: datetime) -> None:
        if asked_at in self.calls:
            self.calls.remove(asked_at)
            self.calls = sorted([*self.calls, at])

    def pause(self, provider: str, *, at: datetime) -> None:
        until = self.pace.slot_at(at + timedelta(seconds=self.pace.seconds))
        self.paused_until, self.next_slot = until, max(self.next_slot, until)


@dataclass
class InMemoryAccounts:
    accounts: dict[str, Account] = field(default_factory=dict)

    def read(self, provider: str) -> Account:
        return self.accounts.get(provider, Account(provider=provider))

    def note_balance(self, provider: str, balance: Balance) -> AccountWrite:
        return self._write(self.read(provider), balance=balance)

    def pause(
        self,
        probe: Probe,
        *,
        reason: str,
        at: datetime,
        began_at: datetime,
        probe_at: datetime,
        refused_job: JobId | None,
    ) -> AccountWrite:
        account = self.read(probe.provider)
        return self._write(
            account,
            is_allowed=account.may_be_paused(began_at=began_at),
            pause=Pause(
                reason=reason,
                since=account.pause.since if account.pause else at,
                probe_at=probe_at,
                probe_id=probe.probe_id,
                refused_job=refused_job,
            ),
        )

    def send_probe(self, probe: Probe, *, seen: Pause, probe_at: datetime) -> AccountWrite:
        account = self.read(probe.provider)
        pause = account.pause
        if pause is None or pause.half_open_at or pause.probe_id != seen.probe_id:
            return AccountWrite(account, done=_has_probe(pause, probe))
        paused = replace(pause, probe_id=probe.probe_id, probe_at=probe_at)
        return self._write(account, pause=paused)

    def probe_failed(
        self,
        probe: Probe,
        *,
        next_at: datetime,
        unanswered: int = 0,
        balance: Balance | None = None,
    ) -> AccountWrite:
        account = self.read(probe.provider)
        if account.pause is None or not _has_probe(account.pause, probe):
            return AccountWrite(account, done=False)
        failed = replace(account.pause, probe_id=None, probe_at=next_at, unanswered=unanswered)
        return self._write(account, pause=failed, balance=balance or account.balance)

    def half_open(
        self,
        provider: str,
        *,
        at: datetime,
        probe_id: str | None,
        unanswered: int = 0,
        balance: Balance | None = None,
    ) -> AccountWrite:
        account = self.read(provider)
        pause = account.pause
        if pause is None or pause.half_open_at or probe_id not in (None, pause.probe_id):
            return AccountWrite(account, done=bool(pause and pause.half_open_at == at))
        tried = replace(pause, half_open_at=at, probe_id=None, trial=None, trial_until=None)
        opened = replace(tried, unanswered=unanswered)
        return self._write(account, pause=opened, balance=balance or account.balance)

    def claim_trial(
        self, provider: str, job_id: JobId, *, at: datetime, until: datetime
    ) -> AccountWrite:
        account = self.read(provider)
        pause = account.pause
        if pause is None or pause.half_open_at is None:
            return AccountWrite(account, done=False)
        is_free = pause.trial_until is None or pause.trial_until <= at or pause.trial == job_id
        return self._write(
            account, is_allowed=is_free, pause=replace(pause, trial=job_id, trial_until=until)
        )

    def end_trial(self, provider: str, job_id: JobId, *, at: datetime) -> AccountWrite:
        account = self.read(provider)
        pause = account.pause
        if pause is None or pause.trial != job_id:
            return AccountWrite(account, done=False)
        return self._write(account, pause=replace(pause, trial=None, trial_until=None))

    def open(self, provider: str, *, at: datetime, began_at: datetime) -> AccountWrite:
        account = self.read(provider)
        half_open_at = account.pause.half_open_at if account.pause else None
        if half_open_at is None or half_open_at > began_at:
            return AccountWrite(account, done=account.pause is None and account.opened_at == at)
        return self._write(account, pause=None, opened_at=at)

    def hold(self, provider: str, hold: Hold) -> AccountWrite:
        return self._write(self.read(provider), hold=hold)

    def _write(self, account: Account, *, is_allowed: bool = True, **changes: Any) -> AccountWrite:
        if not is_allowed:
            return AccountWrite(account, done=_holds(account, changes))
        self.accounts[account.provider] = replace(account, **changes)
        return AccountWrite(self.accounts[account.provider], done=True)


@dataclass
class InMemoryJobsWithAccounts:
    jobs: InMemoryJobs
    accounts: InMemoryAccounts

    def read(self, job_id: JobId) -> tuple[Job, Account]:
        # Not by the methods of these very objects: a meter may watch them.
        job = InMemoryJobs.get(self.jobs, job_id)
        return job, InMemoryAccounts.read(self.accounts, job.request.provider)


def _has_probe(pause: Pause | None, probe: Probe) -> bool:
    return pause is not None and pause.probe_id == probe.probe_id


def _holds(account: Account, changes: Mapping[str, Any]) -> bool:
    """Tell whether an SDK's repeat finds what the same write has left."""
    return replace(account, **changes) == account


@dataclass
class InMemoryTokens:
    """A token and the lease to fetch the next one. Thread-safe."""

    token: AccessToken | None = None
    held_by: str = ""
    held_until: datetime | None = None
    lock: Lock = field(default_factory=Lock)

    def read(self) -> AccessToken | None:
        return self.token

    def lease(
        self, lease: str, *, instead_of: AccessToken | None, at: datetime, until: datetime
    ) -> bool:
        with self.lock:
            seen = instead_of.value if instead_of else None
            there = self.token.value if self.token else None
            held = self.held_until and self.held_until > at and self.held_by != lease
            if seen != there or held:
                return False
            self.held_by, self.held_until = lease, until
            return True

    def put(self, token: AccessToken, *, lease: str) -> None:
        with self.lock:
            if lease == self.held_by:
                self.token, self.held_by, self.held_until = token, "", None


@dataclass
class ScriptedProvider:
    """Returns scripted answers and records its calls.

    ``tasks`` maps a task id to the result of reading it: a report, ``None`` or an error to raise.
    """

    answers: Iterator[Submission] = field(default_factory=lambda: iter(()))
    tasks: dict[str, TaskReport | RingbackError | None] = field(default_factory=dict)
    new_links: dict[str, list[str]] = field(default_factory=dict)
    not_ready: RingbackError | None = None
    is_good: bool = True
    credits_left: Decimal | None = None
    probed: int = 0
    created: list[tuple[JobId, str]] = field(default_factory=list)
    read: list[ProviderTaskId] = field(default_factory=list)
    calls: list[list[ProviderTaskId]] = field(default_factory=list)
    calls_back: bool = True
    max_batch_size: int = 1
    keeps_results: timedelta | None = timedelta(days=14)
    tells_credits: bool = True

    @property
    def facts(self) -> Provider:
        return a_provider(
            calls_back=self.calls_back,
            max_batch_size=self.max_batch_size,
            keeps_results=self.keeps_results,
            tells_credits=self.tells_credits,
        )

    def prepare(self) -> None:
        if self.not_ready:
            raise self.not_ready

    def probe(self) -> ProbeAnswer:
        self.probed += 1
        self.prepare()
        return ProbeAnswer(is_good=self.is_good, credits=self.credits_left)

    def create_task(self, job: Job, callback_url: str) -> Submission:
        self.created.append((job.job_id, callback_url))
        return next(self.answers)

    def read_tasks(self, task_ids: Sequence[ProviderTaskId]) -> Mapping[ProviderTaskId, TaskReport]:
        self.calls.append([*task_ids])
        found = {task_id: self._read_task(task_id) for task_id in task_ids}
        return {task_id: report for task_id, report in found.items() if report}

    def _read_task(self, task_id: ProviderTaskId) -> TaskReport | None:
        self.read.append(task_id)
        found = self.tasks.get(task_id)
        if isinstance(found, RingbackError):
            raise found
        return found

    def fresh_links(self, job: Job, number: int) -> Iterable[str]:
        return self.new_links.get(job.result_urls[number - 1], [])


@dataclass
class InMemoryWeb:
    """The content of each URL: bytes with their facts, or the error that a download raises.

    ``recognized`` are stored bytes that are an image after all.
    """

    pages: dict[str, tuple[bytes, ImageFacts | RingbackError] | RingbackError] = field(
        default_factory=dict
    )
    recognized: dict[bytes, ImageFacts] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)

    def fetch(self, url: str, into: BinaryIO, *, within: float) -> ImageFacts:
        assert within > 0
        self.fetched.append(url)
        page = self.pages.get(url, LinkDead("nothing there"))
        content, result = (b"", page) if isinstance(page, RingbackError) else page
        into.seek(0)
        into.truncate()
        into.write(content)
        into.seek(0)
        if isinstance(result, RingbackError):
            raise result
        return result

    def inspect(self, content: BinaryIO) -> ImageFacts:
        known = content.read()
        content.seek(0)
        if known not in self.recognized:
            raise NotAnImage("unknown")
        return self.recognized[known]


@dataclass
class InMemoryBucket:
    objects: dict[str, bytes] = field(default_factory=dict)
    facts: dict[str, ImageFacts] = field(default_factory=dict)
    records: dict[JobId, dict[str, Any]] = field(default_factory=dict)
    expiring: list[str] = field(default_factory=list)

    def put_image(
        self, job_id: JobId, number: int, content: BinaryIO, facts: ImageFacts
    ) -> StoredObject:
        key = f"images/{job_id}/{number}.{facts.extension}"
        self.objects.setdefault(key, content.read())
        return StoredObject(key=key, facts=self.facts.setdefault(key, facts))

    def find_image(self, job_id: JobId, number: int) -> StoredObject | None:
        start = f"images/{job_id}/{number}."
        found = [StoredObject(key=k, facts=f) for k, f in self.facts.items() if k.startswith(start)]
        return found[0] if found else None

    def read_image(self, key: str, into: BinaryIO) -> None:
        into.seek(0)
        into.truncate()
        into.write(self.objects[key])
        into.seek(0)

    def read_object(self, key: str, into: BinaryIO) -> bool:
        if key in self.objects:
            self.read_image(key, into)
        return key in self.objects

    def put_quarantined(
        self, job_id: JobId, number: int, content: BinaryIO, remains: Remains
    ) -> str:
        key = f"quarantine/{job_id}/{number}-{remains.sha256[:16]}"
        content.seek(0)
        self.objects[key] = content.read()
        return key

    def put_thumbnail(self, job_id: JobId, number: int, content: bytes) -> str:
        key = f"images/{job_id}/{number}.thumbnail.webp"
        self.objects[key] = content
        return key

    def put_record(self, job_id: JobId, record: dict[str, Any]) -> str:
        self.records[job_id] = record
        key = f"images/{job_id}/job.json"
        # A new version of an object has no tags.
        self.expiring = [each for each in self.expiring if each != key]
        return key

    def let_expire(self, keys: Iterable[str]) -> None:
        self.expiring += keys

    def delete_all(self, job_id: JobId) -> None:
        self.records.pop(job_id, None)
        for key in self.of(job_id):
            del self.objects[key]
            self.facts.pop(key, None)

    def of(self, job_id: JobId) -> list[str]:
        """Return the keys of a job's objects."""
        return [key for key in self.objects if f"/{job_id}/" in key]


class InMemoryJobKeys:
    """The keys of ``jobs``, ``size`` at a time, in an order that has nothing to do with names."""

    def __init__(self, jobs: InMemoryJobs, size: int = 3) -> None:
        self._jobs, self._size = jobs, size

    def after(self, key: tuple[str, JobId] | None) -> Sequence[tuple[str, JobId]]:
        every = sorted(
            ((job.client, job.job_id) for job in self._jobs.by_id.values()), key=self._place
        )
        rest = [each for each in every if key is None or self._place(each) > self._place(key)]
        return rest[: self._size]

    def _place(self, key: tuple[str, JobId]) -> tuple[str, str]:
        return (key[0][::-1], key[1])


def reading_both(jobs: JobReader, accounts: AccountStore) -> Callable[[JobId], tuple[Job, Account]]:
    """Return what reads a job and the account that it would be sent with."""

    def read(job_id: JobId) -> tuple[Job, Account]:
        job = jobs.get(job_id)
        return job, accounts.read(job.request.provider)

    return read
