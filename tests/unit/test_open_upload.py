from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from ringback.domain.drops import MAX_KEY_BYTES, Drop, makes_jobs
from ringback.domain.uploads import (
    FORM_LIFETIME,
    Form,
    OpenedUpload,
    StoredUpload,
    Upload,
    may_use,
    prefix_of,
)
from ringback.use_cases.open_upload import OpenUpload

from tests.support.jobs import NOON

UPLOAD = Upload(client="studio", sha256="5e" * 32, size=9, content_type="image/png")
STORED = StoredUpload(size=9, content_type="image/png", made_at=NOON)
KEPT = timedelta(days=7)
# Names of clients that would reach into each other's prefixes if they stood there as they are.
NAMES = (
    *("studio", "Studio", "studio/", "studio/a", "../studio", ".", "..", "/", " studio", "%2e"),
    *("caf\u00e9", "cafe\u0301", "\u212aate", "Kate", "s" * 100, "\U0001f98a" * 100),
)


@dataclass
class Uploads:
    """A bucket with one upload, or none."""

    found: StoredUpload | None = None

    def url_of(self, upload: Upload) -> str:
        return f"s3://drops/{upload.key}"

    def stored(self, upload: Upload) -> StoredUpload | None:
        return self.found

    def form(self, upload: Upload, *, lifetime: timedelta) -> Form:
        return Form(f"for {lifetime}", {"key": upload.key})


def opened(found: StoredUpload | None, *, after: timedelta = timedelta()) -> OpenedUpload:
    return OpenUpload(uploads=Uploads(found), kept=KEPT, now=lambda: NOON + after)(UPLOAD)


def test_an_image_that_is_not_there_gets_a_form() -> None:
    assert opened(None) == OpenedUpload(
        image=f"s3://drops/{UPLOAD.key}",
        kept_until=NOON + KEPT,
        form=Form(f"for {FORM_LIFETIME}", {"key": UPLOAD.key}),
        expires_at=NOON + FORM_LIFETIME,
    )


def test_an_image_that_is_there_gets_none() -> None:
    found = opened(STORED, after=timedelta(days=2))
    assert found == OpenedUpload(image=f"s3://drops/{UPLOAD.key}", kept_until=NOON + KEPT)


def test_an_image_that_is_about_to_expire_is_uploaded_again() -> None:
    last_hour = KEPT - timedelta(hours=1)
    assert opened(STORED, after=last_hour).form is None
    late = opened(STORED, after=last_hour + timedelta(seconds=1))
    assert late.form
    assert late.kept_until == NOON + last_hour + timedelta(seconds=1) + KEPT


@pytest.mark.parametrize("other", [{"size": 8}, {"content_type": "image/webp"}])
def test_what_is_there_otherwise_is_uploaded_again(other: dict[str, object]) -> None:
    assert opened(replace(STORED, **other)).form  # type: ignore[arg-type]


def test_no_name_reaches_into_another_client_s_prefix() -> None:
    prefixes = {prefix_of(name) for name in NAMES}
    assert len(prefixes) == len(NAMES)
    for name in NAMES:
        key = replace(UPLOAD, client=name).key
        assert [each for each in prefixes if key.startswith(each)] == [prefix_of(name)]


def test_a_key_is_ascii_without_dots_and_short_enough() -> None:
    for name in NAMES:
        key = replace(UPLOAD, client=name).key
        assert key.isascii()
        assert key.replace("/", "").isalnum()
        assert len(key) <= MAX_KEY_BYTES // 2


def test_an_upload_is_for_its_own_client_and_all_else_for_all() -> None:
    assert may_use(UPLOAD.key, "studio")
    assert not may_use(UPLOAD.key, "shop")
    assert not may_use("uploads/kite.png", "studio")
    assert may_use("kites/uploads/kite.png", "studio")


def test_an_upload_would_make_no_job_even_if_it_were_taken_for_a_drop() -> None:
    assert not makes_jobs(Drop(bucket="drops", key=UPLOAD.key, version="v1"))
