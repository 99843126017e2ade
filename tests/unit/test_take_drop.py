from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from ringback.catalogue.requests import read_request
from ringback.domain.drops import Drop
from ringback.domain.errors import NotConfigured
from ringback.domain.jobs import Job, JobStatus
from ringback.use_cases.take_drop import MOST_BYTES, TakeDrop

from tests.support.desk import CREATED, Desk, answering

DROP = Drop(bucket="drops", key="requests/a kite.json", version="v1")
REQUEST = b'{"model": "bytedance/seedream-v4-text-to-image", "input": {"prompt": "a red kite"}}'


@dataclass
class Drops:
    """A drop bucket in memory, and the desk that its jobs are accepted at."""

    desk: Desk = field(default_factory=lambda: answering(Desk(), CREATED, CREATED))
    bodies: dict[Drop, bytes] = field(default_factory=dict)
    receipts: dict[Drop, list[dict[str, Any]]] = field(default_factory=dict)

    def read(self, drop: Drop, *, most: int) -> bytes | None:
        body = self.bodies.get(drop)
        return None if body is None else body[:most]

    def put_receipt(self, drop: Drop, receipt: dict[str, Any]) -> None:
        self.receipts.setdefault(drop, []).append(receipt)

    def __call__(self, body: bytes | None = None, drop: Drop = DROP) -> Job | None:
        if body is not None:
            self.bodies[drop] = body
        take = TakeDrop(
            drops=self, read_request=read_request, accept=self.desk.acceptor, client="drop"
        )
        return take(drop)


def test_a_dropped_request_becomes_a_job_and_gets_its_receipt() -> None:
    drops = Drops()
    job = drops(REQUEST)
    assert job is not None
    assert (job.status, job.client) == (JobStatus.RUNNING, "drop")
    assert drops.receipts == {DROP: [{"job_id": job.job_id}]}


def test_a_repeated_event_makes_no_second_job() -> None:
    drops = Drops()
    assert drops(REQUEST) == drops()
    assert len(drops.desk.provider.created) == 1


def test_the_same_file_dropped_again_is_another_job() -> None:
    drops = Drops()
    first = drops(REQUEST)
    second = drops(REQUEST, replace(DROP, version="v2"))
    assert first != second
    assert len(drops.desk.provider.created) == 2


def test_a_wrong_request_gets_its_answer_where_the_person_looks() -> None:
    drops = Drops()
    assert drops(b'{"model": "bytedance/seedream-v4-edit", "input": {"n": 1}, "x": 1}') is None
    ((receipt,),) = drops.receipts.values()
    fields = {error["field"] for error in receipt["errors"]}
    assert fields == {"x", "input.n", "input.prompt", "input.image_urls"}
    assert drops.desk.provider.created == []


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[]", b" " * (MOST_BYTES + 1)])
def test_a_file_that_is_no_request_says_so(body: bytes) -> None:
    drops = Drops()
    assert drops(body) is None
    assert drops.receipts[DROP][0]["errors"][0]["message"]


def test_a_file_that_is_gone_is_nothing() -> None:
    drops = Drops()
    assert drops() is None
    assert drops.receipts == {}


def test_our_own_failure_leaves_the_drop_for_another_delivery() -> None:
    drops = Drops()
    drops.desk.provider.not_ready = NotConfigured("no key yet")
    with pytest.raises(NotConfigured):
        drops(REQUEST)
    assert drops.receipts == {}
