"""Open an upload: a form that takes one image of one client, or the word that it is there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ringback.domain.uploads import (
    FORM_LIFETIME,
    MIN_LEFT,
    Form,
    OpenedUpload,
    StoredUpload,
    Upload,
)


class Uploads(Protocol):
    def url_of(self, upload: Upload) -> str: ...

    def stored(self, upload: Upload) -> StoredUpload | None:
        """Return the newest version, ``None`` if there is none."""
        ...

    def form(self, upload: Upload, *, lifetime: timedelta) -> Form:
        """Return a form that takes nothing but this image."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenUpload:
    """Safe to repeat: nothing is stored before the form is sent. ``kept`` is as long as S3 does."""

    uploads: Uploads
    kept: timedelta
    now: Callable[[], datetime]

    def __call__(self, upload: Upload) -> OpenedUpload:
        at, image = self.now(), self.uploads.url_of(upload)
        stored = self.uploads.stored(upload)
        if stored and _is(stored, upload) and stored.made_at + self.kept - at >= MIN_LEFT:
            return OpenedUpload(image=image, kept_until=stored.made_at + self.kept)
        return OpenedUpload(
            image=image,
            kept_until=at + self.kept,
            form=self.uploads.form(upload, lifetime=FORM_LIFETIME),
            expires_at=at + FORM_LIFETIME,
        )


def _is(stored: StoredUpload, upload: Upload) -> bool:
    return (stored.size, stored.content_type) == (upload.size, upload.content_type)
