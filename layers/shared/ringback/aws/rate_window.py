"""The provider's rate limit, shared by all containers: one item in the jobs table.

``next_slot`` is the next free slot, ``calls`` has the times of the last calls in milliseconds, and
``call_count`` changes with every write.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Final, Self

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
from ringback.domain.rate_windows import Window

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

TRIES: Final = 5
# What tells that nobody has written since. Older versions change only one of them at a time.
_SEEN: Final = ("call_count", "next_slot")


@dataclass(frozen=True, slots=True)
class _Seen:
    item: Item

    @property
    def window(self) -> Window:
        calls = self.item.get("calls", {"L": []})["L"]
        return Window(
            next_slot=self._number("next_slot"),
            paused_until=self._number("paused_until"),
            calls=tuple(int(call["N"]) for call in calls),
        )

    def _number(self, name: str) -> int:
        return int(self.item.get(name, typed(0))["N"])

    def followed_by(self, window: Window) -> Item:
        """Return the attributes after the next write."""
        return {
            "next_slot": typed(window.next_slot),
            "paused_until": typed(window.paused_until),
            "calls": {"L": [typed(call) for call in window.calls]},
            "call_count": typed(self._number("call_count") + 1),
            "written_by": typed(token_hex(8)),
        }


class RateWindowTable:
    """Each call takes the next slot, first come, first served.

    ``paces`` has each provider's limit by the provider's name. A container remembers each window as
    it last saw it, and learns from a write that fails what has changed since.
    """

    def __init__(self, client: "DynamoDBClient", table: str, paces: Mapping[str, Pace]) -> None:
        self._client = client
        self._table = table
        self._paces = paces
        self._seen = dict[str, _Seen]()

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
        pace, turns = self._paces[provider], list[Turn]()

        def take(window: Window) -> Window:
            turn, after = window.take(pace, at=at, slot=slot, low_priority=low_priority)
            turns.append(turn)
            return after

        self._change(provider, take, at=at)
        return turns[-1]

    def was_slow(self, provider: str, *, asked_at: datetime, at: datetime) -> None:
        pace = self._paces[provider]

        def move(window: Window) -> Window:
            if not window.is_worth_moving(pace, asked_at=asked_at, at=at):
                return window
            return window.moved(asked_at=asked_at, at=at)

        # The job has been sent. If this fails, the worst case is that another call is refused.
        for _ in range(TRIES):
            with suppress(ClientError, BotoCoreError):
                return self._change(provider, move, at=at)

    def pause(self, provider: str, *, at: datetime) -> None:
        pace = self._paces[provider]
        self._change(provider, lambda window: window.pause(pace, at=at), at=at)

    def _change(self, provider: str, change: Callable[[Window], Window], *, at: datetime) -> None:
        """Write the window as ``change`` makes it of the state that it is in by then."""
        seen = self._seen.pop(provider, None) or self._read(provider)
        while (after := change(seen.window)) != seen.window:
            written = seen.followed_by(after)
            found = self._write(provider, seen.item, written, at=at)
            if found is None:
                seen = _Seen(written)
                break
            seen = _Seen(found)
        self._seen[provider] = seen

    def _read(self, provider: str) -> _Seen:
        return _Seen(read_item(self._client, self._table, window_key(provider)))

    def _write(self, provider: str, seen: Item, written: Item, *, at: datetime) -> Item | None:
        """Write the attributes; return the item instead if it is no longer as it was seen."""
        unchanged = [
            f"{name} = :seen_{name}" if name in seen else f"attribute_not_exists({name})"
            for name in _SEEN
        ]
        values = {f":{name}": value for name, value in written.items()}
        values |= {f":seen_{name}": seen[name] for name in _SEEN if name in seen}
        names = (*written, "forget_at")
        try:
            self._client.update_item(
                TableName=self._table,
                Key=window_key(provider),
                UpdateExpression=f"SET {', '.join(f'{name} = :{name}' for name in names)}",
                ConditionExpression=" AND ".join(unchanged),
                ExpressionAttributeValues={**values, ":forget_at": forget_at(at + WINDOW_KEPT)},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            # A repeat of this write by the SDK must not count twice.
            is_ours = is_own_repeat(error, written_by=written["written_by"])
            return None if is_ours else item_of(error)
        return None
