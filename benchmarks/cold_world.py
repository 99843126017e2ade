"""What functions find when they start: moto's AWS, a provider, and their settings."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import boto3
import pytest
from PIL import Image
from ringback.aws.job_table import JobTable
from ringback.domain.jobs import Job

from tests.support.aws import Cloud, a_cloud
from tests.support.lambdas import Lambdas, settings_given, use_lasting_clients
from tests.support.loopback_provider import CREATE, LoopbackProvider, a_loopback_provider
from tests.support.posts import ANSWERED

KEY: Final = "rb-key-of-the-studio"
SIZE: Final = (800, 600)


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", SIZE, "red").save(content, "PNG")
    return content.getvalue()


PICTURE: Final = picture()


@dataclass
class World:
    """The cloud, a provider, and the settings of functions in them."""

    lambdas: Lambdas
    provider: LoopbackProvider

    @property
    def cloud(self) -> Cloud:
        return self.lambdas.cloud

    def settings(self, function: str) -> dict[str, str]:
        own = self.lambdas.settings
        return {
            name: own[name] if name in own else self.cloud.setting(name)
            for name in settings_given(function)
        }

    def put(self, job: Job) -> None:
        key = {"job_id": {"S": job.job_id}}
        boto3.client("dynamodb").delete_item(TableName=self.cloud.table, Key=key)
        JobTable.connect(self.cloud.table).create(job)


@contextmanager
def a_world() -> Iterator[World]:
    with (
        pytest.MonkeyPatch.context() as patch,
        a_cloud(patch) as cloud,
        a_loopback_provider() as provider,
    ):
        # The clients of this process: they note what functions that run in it send.
        use_lasting_clients(patch)
        settings = {
            "KIE_BASE_URL": provider.url,
            "KIE_CREATES_PER_WINDOW": "1000",
            "PLAIN_HTTP_HOSTS": provider.address,
            "JOBS_API_URL": provider.url,
        }
        provider.answers["/picture"] = (200, PICTURE)
        provider.answers["/hook"] = (200, b"thanks")
        provider.will_answer(CREATE, ANSWERED)
        cloud.put_secret(cloud.client_keys_secret, {"studio": sha256(KEY.encode()).hexdigest()})
        yield World(Lambdas(cloud, patch, settings), provider)
