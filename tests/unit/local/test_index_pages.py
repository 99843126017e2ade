"""A page of an index is read without the rest of its partition, and holds what it held before."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.index_pages import Members, patch

TABLE = {
    "pk_name": "job_id",
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by_client",
            "KeySchema": [
                {"AttributeName": "client", "KeyType": "HASH"},
                {"AttributeName": "job_id", "KeyType": "RANGE"},
            ],
        },
        {
            "IndexName": "by_time",
            "KeySchema": [
                {"AttributeName": "client", "KeyType": "HASH"},
                {"AttributeName": "time", "KeyType": "RANGE"},
            ],
        },
    ],
}
JOBS = st.lists(st.text("abc", min_size=1, max_size=3), unique=True, max_size=12)


class Emulator(ModuleType):
    """The two functions of the emulator: the answer is made of all members of the partition."""

    def __init__(self, jobs: list[str]) -> None:
        super().__init__("dynamodb")
        self.jobs = jobs
        self.evaluated = 0

    def _index_members(self, _table: Mapping[str, Any]) -> Members:
        keys = {(job, "__no_sort__"): None for job in self.jobs}
        return {"by_client": {"one": keys, "two": {}}, "by_time": {"one": keys}}

    def _query(self, request: Mapping[str, Any]) -> tuple[list[str], bool]:
        forward, start = request["ScanIndexForward"], request.get("ExclusiveStartKey")
        client = request["ExpressionAttributeValues"][":value"]["S"]
        members = self._index_members(TABLE)[request["IndexName"]].get(client, {})
        self.evaluated = len(members)
        jobs = sorted((job for job, _ in members), reverse=not forward)
        if start:
            begin = start["job_id"]["S"]
            jobs = [job for job in jobs if (job > begin if forward else job < begin)]
        limit = request.get("Limit", 1000)
        return jobs[:limit], len(jobs) >= limit


def query(emulator: Emulator, **asked: Any) -> tuple[list[str], bool]:
    request = {
        "IndexName": "by_client",
        "KeyConditionExpression": "#field = :value",
        "ExpressionAttributeValues": {":value": {"S": "one"}},
        "ScanIndexForward": False,
    } | asked
    found: tuple[list[str], bool] = emulator._query(request)
    return found


@given(
    jobs=JOBS,
    limit=st.integers(1, 14),
    newest_first=st.booleans(),
    start=st.text("abc", min_size=1, max_size=3) | st.none(),
)
def test_a_page_is_what_it_was(
    *, jobs: list[str], limit: int, newest_first: bool, start: str | None
) -> None:
    asked: dict[str, Any] = {"Limit": limit, "ScanIndexForward": not newest_first}
    if start:
        asked["ExclusiveStartKey"] = {"client": {"S": "one"}, "job_id": {"S": start}}
    whole, patched = Emulator(jobs), Emulator(jobs)
    patch(patched)
    assert query(patched, **asked) == query(whole, **asked)
    assert patched.evaluated <= limit + 1


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"Limit": 2, "IndexName": "by_time"},
        {"Limit": 2, "KeyConditionExpression": "client = :value AND job_id > :begin"},
    ],
    ids=["no limit", "an order of its own", "part of a partition"],
)
def test_other_queries_read_the_partition(asked: dict[str, Any]) -> None:
    emulator = Emulator(["a", "b", "c", "d"])
    patch(emulator)
    query(emulator, **asked)
    assert emulator.evaluated == 4


def test_an_empty_partition_has_no_page() -> None:
    emulator = Emulator(["a"])
    patch(emulator)
    other = {":value": {"S": "two"}}
    assert query(emulator, Limit=3, ExpressionAttributeValues=other) == ([], False)
