"""The ports of the use cases: what they need from AWS, from providers and from image hosts."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO, Final, Protocol, TypedDict, Unpack

from ringback.domain.accounts import Account, Balance, Hold, Pause, Probe, ProbeAnswer
from ringback.domain.changes import FinishedDrop
from ringback.domain.checks import Check
from ringback.domain.drops import (
    Drop,
    DropFacts,
    DroppedObject,
    Progress,
    Row,
    RowsToRetry,
    Settled,
)
from ringback.domain.images import (
    ImageFacts,
    Quarantined,
    Remains,
    StoredImage,
    StoredObject,
)
from ringback.domain.jobs import Job, JobError, JobId, JobRequest, JobStatus, ProviderTaskId
from ringback.domain.pace import LowPriority, Turn
from ringback.domain.tokens import AccessToken
from ringback.domain.verdicts import Answered, Submission, TaskReport


class Changes(TypedDict, total=False):
    """Fields of a job that may be written together with its state.

    ``request`` is the job's own: a store may keep that of a job that is being sent in another form.
    """

    account_refusals: int
    answer: str | None
    attempt_id: str
    attempts: int
    callback_base_url: str | None
    called_back: bool | None
    credits: Decimal | None
    deadline_at: datetime
    decided_at: datetime
    error: JobError | None
    finished_at: datetime | None
    is_trial: bool | None
    queued_at: datetime | None
    request: JobRequest
    result_urls: tuple[str, ...]
    running_at: datetime
    submitted_at: datetime
    task_id: ProviderTaskId


@dataclass(frozen=True, slots=True)
class Write:
    """The job after the call, and whether this call made the change.

    It did so also if the SDK repeated a write that had taken place, and the repeat failed.
    """

    job: Job
    done: bool


# Jobs that one read can find: the most that DynamoDB's BatchGetItem takes.
MAX_FOUND: Final = 100


class JobReader(Protocol):
    def get(self, job_id: JobId) -> Job:
        """Return the job as last written. Raises ``UnknownJob``."""
        ...

    def with_key(self, client: str, idempotency_key: str | None) -> Job | None:
        """Return the job that the client created with this idempotency key, if there is one."""
        ...

    def newest(self, client: str, *, limit: int, before: JobId | None) -> Sequence[Job]:
        """Return the client's jobs with smaller ids than ``before``, newest first."""
        ...

    def newest_of(
        self, source: str, *, client: str, limit: int, before: JobId | None
    ) -> Sequence[Job]:
        """Return the client's jobs of a dropped file, as ``newest`` does.

        There are fewer than ``limit`` only if there are no more. Files of one name may have had
        several owners.
        """
        ...

    def find(self, job_ids: Sequence[JobId]) -> Sequence[Job]:
        """Return those of at most ``MAX_FOUND`` jobs that exist, in any order."""
        ...


class JobStore(JobReader, Protocol):
    """Stores jobs. Every write states the state it expects; a late write does nothing."""

    def create(self, job: Job) -> Write:
        """Record a new job, or return the one with the same id or idempotency key.

        Raises ``IdempotencyConflict`` if that one was created with another request, ``KeyInUse`` if
        it is being created at this moment.
        """
        ...

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
        """Change the state if it is one of ``expect`` and no other task id is recorded.

        A job with any task id never becomes ``accepted`` or ``submitting``: it is not bought again.
        None is deleted like this, and one that is being deleted takes no change.

        With ``unchanged_since``, the job's ``updated_at`` must still have that value; with
        ``of_attempt``, this must be the job's last attempt to be submitted, and the job has no task
        unless the change names it. ``images`` are recorded with the change. Raises
        ``UnknownJob``.
        """
        ...

    def tell_again(self, job_id: JobId, *, changes: int, at: datetime) -> None:
        """Have the event of the job's last change told again, unless it has changed since."""
        ...

    def mark_queued(self, job_id: JobId, *, at: datetime) -> None:
        """Record that the submit queue has a message for an accepted job."""
        ...

    def mark_not_queued(self, job_id: JobId, *, at: datetime) -> None:
        """Record that the client of an accepted job was told that it could not be queued."""
        ...

    def keep_task(self, job_id: JobId, task_id: ProviderTaskId) -> Job:
        """Record the id of the job's task, whatever its state, unless it has one.

        Return the job as it now stands. Raises ``UnknownJob``.
        """
        ...

    def add_images(self, job_id: JobId, *images: StoredImage, at: datetime) -> None:
        """Record images of a job that is being archived, in one write.

        The first record of each stays; without a new one, nothing is written.
        """
        ...

    def add_quarantined(self, job_id: JobId, kept: tuple[Quarantined, ...]) -> None:
        """Record all that came instead of images of a job that is being archived.

        This is no progress: ``updated_at`` stays.
        """
        ...

    def add_thumbnails(self, job_id: JobId, keys: Mapping[int, str]) -> None:
        """Record the thumbnails of images that are recorded already, by number, in one write.

        If one of the images is not recorded, nothing is.
        """
        ...


