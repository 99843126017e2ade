"""Which jobs have ended and were told: what most checks find, read in one call for all of them."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress

from ringback.aws.job_items import from_item
from ringback.aws.table_items import Item, TableAdapter, job_key, read_items, told_key
from ringback.aws.told_marks import changes_in
from ringback.domain.jobs import FINAL, Job, JobId


class ToldJobs(TableAdapter):
    def of(self, job_ids: Collection[JobId]) -> Mapping[JobId, Job]:
        """Return those of at most 50 jobs that have ended and whose last change was told.

        They are as they were some seconds ago, which costs half of what the last write does. What
        such a job has changed to since has a check of its own.
        """
        keys = [make(job_id) for job_id in dict.fromkeys(job_ids) for make in (job_key, told_key)]
        items = read_items(self._client, self._table, keys, consistent=False)
        return dict(_told({item["job_id"]["S"]: item for item in items}, job_ids))


def _told(found: Mapping[str, Item], job_ids: Collection[JobId]) -> Iterator[tuple[JobId, Job]]:
    for job_id in job_ids:
        mark = found.get(told_key(job_id)["job_id"]["S"], {})
        # An item that can't be read must not hold up the others.
        with suppress(Exception):
            job = from_item(found[job_id])
            if job.status in FINAL and changes_in(mark) >= job.changes:
                yield job_id, job
