"""Dropped files, their bad rows and receipts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RetriedDrop:
    source: str
    status: str
    requested_at: datetime
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropEstimate:
    is_estimate: bool
    credits_low: float | None
    credits_high: float | None
    rows_without_price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A dropped file; ``jobs`` counts its jobs by state, as of ``updated_at``."""

    file: str
    version: str
    dropped_at: datetime | None
    kind: str
    dry_run: bool
    state: str
    rows: int
    bad_rows: int
    fault: str | None
    jobs: Mapping[str, Any]
    credits: float | None
    jobs_without_credits: int | None
    estimate: DropEstimate | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropPage:
    drops: tuple[Drop, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    field: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """``row`` is None if it is about the whole file."""

    row: int | None
    prompt: str | None
    errors: tuple[RowError, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The link expires."""

    key: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropDetails(Drop):
    """``cursor`` is for more bad rows, None if there are none."""

    bad: tuple[BadRow, ...]
    cursor: str | None
    receipts: tuple[Receipt, ...]