class SubmitQueue(Protocol):
    """Messages to submit accepted jobs. The delays of all queues are in seconds."""

    def add(self, job_id: JobId, *, delay: int, slot: int | None) -> None:
        """Deliver the job after ``delay``, or earlier if the queue does not allow that long.

        ``slot`` is the job's reserved slot in the rate window, if it has one. Raises ``TryAgain``
        if the queue did not confirm the message.
        """
        ...


class NudgeQueue(Protocol):
    def nudge(self, job_id: JobId) -> None:
        """Deliver a job that has a message of its own now as well.

        Raises ``TryAgain`` if the queue did not confirm the message.
        """
        ...


class AnswerQueue(SubmitQueue, Protocol):
    def add_answer(self, answered: Answered, *, delay: int) -> None:
        """Have an answer to createTask recorded later. Raises ``TryAgain`` as ``add`` does."""
        ...


@dataclass(frozen=True, slots=True)
class AccountWrite:
    """The account after the call, and whether this call made the change, as in ``Write``."""

    account: Account
    done: bool


class AccountStore(Protocol):
    """Stores the state of providers' accounts. A change that comes too late does nothing."""

    def read(self, provider: str) -> Account: ...

    def note_balance(self, provider: str, balance: Balance) -> AccountWrite:
        """Record the credits that are left, whatever the account's state."""
        ...

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
        """Pause an account that was open, or half-open, when the refused call began.

        A pause that was half-open goes on since it began; its trial is over.
        """
        ...

    def send_probe(self, probe: Probe, *, seen: Pause, probe_at: datetime) -> AccountWrite:
        """Make this the probe that a paused account waits for, unless it has a newer one."""
        ...

    def probe_failed(
        self,
        probe: Probe,
        *,
        next_at: datetime,
        unanswered: int = 0,
        balance: Balance | None = None,
    ) -> AccountWrite:
        """Record when the next probe is due. It is sent by a job that still waits then."""
        ...

    def half_open(
        self,
        provider: str,
        *,
        at: datetime,
        probe_id: str | None,
        unanswered: int = 0,
        balance: Balance | None = None,
    ) -> AccountWrite:
        """Let one job try, if the account is paused and, with an id, still waits for that probe."""
        ...

    def claim_trial(
        self, provider: str, job_id: JobId, *, at: datetime, until: datetime
    ) -> AccountWrite:
        """Make this the job that tries, if the account is half-open and no other one does."""
        ...

    def end_trial(self, provider: str, job_id: JobId, *, at: datetime) -> AccountWrite:
        """Let another job try: this one's answer said nothing about the account."""
        ...

    def open(self, provider: str, *, at: datetime, began_at: datetime) -> AccountWrite:
        """End a pause that was half-open when the call began that created a task."""
        ...

    def hold(self, provider: str, hold: Hold) -> AccountWrite: ...


class CheckQueue(Protocol):
    """Delays over 900 s are cut to that, SQS's maximum; the check then queues itself again."""

    def add(self, check: Check, *, delay: int) -> None: ...

    def add_probe(self, probe: Probe, *, delay: int) -> None:
        """Have an account probed; ``delay`` is 900 s at most."""
        ...


class ArchiveQueue(Protocol):
    def add(self, job_id: JobId, *, attempt: int = 1, delay: int = 0) -> None: ...


class ThumbnailQueue(Protocol):
    def add(self, job_id: JobId, numbers: Sequence[int]) -> None:
        """Have thumbnails made of the images with these numbers, at least one."""
        ...


class DropQueue(Protocol):
    def go_on(self, drop: Drop, *, delay: int = 0) -> None:
        """Queue the rest of a drop, behind the messages already in the queue."""
        ...

    def retry(self, rows: RowsToRetry, *, delay: int = 0) -> None:
        """Have the failed jobs of a drop made again. Raises ``TryAgain``."""
        ...


class SummaryQueue(Protocol):
    def add(self, drop: Drop, *, delay: int) -> None: ...


