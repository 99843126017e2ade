"""Jobs that are being deleted, and the tombstones of those that were.

Versions that know nothing of this read both as jobs that have ended: the record keeps its state,
and the tombstone what such a version needs of a job, as nobody's (docs/decisions/0065).
"""

from datetime import datetime
from typing import Final

from botocore.exceptions import ClientError

from ringback.aws.idempotency_items import FORGOTTEN, key_items
from ringback.aws.job_items import (
    DELETION,
    ONE,
    OWNER,
    RAISE,
    REVISION,
    TELL_AGAIN,
    attribute,
    from_item,
)
from ringback.aws.request_items import REQUEST_DETAILS, to_plain
from ringback.aws.table_items import (
    Item,
    TableAdapter,
    deliveries_key,
    item_of,
    job_key,
    read_item,
    typed,
)
from ringback.domain.deletion import forget_at, what_is_left
from ringback.domain.errors import UnknownJob
from ringback.domain.jobs import FINAL, Job, JobStatus
from ringback.use_cases.ports import Write

# What a tombstone keeps of the record. State and count of changes: an older version would tell any
# difference as a change of the job.
KEPT: Final = (
    *("job_id", "status", "changes", "tell_again_at"),
    *("created_at", "deadline_at", "forget_at"),
)
# The client of all tombstones in the index of clients, where only older versions see it. No key and
# no dropped file can have it: it is not printable.
NOBODY: Final = "\x7fdeleted"
# No provider's task: to an older version, reports about the job's own are about another.
NO_TASK: Final = "deleted"


class DeletionTable(TableAdapter):
    def begin(self, job: Job, *, at: datetime) -> Write:
        finals = {f":final{i}": {"S": status} for i, status in enumerate(sorted(FINAL))}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=job_key(job.job_id),
                UpdateExpression=f"SET {DELETION} = :deleting, updated_at = :at,"
                f" forget_at = :forget {RAISE}",
                ConditionExpression=f"#status IN ({', '.join(finals)})"
                f" AND attribute_not_exists({DELETION})",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={
                    **finals,
                    **ONE,
                    ":deleting": {"S": JobStatus.DELETING},
                    ":at": attribute("updated_at", at),
                    ":forget": attribute("forget_at", forget_at(job, at=at)),
                },
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            found = item_of(error)
            if not found:
                raise UnknownJob(job.job_id) from error
            job = from_item(found)
            return Write(job, done=(job.status, job.updated_at) == (JobStatus.DELETING, at))
        return Write(from_item(answer["Attributes"]), done=True)

    def forget_details(self, job: Job) -> None:
        self._client.delete_item(TableName=self._table, Key=deliveries_key(job.job_id))
        for item in key_items(job):
            self._forget_fingerprint(job, {"job_id": item["job_id"]})

    def _forget_fingerprint(self, job: Job, key: Item) -> None:
        """Let the key make no other job, whatever it is sent with. TTL may have deleted it."""
        values: Item = {
            ":forgotten": {"S": FORGOTTEN},
            ":job_id": {"S": job.job_id},
            ":forget": attribute("forget_at", job.forget_at),
        }
        try:
            self._client.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression="SET fingerprint = :forgotten, forget_at = :forget",
                ConditionExpression="refers_to = :job_id",
                ExpressionAttributeValues=values,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            item_of(error)

    def bury(self, job: Job, *, at: datetime) -> Job:
        written = read_item(self._client, self._table, job_key(job.job_id))
        if not written:
            raise UnknownJob(job.job_id)
        tombstone = _tombstone(job, written, at=at)
        try:
            self._client.put_item(
                TableName=self._table,
                Item=tombstone,
                ConditionExpression=f"{DELETION} = :deleting",
                ExpressionAttributeValues={":deleting": {"S": JobStatus.DELETING}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            found = item_of(error)
            if not found:
                raise UnknownJob(job.job_id) from error
            return from_item(found)
        return from_item(tombstone)

    def tell_again(self, job: Job, *, at: datetime) -> None:
        self._change(job, f"SET {TELL_AGAIN} = :at", {":at": attribute("tell_again_at", at)})

    def forget_receiver(self, job: Job) -> None:
        if job.request.call_back_url:
            self._change(job, f"REMOVE {REQUEST_DETAILS}", {})

    def _change(self, job: Job, update: str, values: Item) -> None:
        """Change a tombstone. Its time may be over."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=job_key(job.job_id),
                UpdateExpression=f"{update} {RAISE}",
                ConditionExpression=f"{DELETION} = :deleted",
                ExpressionAttributeValues={":deleted": {"S": JobStatus.DELETED}, **ONE, **values},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            item_of(error)


def _tombstone(job: Job, written: Item, *, at: datetime) -> Item:
    tombstone: Item = {
        **{name: written[name] for name in KEPT if name in written},
        DELETION: {"S": JobStatus.DELETED},
        REVISION: {"N": str(from_item(written).revision + 1)},
        OWNER: {"S": job.client},
        "client": {"S": NOBODY},
        "task_id": {"S": NO_TASK},
        "updated_at": attribute("updated_at", at),
        **{name: typed(each) for name, each in to_plain(what_is_left(job.request)).items()},
    }
    if written["status"]["S"] not in FINAL:
        # An older version has gone on with the job. To that one, too, it has to have ended.
        tombstone["status"] = {"S": JobStatus.ARCHIVE_FAILED}
    return tombstone
