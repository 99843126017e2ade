"""Fixtures of the contract tests."""

import io
from collections.abc import Iterator

import pytest

from tests.support.aws import Cloud, a_cloud
from tests.support.lambdas import use_lasting_clients


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    use_lasting_clients(monkeypatch)
    with a_cloud(monkeypatch) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def copies_in_memory() -> Iterator[None]:
    """Copy images through memory: ten thousand jobs would mostly wait for the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ringback.use_cases.copy_image.TemporaryFile", io.BytesIO)
        yield
