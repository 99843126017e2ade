"""Fixtures of the exhaustive tests."""

import io
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def copies_in_memory() -> Iterator[None]:
    """Copy images through memory: ten thousand jobs would mostly wait for the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ringback.use_cases.archive_images.TemporaryFile", io.BytesIO)
        yield
