"""The keys of all clients' jobs, as the index by client has them."""

from collections.abc import Sequence
from typing import Final

from ringback.aws.table_items import TableAdapter, job_key
from ringback.domain.jobs import JobId
from ringback.use_cases.sum_usage import JobKey

# Half a read unit is 4 KB of them, some fifty.
PAGE: Final = 1_000


class JobKeyIndex(TableAdapter):
    def after(self, key: JobKey | None) -> Sequence[JobKey]:
        start = {"client": {"S": key[0]}, **job_key(key[1])} if key else None
        found = self._client.scan(
            TableName=self._table,
            IndexName="by_client",
            Limit=PAGE,
            **({"ExclusiveStartKey": start} if start else {}),  # type: ignore[arg-type]
        )
        return [(item["client"]["S"], JobId(item["job_id"]["S"])) for item in found["Items"]]
