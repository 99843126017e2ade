"""How far each drop has been read: one item of the jobs table per drop."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from secrets import token_hex
from typing import Any, Final

from botocore.exceptions import ClientError

from ringback.aws.table_items import (
    DROP_KEPT,
    TableAdapter,
    drop_key,
    forget_at,
    is_own_repeat,
    item_of,
    list_of,
    listed_key,
    plain,
    read_item,
    typed,
)
from ringback.domain.changes import FinishedDrop
from ringback.domain.clock import EPOCH
from ringback.domain.drops import Drop, Kind, Progress
from ringback.domain.versions import of_any_version

# The attribute with the drop itself.
DROP: Final = "drop"
# The attribute that the end of a drop is told from. As text: its names would be index keys.
FINISHED: Final = "finished"
_NUMBERS: Final = ("row", "offset", "checked", "checked_lines", "bad_rows", "without_price")


class DropProgressTable(TableAdapter):
    def read(self, drop: Drop) -> Progress | None:
        item = plain(read_item(self._client, self._table, drop_key(drop)))
        return progress_in(item) if item else None

    def advance(self, drop: Drop, *, seen: Progress | None, to: Progress, at: datetime) -> bool:
        if seen is None and to.owner and drop.kind is not Kind.IMAGE:
            self._list(drop, to, at=at)
        values = asdict(to) | {"made_at": to.made_at.isoformat(), DROP: asdict(drop)}
        item = {name: typed(value) for name, value in values.items()}
        # Two deliveries of a drop write the same progress; this tells whose it is.
        written_by = typed(token_hex(8))
        unchanged: Any = {"ConditionExpression": "attribute_not_exists(job_id)"}
        if seen:
            unchanged = {
                "ConditionExpression": (
                    "#row = :row AND done = :done"
                    " AND (checked = :checked OR attribute_not_exists(checked))"
                ),
                "ExpressionAttributeNames": {"#row": "row"},
                "ExpressionAttributeValues": {
                    ":row": typed(seen.row),
                    ":done": typed(seen.done),
                    ":checked": typed(seen.checked),
                },
            }
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    **drop_key(drop),
                    **item,
                    "written_by": written_by,
                    "forget_at": forget_at(at + DROP_KEPT),
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **unchanged,
            )
        except ClientError as error:
            return is_own_repeat(error, written_by=written_by)
        return True

    def _list(self, drop: Drop, progress: Progress, *, at: datetime) -> None:
        """Put the drop into its client's list, before it is recorded: safe to repeat."""
        listed_at = at if progress.made_at == EPOCH else progress.made_at
        item = {**listed_key(drop, listed_at), "source": typed(list_of(progress.owner))}
        kept = {"forget_at": forget_at(at + DROP_KEPT)}
        self._client.put_item(TableName=self._table, Item=item | kept)

    def finish(self, finished: FinishedDrop) -> None:
        values = asdict(finished) | {"at": finished.at.isoformat()}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=drop_key(finished.drop),
                UpdateExpression="SET #finished = :finished",
                ConditionExpression="attribute_exists(job_id) AND attribute_not_exists(#finished)",
                ExpressionAttributeNames={"#finished": FINISHED},
                ExpressionAttributeValues={":finished": typed(json.dumps(values))},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            item_of(error)


def progress_in(item: Mapping[str, Any]) -> Progress:
    """Read the progress from the plain values of its item."""
    numbers = {name: int(item[name]) for name in _NUMBERS if name in item}
    made_at = datetime.fromisoformat(item["made_at"])
    return of_any_version(Progress, {**item, **numbers, "made_at": made_at})
