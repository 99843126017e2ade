"""Every read that a decision rests on is consistent: DynamoDB's default may be seconds old.

moto always answers with the newest item, so that only the request shows the difference.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any, Final

import pytest
from ringback.aws import clients
from ringback.aws.deliveries import DeliveryTable
from ringback.aws.drop_progress import DropProgressTable
from ringback.aws.job_table import JobTable
from ringback.aws.live_items import FollowerTable, MissedTable
from ringback.aws.rate_window import RateWindowTable
from ringback.aws.receivers import ReceiverTable, WebhookClientTable
from ringback.aws.shared_token import SharedToken
from ringback.aws.told_marks import ToldTable
from ringback.domain.drops import Drop
from ringback.domain.errors import IdempotencyConflict
from ringback.domain.pace import SHEETS, Pace

from tests.support.aws import a_cloud
from tests.support.jobs import NOON, a_job, a_job_id, a_request

DROP: Final = Drop(bucket="drops", key="requests/kites.csv", version="1")

Reads = list[tuple[str, Any]]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reads]:
    """Yield the reads of items by key, each with whether it is consistent."""
    seen: Reads = []
    with a_cloud(monkeypatch) as cloud:
        assert cloud.table == "jobs"
        # A new one, without the listeners of other tests.
        make_client = clients.shared_client.__wrapped__

        def client(service: str, *arguments: Any) -> Any:
            made = make_client(service, *arguments)
            made.meta.events.register("provide-client-params.dynamodb", partial(note, seen))
            return made

        monkeypatch.setattr(clients, "shared_client", client)
        yield seen


def note(seen: Reads, params: dict[str, Any], model: Any, **_: Any) -> None:
    if model.name == "GetItem":
        seen.append((model.name, params.get("ConsistentRead")))
    if model.name == "BatchGetItem":
        (table,) = params["RequestItems"].values()
        seen.append((model.name, table.get("ConsistentRead")))


def test_who_follows_and_what_is_kept_is_read_as_last_written(reads: Reads) -> None:
    FollowerTable.connect("jobs").of("studio", at=NOON)
    MissedTable.connect("jobs").since("studio", NOON, at=NOON)
    assert reads == [("GetItem", True), ("BatchGetItem", True)]


def test_jobs_are_read_as_last_written(reads: Reads) -> None:
    jobs = JobTable.connect("jobs")
    job = a_job(idempotency_key="key")
    jobs.create(job)
    jobs.create(a_job(number=1, idempotency_key="key"))
    other = a_job(number=2, idempotency_key="key", request=a_request(seed=2))
    with pytest.raises(IdempotencyConflict):
        jobs.create(other)
    jobs.get(job.job_id)
    jobs.with_key(job.client, "key")
    jobs.find([job.job_id, a_job_id(9)])
    jobs.newest(job.client, limit=9, before=None)
    assert {name for name, _ in reads} == {"GetItem", "BatchGetItem"}
    assert all(is_consistent for _, is_consistent in reads), reads


def test_progress_tokens_and_slots_are_read_as_last_written(reads: Reads) -> None:
    DropProgressTable.connect("jobs").read(DROP)
    ToldTable.connect("jobs").changes_told(a_job_id())
    SharedToken.connect("jobs", "chanjing").read()
    window = RateWindowTable.connect("jobs", {"kie": Pace(limit=2, seconds=10)})
    window.take("kie", at=NOON, slot=None, low_priority=SHEETS)
    window.take("kie", at=NOON, slot=10**9)
    window.was_slow("kie", asked_at=NOON, at=NOON + timedelta(seconds=1))
    ReceiverTable.connect("jobs").read("studio", "studio.example")
    WebhookClientTable.connect("jobs").read("studio")
    DeliveryTable.connect("jobs").of(a_job_id())
    assert len(reads) >= 7
    assert all(is_consistent for _, is_consistent in reads), reads