class DropProgress(Protocol):
    """Stores how far each drop has been read."""

    def read(self, drop: Drop) -> Progress | None: ...

    def advance(self, drop: Drop, *, seen: Progress | None, to: Progress, at: datetime) -> bool:
        """Record progress if the stored one is still ``seen``; return whether it was."""
        ...

    def finish(self, finished: FinishedDrop) -> None:
        """Record, once, that all jobs of a drop are final."""
        ...


class DropStore(Protocol):
    """The drop bucket; receipts and summaries are written to it as well."""

    def describe(self, drop: Drop) -> DropFacts | None:
        """Return the drop's time, size and metadata, ``None`` if it was deleted.

        Raises ``SheetRefused`` if it can't be read.
        """
        ...

    def read(self, drop: Drop, *, most: int) -> bytes:
        """Return the first ``most`` bytes."""
        ...

    def parts(self, drop: Drop, *, start: int) -> Iterator[bytes]:
        """Yield the bytes from offset ``start`` on, in parts of a bounded size."""
        ...

    def newest(self, key: str, *, most: int) -> bytes | None:
        """Return the first ``most`` bytes of the newest version, ``None`` if there is none."""
        ...

    def put_receipts(self, drop: Drop, lines: bytes, *, seen: Progress, to: Progress) -> None:
        """Keep the lines of the rows before ``seen`` and append those of the rows up to ``to``.

        Does nothing if the stored receipts cover more of the drop, or a newer version of it.
        """
        ...

    def receipts(self, drop: Drop, *, after: int) -> Iterator[Mapping[str, Any]]:
        """Yield the stored receipts behind the first ``after`` ones, line by line.

        None if they are of another version. A line that can't be read is empty.
        """
        ...

    def settled(self, drop: Drop) -> Settled:
        """Return what both the receipts for people and the summary have settled."""
        ...

    def put_table(
        self,
        drop: Drop,
        content: Iterable[bytes],
        *,
        made_at: datetime,
        before: Settled,
        settled: Callable[[], Settled],
    ) -> None:
        """Write the receipts for people: what was settled ``before``, and ``content`` behind it.

        ``settled`` is asked once ``content`` was read to its end. Nothing is written if the same,
        or the receipts of a newer version, are stored. Raises ``TryAgain`` if what was settled has
        been replaced meanwhile.
        """
        ...

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
        """Write the summary in the same way; its ``results`` come behind those settled ``before``.

        They are JSON with the separators between them. When the summary was updated makes no
        difference.
        """
        ...


class RowReader(Protocol):
    """Reads the rows of a drop. Raises ``SheetRefused`` where it cannot continue."""

    def check(self, drop: Drop, facts: DropFacts, progress: Progress) -> Iterator[Progress]:
        """Check the file as a whole, before its first row is read; yield how far it came."""
        ...

    def __call__(self, drop: Drop, facts: DropFacts, progress: Progress) -> Iterator[Row]:
        """Yield the rows from ``progress`` on."""
        ...

    def prompt_in(self, request: bytes) -> str:
        """Return the prompt of a request, however wrong the rest of it is."""
        ...


class InputImages(Protocol):
    def inspect(self, key: str, *, version: str | None = None) -> DroppedObject | None:
        """Return the first bytes of an object in the drop bucket, ``None`` if it doesn't exist.

        Without a version it is the newest one.
        """
        ...

    def copy(self, key: str, version: str, *, into: BinaryIO) -> None:
        """Copy a version of an object into a file. Raises ``InputImageRefused`` if it is gone."""
        ...


class InputRules(Protocol):
    """Which images providers accept. Both return what is wrong; empty if nothing is."""

    def fault_of(self, head: bytes, size: int) -> str:
        """Judge an image by its first bytes, and its size in bytes."""
        ...

    def damage_of(self, content: BinaryIO, size: int) -> str:
        """Judge all of an image of one of the formats."""
        ...


class RateWindow(Protocol):
    def take(
        self,
        provider: str,
        *,
        at: datetime,
        slot: int | None,
        low_priority: LowPriority | None = None,
    ) -> Turn:
        """Take the next free slot, or keep ``slot``, one taken earlier, if it is still valid.

        Low-priority work gets none while more than its share of the window is reserved.
        """
        ...

    def was_slow(self, provider: str, *, asked_at: datetime, at: datetime) -> None:
        """Move the call that was counted at ``asked_at`` to ``at``, on a best-effort basis.

        Less than a second does not matter while less than half of the window is used.
        """
        ...

    def pause(self, provider: str, *, at: datetime) -> None:
        """Let no call through for one whole window, after the provider answered "too fast"."""
        ...


