"""The provider's rate limit, shared by all containers: one item in the jobs table.

``next_slot`` is the next free slot, ``calls`` has the times of the last calls in milliseconds.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final, Self

from botocore.exceptions import BotoCoreError, ClientError

from ringback.aws.clients import dynamodb_client
from ringback.aws.table_items import (
    WINDOW_KEPT,
    Item,
    forget_at,
    is_own_repeat,
    item_of,
    read_item,
    typed,
    window_key,
)
from ringback.domain.pace import LowPriority, Pace, Turn

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

TRIES: Final = 5


class RateWindowTable:
    """Each call takes the next slot, first come, first served.

    ``paces`` has each provider's limit by the provider's name.
    """

    def __init__(self, client: "DynamoDBClient", table: str, paces: Mapping[str, Pace]) -> None:
        self._client = client
        self._table = table
        self._paces = paces

    @classmethod
    def connect(cls, table: str, paces: Mapping[str, Pace]) -> Self:
        return cls(dynamodb_client(), table, paces)

    def take(
        self,
        provider: str,
        *,
        at: datetime,
        slot: int | None,
        low_priority: LowPriority | None = None,
    ) -> Turn:
        if (
            slot is None
            and low_priority
            and self._is_crowded(provider, share=low_priority.share, at=at)
        ):
            return self._paces[provider].deferred(low_priority)
        if slot is None or not self._holds(provider, slot, at=at):
            slot = self._next_free(provider, at=at)
        turn = self._paces[provider].turn(slot, at=at)
        if turn.wait:
            return turn
        wait = self._make_call(provider, at=at)
        # Keeping its slot, it would stay ahead of others for as long as it finds no room.
        if wait and low_priority:
            return self._paces[provider].deferred(low_priority)
        return Turn(slot=slot, wait=wait)

    def was_slow(self, provider: str, *, asked_at: datetime, at: datetime) -> None:
        # The job has been sent. If this fails, the worst case is that another call is refused.
        for _ in range(TRIES):
            with suppress(ClientError, BotoCoreError):
                item = self._read(provider)
                noted = _calls_in(item)
                if _milliseconds(asked_at) in noted:
                    noted.remove(_milliseconds(asked_at))
                    self._note(provider, sorted([*noted, _milliseconds(at)]), item, at=at)
                return

    def pause(self, provider: str, *, at: datetime) -> None:
        pace = self._paces[provider]
        until = pace.slot_at(at + timedelta(seconds=pace.seconds))
        self._update(provider, "SET paused_until = :until", {":until": typed(until)}, at=at)
        self._advance(provider, to=until, at=at)

    def _holds(self, provider: str, slot: int, *, at: datetime) -> bool:
        if self._paces[provider].is_missed(slot, at=at):
            return False
        return slot >= int(self._read(provider).get("paused_until", typed(0))["N"])

    def _is_crowded(self, provider: str, *, share: float, at: datetime) -> bool:
        next_slot = int(self._read(provider).get("next_slot", typed(0))["N"])
        return self._paces[provider].is_crowded(next_slot, share=share, at=at)

    def _make_call(self, provider: str, *, at: datetime) -> int:
        """Record a call if there is room for it; return the seconds until there may be."""
        pace = self._paces[provider]
        while True:
            item = self._read(provider)
            noted = _calls_in(item)
            calls = [datetime.fromtimestamp(moment / 1000, UTC) for moment in noted]
            if wait := pace.wait_for_room(calls, at=at):
                return wait
            kept = [*noted, _milliseconds(at)][-pace.limit :]
            if self._note(provider, kept, item, at=at):
                return 0  # otherwise another call was recorded meanwhile

    def _note(
        self, provider: str, calls: Sequence[int], seen: Mapping[str, Any], *, at: datetime
    ) -> bool:
        """Write the times of calls, unless they have changed since they were read."""
        count = int(seen.get("call_count", typed(0))["N"])
        written_by: Item = typed(token_hex(8))
        try:
            self._update(
                provider,
                "SET calls = :calls, call_count = :count, written_by = :written_by",
                {
                    ":calls": {"L": [typed(moment) for moment in calls]},
                    ":count": typed(count + 1),
                    ":seen": typed(count),
                    ":written_by": written_by,
                },
                at=at,
                condition="attribute_not_exists(call_count) OR call_count = :seen",
            )
        except ClientError as error:
            return is_own_repeat(error, written_by=written_by)
        return True

    def _read(self, provider: str) -> dict[str, Any]:
        return read_item(self._client, self._table, window_key(provider))

    def _next_free(self, provider: str, *, at: datetime) -> int:
        now = self._paces[provider].slot_at(at)
        while True:
            taken_by: Item = typed(token_hex(8))
            try:
                item = self._update(
                    provider,
                    "SET next_slot = next_slot + :one, taken_by = :taken_by",
                    {":one": typed(1), ":now": typed(now), ":taken_by": taken_by},
                    at=at,
                    # A repeat of this write by the SDK must not take another slot.
                    condition="next_slot >= :now AND NOT taken_by = :taken_by",
                )
            except ClientError as error:
                item = item_of(error)
                if item.get("taken_by") != taken_by:
                    # After a quiet time the counter lies in the past.
                    self._advance(provider, to=now, at=at)
                    continue
            return int(item["next_slot"]["N"]) - 1

    def _advance(self, provider: str, *, to: int, at: datetime) -> None:
        """Move the counter forward, never back."""
        try:
            self._update(
                provider,
                "SET next_slot = :to",
                {":to": typed(to)},
                at=at,
                condition="attribute_not_exists(next_slot) OR next_slot < :to",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return

    def _update(
        self,
        provider: str,
        update: str,
        values: dict[str, Any],
        *,
        at: datetime,
        condition: str | None = None,
    ) -> dict[str, Any]:
        conditions: Any = {"ConditionExpression": condition} if condition else {}
        return self._client.update_item(
            TableName=self._table,
            Key=window_key(provider),
            UpdateExpression=f"{update}, forget_at = :forget_at",
            ExpressionAttributeValues=values | {":forget_at": forget_at(at + WINDOW_KEPT)},
            ReturnValues="UPDATED_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **conditions,
        )["Attributes"]


def _calls_in(item: Mapping[str, Any]) -> list[int]:
    return [int(moment["N"]) for moment in item.get("calls", {"L": []})["L"]]


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
