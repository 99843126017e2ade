"""Which jobs' ends were told: one item of the jobs table for each."""

from collections.abc import Sequence
from typing import Any, Final

from ringback.aws.job_items import attribute
from ringback.aws.table_items import TableAdapter, forget_at, read_item, told_key
from ringback.domain.errors import NotTold
from ringback.domain.jobs import Job, JobId

# The most that BatchWriteItem writes.
MAX_WRITES: Final = 25
# DynamoDB may leave writes undone when it is busy.
MAX_ATTEMPTS: Final = 3


class ToldTable(TableAdapter):
    def add(self, jobs: Sequence[Job]) -> None:
        """Write a mark for each job. Raises ``NotTold`` if DynamoDB leaves some unwritten."""
        # One request must not name an item twice; the last is the newest.
        newest = [*{job.job_id: job for job in jobs}.values()]
        for start in range(0, len(newest), MAX_WRITES):
            self._write([_put(job) for job in newest[start : start + MAX_WRITES]])

    def _write(self, puts: list[Any]) -> None:
        for _ in range(MAX_ATTEMPTS):
            answer = self._client.batch_write_item(RequestItems={self._table: puts})
            puts = answer.get("UnprocessedItems", {}).get(self._table, [])
            if not puts:
                return
        raise NotTold(f"{len(puts)} marks were not written")

    def changes_told(self, job_id: JobId) -> int:
        item = read_item(self._client, self._table, told_key(job_id))
        return int(item["changes"]["N"]) if item else 0


def _put(job: Job) -> dict[str, Any]:
    item = {
        **told_key(job.job_id),
        "changes": attribute("changes", job.changes),
        "forget_at": forget_at(job.forget_at),
    }
    return {"PutRequest": {"Item": item}}
