"""Images that clients upload as inputs: where they lie, whose they are, and until when."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ringback.domain.drops import UPLOADS

# Enough for the largest image over a slow line. The form is opened again in a moment.
FORM_LIFETIME: Final = timedelta(minutes=15)
# An image that expires sooner is uploaded again: its job is posted in a moment.
MIN_LEFT: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What a client says of an image: ``sha256`` is lower-case hex, ``size`` is in bytes."""

    client: str
    sha256: str
    size: int
    content_type: str

    @property
    def key(self) -> str:
        return f"{prefix_of(self.client)}{self.sha256}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredUpload:
    """The newest version of an upload in the bucket; ``size`` is in bytes."""

    size: int
    content_type: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Form:
    """A form for S3: its fields come first, then ``file``, as multipart/form-data."""

    url: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedUpload:
    """``image`` is the URL that stands in an input; jobs can use it until ``kept_until``.

    Without a ``form`` the bucket has it already; else the form can be sent until ``expires_at``.
    """

    image: str
    kept_until: datetime
    form: Form | None = field(default=None, repr=False)  # as good as a key
    expires_at: datetime | None = None


def prefix_of(client: str) -> str:
    """Return what the keys of a client's uploads begin with.

    A digest, not the name: names may have slashes, dots and accents, which would reach into other
    prefixes, and the links that providers get would tell them.
    """
    return f"{UPLOADS}{hashlib.sha256(client.encode()).hexdigest()}/"


def may_use(key: str, client: str) -> bool:
    """Tell whether an object of the drop bucket may be an input of this client's jobs."""
    return not key.startswith(UPLOADS) or key.startswith(prefix_of(client))
