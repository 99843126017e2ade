"""Pauses of providers' accounts: one item in the jobs table for each provider."""

from ringback.aws.table_items import (
    PAUSE_KEPT,
    TableAdapter,
    account_key,
    forget_at,
    milliseconds,
    moment_of,
)
from ringback.domain.accounts import AccountPause


class AccountTable(TableAdapter):
    def pause(self, pause: AccountPause) -> None:
        self._client.put_item(
            TableName=self._table,
            Item={
                **account_key(pause.provider),
                "reason": {"S": pause.reason},
                "since": milliseconds(pause.since),
                "next_try_at": milliseconds(pause.next_try_at),
                "forget_at": forget_at(pause.next_try_at + PAUSE_KEPT),
            },
        )

    def paused(self, provider: str) -> AccountPause | None:
        # Not consistent: a pause that is seen a moment late does no harm, and this is read per job.
        item = self._client.get_item(TableName=self._table, Key=account_key(provider)).get("Item")
        if item is None:
            return None
        return AccountPause(
            provider=provider,
            reason=item["reason"]["S"],
            since=moment_of(item["since"]),
            next_try_at=moment_of(item["next_try_at"]),
        )

    def resume(self, provider: str) -> None:
        self._client.delete_item(TableName=self._table, Key=account_key(provider))
