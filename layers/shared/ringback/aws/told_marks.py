"""Which jobs' ends were told: one item of the jobs table for each."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ringback.aws.job_items import attribute
from ringback.aws.table_items import (
    Item,
    TableAdapter,
    forget_at,
    milliseconds,
    moment_of,
    read_item,
    told_key,
)
from ringback.domain.clock import utc_now
from ringback.domain.errors import NotTold
from ringback.domain.jobs import Job, JobId

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

# The most that BatchWriteItem writes.
MAX_WRITES: Final = 25
# DynamoDB may leave writes undone when it is busy.
MAX_ATTEMPTS: Final = 3


def changes_in(mark: Item) -> int:
    """Return the ``changes`` that a job's mark tells, 0 if it has none."""
    return int(mark["changes"]["N"]) if mark else 0


class ToldTable(TableAdapter):
    def __init__(
        self, client: "DynamoDBClient", table: str, now: Callable[[], datetime] = utc_now
    ) -> None:
        super().__init__(client, table)
        self._now = now

    def add(self, jobs: Sequence[Job]) -> None:
        """Write a mark for each job. Raises ``NotTold`` if DynamoDB leaves some unwritten."""
        # One request must not name an item twice; the last is the newest.
        newest = [*{job.job_id: job for job in jobs}.values()]
        for start in range(0, len(newest), MAX_WRITES):
            self._write([self._put(job) for job in newest[start : start + MAX_WRITES]])

    def _write(self, puts: list[Any]) -> None:
        for _ in range(MAX_ATTEMPTS):
            answer = self._client.batch_write_item(RequestItems={self._table: puts})
            puts = answer.get("UnprocessedItems", {}).get(self._table, [])
            if not puts:
                return
        raise NotTold(f"{len(puts)} marks were not written")

    def changes_told(self, job_id: JobId) -> int:
        item = read_item(self._client, self._table, told_key(job_id))
        return changes_in(item)

    def told_at(self, job_id: JobId) -> datetime | None:
        """Return when a job was last told, ``None`` if it was not, or by an older version."""
        item = read_item(self._client, self._table, told_key(job_id))
        return moment_of(item["told_at"]) if "told_at" in item else None

    def _put(self, job: Job) -> dict[str, Any]:
        item = {
            **told_key(job.job_id),
            "changes": attribute("changes", job.changes),
            "told_at": milliseconds(self._now()),
            "forget_at": forget_at(job.forget_at),
        }
        return {"PutRequest": {"Item": item}}
