"""How many jobs a client has posted in a minute: an item of the jobs table for each."""

from datetime import datetime, timedelta
from typing import Final

from ringback.aws.table_items import TableAdapter, count_key, forget_at, read_item
from ringback.domain.allowances import window_of

# From the last job. DynamoDB deletes an item up to days after its time; nobody reads it any more.
KEPT: Final = timedelta(hours=1)


class JobCountTable(TableAdapter):
    def count(self, client: str, *, most: int, at: datetime) -> bool:
        # The SDK repeats a write whose answer got lost. It is then counted twice: that a client
        # waits for one job too early is better than a second write for each.
        try:
            self._client.update_item(
                TableName=self._table,
                Key=count_key(client, window_of(at)),
                UpdateExpression="SET forget_at = :forget ADD jobs :one",
                ConditionExpression="attribute_not_exists(jobs) OR jobs < :most",
                ExpressionAttributeValues={
                    ":forget": forget_at(at + KEPT),
                    ":one": {"N": "1"},
                    ":most": {"N": str(most)},
                },
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def counted(self, client: str, *, at: datetime) -> int:
        item = read_item(self._client, self._table, count_key(client, window_of(at)))
        return int(item.get("jobs", {"N": "0"})["N"])
