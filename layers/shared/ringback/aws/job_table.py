"""Jobs in the jobs table. Each write is one conditional request, never a read and then a write."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from time import sleep
from typing import TYPE_CHECKING, Any, Final, Unpack

from botocore.exceptions import ClientError

from ringback.aws import table_items
from ringback.aws.idempotency_items import FORGOTTEN, fingerprint, key_items, places_of
from ringback.aws.job_items import (
    DELETION,
    ONE,
    RAISE,
    attribute,
    attributes_in,
    from_item,
    image_attribute,
    thumbnail_attribute,
    to_item,
)
from ringback.aws.table_items import Item, TableAdapter, job_key, read_item, read_items
from ringback.domain.errors import IdempotencyConflict, KeyInUse, UnknownJob
from ringback.domain.images import Quarantined, StoredImage
from ringback.domain.job_ids import first_of_its_time
from ringback.domain.jobs import (
    BEFORE_THE_TASK,
    GONE,
    Job,
    JobId,
    JobStatus,
    ProviderTaskId,
    holds,
    may_precede,
)
from ringback.use_cases.ports import MAX_FOUND, Changes, Write

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import PutTypeDef

# Seconds to wait after each conflict of a transaction with another one.
CONFLICT_PAUSES: Final = (0.05, 0.1, 0.2, 0.4)


# Of a job that is being deleted, or was, the state is as it was before.
NOT_DELETED: Final = f"attribute_not_exists({DELETION})"


class JobTable(TableAdapter):
    def create(self, job: Job) -> Write:
        keys = key_items(job)
        if not keys:
            try:
                self._client.put_item(**self._new(to_item(job)))
            except self._client.exceptions.ConditionalCheckFailedException:
                found = self.get(job.job_id)
                return Write(found, done=found == job)
            return Write(job, done=True)
        written = {key["job_id"]["S"] for key in keys}
        places = places_of(job.client, job.idempotency_key or "")
        if any(self._item(each) for each in places if each["job_id"]["S"] not in written):
            return self._first_with_key_of(job)
        for pause in CONFLICT_PAUSES:
            try:
                self._create_with(job, keys)
            except self._client.exceptions.TransactionCanceledException as error:
                reasons = [each.get("Code") for each in error.response["CancellationReasons"][1:]]
                if "ConditionalCheckFailed" in reasons:
                    return self._first_with_key_of(job)
                if "TransactionConflict" not in reasons:
                    raise
                # Another request with this key is being recorded right now.
                sleep(pause)
            else:
                return Write(job, done=True)
        raise KeyInUse(
            "the first request with this Idempotency-Key is still being processed; send it again"
        )

    def _create_with(self, job: Job, keys: Sequence[Item]) -> None:
        self._client.transact_write_items(
            TransactItems=[{"Put": self._new(item)} for item in (to_item(job), *keys)],
            # DynamoDB answers a repeat within ten minutes as it answered the first.
            ClientRequestToken=job.job_id,
        )

    def _new(self, item: Item) -> "PutTypeDef":
        return {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(job_id)",
        }

    def _first_with_key_of(self, job: Job) -> Write:
        first = self._key_item(job.client, job.idempotency_key or "")
        if first["fingerprint"]["S"] not in (fingerprint(job), FORGOTTEN):
            raise IdempotencyConflict(
                "this Idempotency-Key was used with a different request; use a new one"
            )
        try:
            found = self.get(JobId(first["refers_to"]["S"]))
        except UnknownJob as error:
            # TTL deletes them in any order.
            raise IdempotencyConflict(
                "the job of this Idempotency-Key is no longer kept; use a new one"
            ) from error
        return Write(found, done=found == job)

    def _key_item(self, client: str, idempotency_key: str) -> Item:
        places = places_of(client, idempotency_key)
        found = next(filter(None, map(self._item, places)), None)
        if found is None:
            raise UnknownJob(idempotency_key)
        return found

    def get(self, job_id: JobId) -> Job:
        return from_item(self._read(job_key(job_id)))

    def with_key(self, client: str, idempotency_key: str | None) -> Job | None:
        if idempotency_key is None:
            return None
        try:
            first = self._key_item(client, idempotency_key)
            return self.get(JobId(first["refers_to"]["S"]))
        except UnknownJob:
            # The key's item, or the job: TTL deletes them in any order.
            return None

    def _read(self, key: Item) -> Item:
        item = self._item(key)
        if not item:
            raise UnknownJob(key["job_id"]["S"])
        return item

    def _item(self, key: Item) -> Item:
        return read_item(self._client, self._table, key)

    def move(
        self,
        job_id: JobId,
        *,
        expect: Collection[JobStatus],
        to: JobStatus,
        at: datetime,
        unchanged_since: datetime | None = None,
        of_attempt: str | None = None,
        images: Sequence[StoredImage] = (),
        **changes: Unpack[Changes],
    ) -> Write:
        if to in GONE or not may_precede(to).issuperset(expect):
            raise ValueError(f"no job goes from one of {expect} to {to}")
        fields: dict[str, Any] = {"status": to, "updated_at": at, **changes}
        written = attributes_in(to, fields)
        values = {f":{name}": value for name, value in written.items() if value is not None}
        values |= {":none": {"N": "0"}, **ONE}
        condition, wanted = _condition(expect, to, changes, unchanged_since, of_attempt)
        removed = [f"#{name}" for name, value in written.items() if value is None]
        names = {f"#{name}": name for name in ("changes", *written)}
        names |= {"#attempt_id": "attempt_id"} if of_attempt else {}
        sets = [f"#{name} = :{name}" for name, value in written.items() if value is not None]
        sets += [f"images.#n{each.number} = :i{each.number}" for each in images]
        names |= _image_names(images)
        values |= _image_values(images)
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=job_key(job_id),
                UpdateExpression="SET #changes = if_not_exists(#changes, :none) + :one, "
                + ", ".join(sets)
                + (" REMOVE " + ", ".join(removed) if removed else "")
                + f" {RAISE}",
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values | wanted,
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            found = from_item(_unchanged(error, job_id))
            mine = fields | ({"attempt_id": of_attempt} if of_attempt else {})
            return Write(found, done=holds(found, mine))
        return Write(from_item(answer["Attributes"]), done=True)

    def tell_again(self, job_id: JobId, *, changes: int, at: datetime) -> None:
        self._note(
            job_id,
            "SET tell_again_at = :at",
            "#changes = :changes",
            {"#changes": "changes"},
            {":at": attribute("tell_again_at", at), ":changes": attribute("changes", changes)},
        )

    def mark_queued(self, job_id: JobId, *, at: datetime) -> None:
        self._note(
            job_id,
            "SET queued_at = :at REMOVE not_queued_at",
            "#status = :expected",
            {"#status": "status"},
            {":at": attribute("queued_at", at), ":expected": {"S": JobStatus.ACCEPTED}},
        )

    def mark_not_queued(self, job_id: JobId, *, at: datetime) -> None:
        self._note(
            job_id,
            "SET not_queued_at = :at",
            "#status = :expected AND attribute_not_exists(queued_at)",
            {"#status": "status"},
            {":at": attribute("not_queued_at", at), ":expected": {"S": JobStatus.ACCEPTED}},
        )

    def keep_task(self, job_id: JobId, task_id: ProviderTaskId) -> Job:
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=job_key(job_id),
                UpdateExpression=f"SET task_id = :task_id {RAISE}",
                ConditionExpression="attribute_exists(job_id) AND attribute_not_exists(task_id)"
                f" AND {NOT_DELETED}",
                ExpressionAttributeValues={":task_id": attribute("task_id", task_id), **ONE},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            return from_item(_unchanged(error, job_id))
        return from_item(answer["Attributes"])

    def add_images(self, job_id: JobId, *images: StoredImage, at: datetime) -> None:
        places = {f"images.#n{each.number}": f":i{each.number}" for each in images}
        sets = [f"{place} = if_not_exists({place}, {new})" for place, new in places.items()]
        any_new = " OR ".join(f"attribute_not_exists({place})" for place in places)
        self._note(
            job_id,
            f"SET {', '.join(sets)}, updated_at = :at",
            f"#status = :expected AND ({any_new})",
            {"#status": "status", **_image_names(images)},
            {
                **_image_values(images),
                ":at": attribute("updated_at", at),
                ":expected": {"S": JobStatus.ARCHIVING},
            },
        )

    def add_quarantined(self, job_id: JobId, kept: tuple[Quarantined, ...]) -> None:
        self._note(
            job_id,
            "SET quarantined = :kept",
            "#status = :expected",
            {"#status": "status"},
            {
                ":kept": attribute("quarantined", kept),
                ":expected": {"S": JobStatus.ARCHIVING},
            },
        )

    def add_thumbnails(self, job_id: JobId, keys: Mapping[int, str]) -> None:
        self._note(
            job_id,
            "SET " + ", ".join(f"images.#n{n}.thumbnail = :k{n}" for n in keys),
            " AND ".join(f"attribute_exists(images.#n{n})" for n in keys),
            {f"#n{n}": str(n) for n in keys},
            {f":k{n}": thumbnail_attribute(job_id, n, key) for n, key in keys.items()},
        )

    def _note(
        self, job_id: JobId, update: str, condition: str, names: dict[str, str], values: Item
    ) -> None:
        """Write without a change of state; a note that comes too late is dropped."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=job_key(job_id),
                UpdateExpression=f"{update} {RAISE}",
                ConditionExpression=f"{condition} AND {NOT_DELETED}",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values | ONE,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            _unchanged(error, job_id)

    def newest(self, client: str, *, limit: int, before: JobId | None) -> Sequence[Job]:
        return self._newest_by("client", client, of=client, limit=limit, before=before)

    def newest_of(
        self, source: str, *, client: str, limit: int, before: JobId | None
    ) -> Sequence[Job]:
        return self._newest_by("source", source, of=client, limit=limit, before=before)

    def _newest_by(
        self, field: str, value: str, *, of: str, limit: int, before: JobId | None
    ) -> Sequence[Job]:
        """Read the index until it has ``limit`` jobs of the client ``of``, or no more.

        A drop's jobs belong to one client, unless ``DropClient`` was changed while it was read. So
        where a page has no job of ``of``, the rest of its last drop is left out: a version of a
        file is read once, however many rows it has.
        """
        own, size = list[Job](), limit
        while len(own) < limit:
            page = self._ids_by(field, value, limit=size, before=before)
            # The index holds keys only, so that it is written once in a job's life, not at every
            # step.
            found = self.find(page)
            jobs = [job for job in found if job.client == of]
            own += sorted(jobs, key=lambda job: job.job_id, reverse=True)
            if len(page) < size:
                break
            before, size = page[-1], MAX_FOUND
            if found and not jobs:
                before = first_of_its_time(before)
        return own[:limit]

    def _ids_by(
        self, field: str, value: str, *, limit: int, before: JobId | None
    ) -> Sequence[JobId]:
        start = {"ExclusiveStartKey": {field: {"S": value}, **job_key(before)}} if before else {}
        found = self._client.query(
            TableName=self._table,
            IndexName=f"by_{field}",
            KeyConditionExpression="#field = :value",
            ExpressionAttributeNames={"#field": field},
            ExpressionAttributeValues={":value": {"S": value}},
            ScanIndexForward=False,
            Limit=limit,
            **start,  # type: ignore[arg-type]
        )["Items"]
        return [JobId(item["job_id"]["S"]) for item in found]

    def find(self, job_ids: Sequence[JobId]) -> Sequence[Job]:
        keys = [job_key(job_id) for job_id in job_ids]
        return [from_item(item) for item in read_items(self._client, self._table, keys)]


