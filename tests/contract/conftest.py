"""Fixtures of the contract tests."""

import io
from collections.abc import Iterator

import boto3
import pytest

from tests.support.aws import Cloud, a_cloud
from tests.support.lambdas import lasting_client


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setattr(boto3, "client", lasting_client)
    with a_cloud(monkeypatch) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def copies_in_memory() -> Iterator[None]:
    """Copy images through memory: ten thousand jobs would mostly wait for the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ringback.use_cases.copy_image.TemporaryFile", io.BytesIO)
        yield
