"""Files that were dropped into the drop bucket."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from unicodedata import normalize

from ringback.domain.clock import EPOCH
from ringback.domain.errors import FieldError
from ringback.domain.job_ids import RANDOM_BYTES, new_job_id, parts_of
from ringback.domain.jobs import JobId

S3: Final = "s3://"
# Receipts and summaries are written under it; nothing there is a drop or an input image.
RECEIPTS: Final = "receipts/"
# Clients' own images, each for the client that uploaded it (domain/uploads.py).
UPLOADS: Final = "uploads/"
# What is below these is never a drop. S3's filters of notifications can't leave it out.
NOT_DROPS: Final = (RECEIPTS, UPLOADS)
# S3's own name for the only version of an object in a bucket without versioning.
NO_VERSION: Final = "null"
MAX_KEY_BYTES: Final = 1024  # S3's own limit, in UTF-8
REQUESTS: Final = "requests/"
RECIPES: Final = "recipes/"
# The formats that providers accept as input.
PHOTO_SUFFIXES: Final = ("jpg", "jpeg", "png", "webp")
_S3_URL: Final = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.+)", re.DOTALL)
_DRY_RUN: Final = "dry-run"
_RECEIPT, _TABLE, _SUMMARY = ".jsonl", ".csv", ".summary.json"
_LONGEST: Final = max(_RECEIPT, _TABLE, _SUMMARY, key=len)
# The part of an id's random bytes that a hash of the drop fills. The row comes before it, so that
# ids sort by row.
_HASH_BYTES: Final = 6
_PHOTO: Final = rf"\.(?i:{'|'.join(PHOTO_SUFFIXES)})"
# How alike two names must be for one to be taken for the other misspelt, from 0 to 1.
_ALIKE: Final = 0.8
# A drop's place in its client's list: a ULID of its time, and the drop's fingerprint.
PLACE: Final = "[0-9a-z]{26}#[0-9a-f]{64}"
# The first byte of the row's part counts how often its job was made again: no sheet has 2**24 rows
# that make jobs (``MAX_SHEET_BYTES`` in sheets/rows.py).
_TIMES_AT: Final = 8 * (RANDOM_BYTES - 1)
MAX_TIMES: Final = 255


class Kind(StrEnum):
    """The kind of a dropped file, which follows from its key."""

    REQUEST = "request"
    CSV = "csv"
    JSONL = "jsonl"
    RECIPE = "recipe"
    PHOTO = "photo"
    # In a folder of its own: it makes no job, but requests may use it.
    IMAGE = "image"
    UNKNOWN = "unknown"


# Tried in this order. Folders are case-sensitive, as S3's keys are; extensions are not.
_KINDS: Final[Mapping[Kind, re.Pattern[str]]] = {
    Kind.REQUEST: re.compile(rf"{REQUESTS}.+\.(?i:json)", re.DOTALL),
    Kind.JSONL: re.compile(rf"{REQUESTS}.+\.(?i:jsonl|ndjson)", re.DOTALL),
    # Excel's "Unicode Text" is a .txt with tabs.
    Kind.CSV: re.compile(rf"{REQUESTS}.+\.(?i:csv|tsv|txt)", re.DOTALL),
    Kind.RECIPE: re.compile(rf"{RECIPES}[^/]+/recipe\.json"),
    Kind.PHOTO: re.compile(rf"{RECIPES}[^/]+/.+{_PHOTO}", re.DOTALL),
    Kind.IMAGE: re.compile(rf"[^/]+/.+{_PHOTO}", re.DOTALL),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """One version of one object; uploading a file again makes another drop."""

    bucket: str
    key: str
    version: str

    @property
    def kind(self) -> Kind:
        matching = (kind for kind, form in _KINDS.items() if form.fullmatch(self.key))
        kind = next(matching, Kind.UNKNOWN)
        return Kind.UNKNOWN if kind is Kind.IMAGE and self.folder_meant else kind

    @property
    def folder_meant(self) -> str:
        """``requests/`` or ``recipes/``, if the file's first folder is either or a misspelling."""
        from difflib import get_close_matches  # with the first misplaced file

        usual = self.key.partition("/")[0].strip(" _-").lower()
        close = get_close_matches(f"{usual}/", (REQUESTS, RECIPES), n=1, cutoff=_ALIKE)
        return close[0] if close else ""

    @property
    def marks(self) -> tuple[str, ...]:
        """The parts of the file's name between its first and its last dot, in lower case."""
        return tuple(self.key.rpartition("/")[2].lower().split(".")[1:-1])

    @property
    def is_dry_run(self) -> bool:
        """Tell whether the file is only checked: ``requests/x.dry-run.csv``."""
        return _DRY_RUN in self.marks

    @property
    def is_versioned(self) -> bool:
        """Tell whether the object can't be replaced while it is read."""
        return self.version != NO_VERSION

    @property
    def is_sheet(self) -> bool:
        return self.kind in (Kind.CSV, Kind.JSONL)

    @property
    def is_folder(self) -> bool:
        """Tell whether it is the placeholder that the S3 console creates for an empty folder."""
        return self.key.endswith("/")

    @property
    def url(self) -> str:
        return f"{S3}{self.bucket}/{self.key}"

    @property
    def recipe_key(self) -> str:
        """The key of the recipe that a photo is for."""
        return "/".join([*self.key.split("/")[:2], "recipe.json"])

    @property
    def fingerprint(self) -> str:
        name = "\0".join((self.bucket, self.key, self.version))
        return hashlib.sha256(name.encode()).hexdigest()

    @property
    def receipt_key(self) -> str:
        """The key of the receipts: JSON Lines, one line per row."""
        return self._beside(_RECEIPT)

    @property
    def table_key(self) -> str:
        """The key of the receipts for people: CSV, one row per row."""
        return self._beside(_TABLE)

    @property
    def summary_key(self) -> str:
        """The key of the summary: one JSON object."""
        return self._beside(_SUMMARY)

    def _beside(self, ending: str) -> str:
        # All three or none: whoever finds one looks for the others beside it.
        fits = len(f"{RECEIPTS}{self.key}{_LONGEST}".encode()) <= MAX_KEY_BYTES
        return f"{RECEIPTS}{self.key if fits else self.fingerprint}{ending}"

    def job_id(self, row: int, *, made_at: datetime) -> JobId:
        """Return the id of a row's job. It is the same on every call."""
        digest = bytes.fromhex(self.fingerprint)[:_HASH_BYTES]
        return new_job_id(made_at, row.to_bytes(RANDOM_BYTES - _HASH_BYTES) + digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class DropFacts:
    """``size`` is in bytes; ``metadata`` is the object's user metadata (``x-amz-meta-*``)."""

    made_at: datetime
    size: int
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedObject:
    """A version of an object: its first bytes, and its size in bytes."""

    version: str
    head: bytes
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedJob:
    """The fields of a job that come from its dropped file; see ``Job``."""

    job_id: JobId
    source: str
    row: int | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a drop has been read: ``row`` is the next one, which begins at ``offset``.

    ``row`` counts from 1, ``offset`` in bytes; both start at the first row of data. Before that,
    all of a sheet is checked to be text in its ``encoding``: ``checked`` is how many bytes were,
    ``checked_lines`` how many lines. ``fault`` is why the rest cannot be read. ``owner`` is the
    client that the file is of, empty if a version before this field has begun it.
    """

    made_at: datetime
    row: int = 1
    offset: int = 0
    encoding: str = ""
    checked: int = 0
    checked_lines: int = 0
    bad_rows: int = 0
    credits_low: Decimal = Decimal(0)
    credits_high: Decimal = Decimal(0)
    without_price: int = 0
    fault: str = ""
    done: bool = False
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDrop:
    """A drop as it is recorded; ``summary`` is the last one, ``None`` while jobs are open.

    ``place`` is where it stands in its client's list; empty if it was not read from there.
    """

    drop: Drop
    progress: Progress
    summary: Mapping[str, Any] | None = None
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What is written of the rows before ``row``, none of which changes any more.

    ``table_bytes`` are at the beginning of the receipts for people, ``results_bytes`` at that of
    the summary's results. ``jobs`` counts their jobs by state, ``with_credits`` those whose
    ``credits`` are known. ``client`` owns them, ``None`` if there are none.
    """

    row: int = 1
    table_bytes: int = 0
    results_bytes: int = 0
    jobs: Mapping[str, int] = field(default_factory=dict)
    credits: Decimal = Decimal(0)
    with_credits: int = 0
    client: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a sheet, from 1; blank lines and the header are not counted.

    ``end`` is the offset of the next row, in bytes; ``request`` is a body of ``POST /jobs``. A row
    with ``faults`` makes no job; its ``request`` is the part that can be read, perhaps empty.
    ``ignored`` names the metadata that matches no field. A row with a ``note`` is no request.
    """

    number: int
    end: int
    request: bytes = b""
    faults: tuple[FieldError, ...] = ()
    ignored: tuple[str, ...] = ()
    note: str = ""


def makes_jobs(drop: Drop) -> bool:
    is_request = drop.kind not in (Kind.RECIPE, Kind.IMAGE, Kind.UNKNOWN)
    return is_request and not drop.is_dry_run and drop.is_versioned


def prompt_of(given: Mapping[str, Any]) -> str:
    """Return the prompt in a request's input, by either provider's name; empty if there is none."""
    prompts = (given.get(name) for name in ("prompt", "ref_prompt"))
    return next((prompt for prompt in prompts if isinstance(prompt, str)), "")


def spellings(key: str) -> list[str]:
    """Return the key, and the same with its accents composed and decomposed, the likeliest first.

    Systems differ in how they write them, and S3 compares bytes. What cannot be a key is left out:
    longer ones, and half a surrogate pair, which no UTF-8 has.
    """
    forms = dict.fromkeys((key, normalize("NFC", key), normalize("NFD", key)))
    return [each for each in forms if _can_be_key(each)]


def _can_be_key(text: str) -> bool:
    try:
        return len(text.encode()) <= MAX_KEY_BYTES
    except UnicodeEncodeError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsToRetry:
    """A client's request to make the failed jobs of a dropped file again.

    ``newest`` is the newest job of the file when it was requested; it tells which version of the
    file is meant. Jobs are taken newest first, those ``before`` an id next. ``made`` counts the new
    ones, which are sent one after the other from ``requested_at`` on.
    """

    source: str
    client: str
    newest: JobId
    requested_at: datetime
    before: JobId | None = None
    made: int = 0


def job_id_again(job_id: JobId) -> JobId | None:
    """Return the id of the job that a failed one is made again as, the same on every call.

    ``None`` if that has been done too often. All jobs of a drop share the time and the hash in
    their ids, the new ones too.
    """
    milliseconds, randomness = parts_of(job_id)
    if randomness[0] == MAX_TIMES:
        return None
    again = int.from_bytes(randomness) + (1 << _TIMES_AT)
    made_at = EPOCH + timedelta(milliseconds=milliseconds)
    return new_job_id(made_at, again.to_bytes(RANDOM_BYTES))


def is_older_drop(job_id: JobId, than: JobId) -> bool:
    """Tell whether a job is of an object that was uploaded before that of another job."""
    return parts_of(job_id)[0] < parts_of(than)[0]


def is_same_drop(one: JobId, other: JobId) -> bool:
    """Tell whether two jobs are of the same version of the same object."""
    (one_at, one_hash), (other_at, other_hash) = parts_of(one), parts_of(other)
    return one_at == other_at and one_hash[-_HASH_BYTES:] == other_hash[-_HASH_BYTES:]


def bucket_and_key(url: str) -> tuple[str, str]:
    """Split ``s3://bucket/key``. The key is taken literally, not percent-decoded.

    Raises ``ValueError``.
    """
    found = _S3_URL.fullmatch(url)
    if found is None:
        raise ValueError("not s3://bucket/key")
    return found[1], found[2]
