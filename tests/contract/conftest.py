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
    """Copy and shrink images in memory: ten thousand jobs would mostly wait for the disk."""
    with pytest.MonkeyPatch.context() as patch:
        for user in ("copy_image", "make_thumbnail"):
            patch.setattr(f"ringback.use_cases.{user}.TemporaryFile", io.BytesIO)
        yield