def _image_names(images: Sequence[StoredImage]) -> dict[str, str]:
    return {f"#n{each.number}": str(each.number) for each in images}


def _image_values(images: Sequence[StoredImage]) -> Item:
    return {f":i{each.number}": image_attribute(each) for each in images}


def _condition(
    expect: Collection[JobStatus],
    to: JobStatus,
    changes: Changes,
    unchanged_since: datetime | None,
    of_attempt: str | None,
) -> tuple[str, Item]:
    """Return what a move takes, and the values in it that are not written."""
    wanted: Item = {f":expected{i}": {"S": status} for i, status in enumerate(expect)}
    condition = f"#status IN ({', '.join(wanted)}) AND {NOT_DELETED}"
    is_refusal = of_attempt and "task_id" not in changes
    if to in BEFORE_THE_TASK or is_refusal:
        condition += " AND attribute_not_exists(task_id)"
    if "task_id" in changes:
        condition += " AND (attribute_not_exists(#task_id) OR #task_id = :task_id)"
    if unchanged_since:
        condition += " AND #updated_at = :seen_at"
        wanted[":seen_at"] = attribute("updated_at", unchanged_since)
    if of_attempt:
        condition += " AND #attempt_id = :of_attempt"
        wanted[":of_attempt"] = attribute("attempt_id", of_attempt)
    return condition, wanted


def _unchanged(error: ClientError, job_id: JobId) -> Item:
    """Return the item as it is if its state made the write fail; raise ``error`` otherwise."""
    item = table_items.item_of(error)
    if not item:
        raise UnknownJob(job_id) from error
    return item