class ProviderClient(Protocol):
    """Calls one provider's API. ``use_cases.providers.Provider`` describes the provider."""

    def prepare(self) -> None:
        """Fetch the credentials that a call needs, so that only the call itself can fail.

        Raises ``NotConfigured``, or ``ProviderUnavailable`` when it is worth another try later.
        """
        ...

    def create_task(self, job: Job, callback_url: str) -> Submission:
        """Create a task: the call that costs money. It is made once and never retried.

        It ends within ``MAX_CALL`` seconds (``submit_job``). A call that could not be made, for
        want of credentials too, is a refusal; only the outcome of one that was made can be unknown.
        """
        ...

    def probe(self) -> ProbeAnswer:
        """Ask something that costs nothing; tell whether the account may be good again.

        Raises ``NotConfigured`` or ``ProviderUnavailable`` if it is not, as far as one can tell.
        """
        ...

    def read_tasks(self, task_ids: Sequence[ProviderTaskId]) -> Mapping[ProviderTaskId, TaskReport]:
        """Read at most ``max_batch_size`` tasks; those not visible (yet) are left out.

        Raises ``TaskUnreadable`` if the provider itself answered, and with nothing about these
        tasks; otherwise ``ProviderUnavailable``, or ``NotConfigured``.
        """
        ...

    def fresh_links(self, job: Job, number: int) -> Iterable[str]:
        """Yield other links to the job's result of that number, counted from 1.

        The provider is called for each link only when it is needed. Raises
        ``ProviderUnavailable`` when it is worth another try later.
        """
        ...


class TokenStore(Protocol):
    """One provider's access token, shared by all functions."""

    def read(self) -> AccessToken | None: ...

    def lease(
        self, lease: str, *, instead_of: AccessToken | None, at: datetime, until: datetime
    ) -> bool:
        """Take the lease to fetch a token if it is free and ``instead_of`` is still the token.

        ``lease`` is random. The same one again is not another: the SDK may have repeated the write.
        """
        ...

    def put(self, token: AccessToken, *, lease: str) -> None:
        """Store a token and end the lease; do nothing if the lease was lost meanwhile."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackReport:
    """``proven``: the provider's own signature covers the task id."""

    report: TaskReport
    proven: bool


class CallbackReader(Protocol):
    def read(self, headers: dict[str, str], body: bytes, *, now: datetime) -> CallbackReport:
        """Verify, then read. ``headers`` have lower-case names.

        Raises ``SignatureRejected`` or ``MalformedCallback``, whatever the request contains.
        """
        ...


class Downloader(Protocol):
    def fetch(self, url: str, into: BinaryIO, *, within: float) -> ImageFacts:
        """Replace the content of ``into`` with the image, damaged or not, and rewind it.

        ``within`` is the time limit in seconds, redirects included. Raises ``AddressRefused``,
        ``ImageRefused`` or ``LinkDead``; ``NotAnImage`` if it has other bytes now;
        ``TransferInterrupted``, whose ``part`` describes what it has if that is part of an image.
        """
        ...

    def inspect(self, content: BinaryIO) -> ImageFacts:
        """Read what was stored before, and rewind it. Raises ``NotAnImage``."""
        ...


class ImageStore(Protocol):
    def put_image(
        self, job_id: JobId, number: int, content: BinaryIO, facts: ImageFacts
    ) -> StoredObject:
        """Store the image, or return the one that is stored already: it is never overwritten.

        Raises ``TransferInterrupted``.
        """
        ...

    def find_image(self, job_id: JobId, number: int) -> StoredObject | None:
        """Return the stored image of that number, whether the job has a record of it or not."""
        ...

    def put_quarantined(
        self, job_id: JobId, number: int, content: BinaryIO, remains: Remains
    ) -> str:
        """Store bytes that are no image, as inert data, and return their key.

        Other bytes have another key; the same bytes are stored once.
        """
        ...

    def read_object(self, key: str, into: BinaryIO) -> bool:
        """Copy a stored object into a file and rewind it; tell whether the object exists."""
        ...

    def put_record(self, job_id: JobId, record: dict[str, Any]) -> str:
        """Write ``job.json`` beside the images and return its key."""
        ...

    def let_expire(self, keys: Iterable[str]) -> None:
        """Have objects of the canary's job deleted after a day."""
        ...


class ThumbnailStore(Protocol):
    def read_image(self, key: str, into: BinaryIO) -> None:
        """Copy a stored image into a file and rewind it."""
        ...

    def put_thumbnail(self, job_id: JobId, number: int, content: bytes) -> str:
        """Store a WebP beside the image and return its key. Safe to repeat."""
        ...

    def let_expire(self, keys: Iterable[str]) -> None:
        """Have objects of the canary's job deleted after a day."""
        ...
