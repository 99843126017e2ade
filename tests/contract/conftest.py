"""What the exhaustive tests share."""

import io
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def copies_in_memory() -> Iterator[None]:
    """Copy images through memory: waiting for the disk would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ringback.use_cases.archive_images.TemporaryFile", io.BytesIO)
        yield
