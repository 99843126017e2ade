"""A job and the account that it would be sent with, in one read."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict

from ringback.aws.account_items import account_from
from ringback.aws.accounts import AccountTable
from ringback.aws.job_items import from_item
from ringback.aws.job_table import JobTable
from ringback.aws.table_items import TableAdapter, account_key, job_key, read_item, read_items
from ringback.domain.accounts import Account
from ringback.domain.errors import UnknownJob
from ringback.domain.jobs import Job, JobId

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class SubmitStores(TypedDict):
    """Arguments of ``SubmitJob``."""

    jobs: JobTable
    accounts: AccountTable
    read_together: Callable[[JobId], tuple[Job, Account]]


def submit_stores(table: str) -> SubmitStores:
    return {
        "jobs": JobTable.connect(table),
        "accounts": AccountTable.connect(table),
        "read_together": JobsWithAccounts.connect(table).read,
    }


class JobsWithAccounts(TableAdapter):
    """A message names its job only. So the account is that of the job before: the usual case."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        super().__init__(client, table)
        self._provider = ""

    def read(self, job_id: JobId) -> tuple[Job, Account]:
        """Return both as they were last written. Raises ``UnknownJob``."""
        key, guessed = job_key(job_id), account_key(self._provider)
        keys = [key, guessed] if self._provider else [key]
        items = read_items(self._client, self._table, keys)
        found = {item["job_id"]["S"]: item for item in items}
        if job_id not in found:
            raise UnknownJob(job_id)
        job = from_item(found[job_id])
        own = account_key(job.request.provider)
        if own == guessed:
            account = found.get(own["job_id"]["S"], {})
        else:
            account = read_item(self._client, self._table, own)
        self._provider = job.request.provider
        return job, account_from(self._provider, account)
