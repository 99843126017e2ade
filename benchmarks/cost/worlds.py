"""What a job needs around it: a simulated AWS, a provider on loopback, and time that passes."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from typing import Final
from zlib import crc32

import boto3
import pytest
from PIL import Image
from ringback.aws.live_items import FollowerTable
from ringback.domain.live import Connection
from ringback.providers.registry import PROVIDERS

from benchmarks.cost.metering import Invocation, Meter
from benchmarks.cost.one_job import HOOK, Case, World
from benchmarks.cost.prices import (
    DOWNLOAD_MS,
    PROVIDER_MS,
    RECEIVER_MS,
)
from tests.support.aws import a_cloud
from tests.support.lambdas import use_lasting_clients
from tests.support.loopback_provider import (
    CREATE,
    RECORD,
    ReceivedRequest,
    a_loopback_provider,
)
from tests.support.provider_apis import HASHES

WAITS: Final = {CREATE: PROVIDER_MS, RECORD: PROVIDER_MS, HOOK: RECEIVER_MS}


class Requests(list[ReceivedRequest]):
    """The provider's requests: each has taken its time once it is answered."""

    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self._meter = meter

    def append(self, request: ReceivedRequest) -> None:
        super().append(request)
        is_image = request.path not in WAITS
        self._meter.wait(WAITS.get(request.path, DOWNLOAD_MS), for_image=is_image)


@contextmanager
def a_world(case: Case) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch, a_loopback_provider() as provider:
        use_lasting_clients(patch)
        with a_cloud(patch) as cloud:
            settings = {f"{name.upper()}_BASE_URL": provider.url for name in PROVIDERS}
            settings["PLAIN_HTTP_HOSTS"] = provider.address
            if not case.thumbnails:
                settings["THUMBNAIL_QUEUE_URL"] = ""
            meter = Meter(cloud, patch, settings)
            meter.start()
            provider.requests = Requests(meter)
            world = World(case, cloud, meter, provider)
            provider.answers |= {path: (200, picture(path)) for path in world.paths}
            provider.answers[HOOK] = (200, b"")
            meter.on_change = world.changed
            prepare(world)
            yield world


def prepare(world: World) -> None:
    at = world.meter.clock()
    world.cloud.put_secret(world.cloud.client_keys_secret, HASHES)
    if world.case.has_webhook:
        boto3.client("dynamodb").put_item(
            TableName=world.cloud.table, Item={"job_id": {"S": "receiver#studio#default"}}
        )
    if world.case.is_followed:
        connection = Connection(id="L0SM9cOFvHcCIhw=", opened_at=at)
        FollowerTable.connect(world.cloud.table).add("studio", connection, at=at)


@cache
def picture(path: str) -> bytes:
    """Return a small picture, another one for each path; the formula assumes 5 MB."""
    content = BytesIO()
    Image.new("RGB", (40, 30), (crc32(path.encode()) % 256, 0, 0)).save(content, "PNG")
    return content.getvalue()


def run(case: Case) -> tuple[list[Invocation], list[Invocation]]:
    """Return the invocations of a job: of the first of new containers, and of warm ones."""
    with a_world(case) as world:
        first, warm = world.run()
        return first, warm
