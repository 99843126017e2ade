"""Uploads of input images."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedUpload:
    """A form for the bucket, until ``expires_at``; without one the image is there already."""

    image: str
    uploaded: bool
    url: str | None
    fields: Mapping[str, str] | None = field(repr=False)
    expires_at: datetime | None
    kept_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """``image`` is the URL for an input; new jobs can use it until ``kept_until``."""

    image: str
    kept_until: datetime
