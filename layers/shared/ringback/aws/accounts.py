"""Providers' accounts: one item in the jobs table for each. It holds no credential."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from ringback.aws.account_items import account_from
from ringback.aws.table_items import (
    ACCOUNT_KEPT,
    TableAdapter,
    account_key,
    forget_at,
    item_of,
    milliseconds,
    read_item,
    typed,
)
from ringback.domain.accounts import Account, Balance, Hold, Pause, Probe
from ringback.domain.jobs import JobId
from ringback.use_cases.ports import AccountWrite

PAUSED: Final = "attribute_exists(#since)"
IS_OPEN: Final = "attribute_not_exists(#since)"
IS_HALF_OPEN: Final = "attribute_exists(#half_open_at)"
NOT_HALF_OPEN: Final = "attribute_not_exists(#half_open_at)"
TRIAL: Final = ("trial", "trial_until")
PROBE: Final = ("probe_id", "probe_at")
_NAMED: Final = re.compile(r"#(\w+)")
UNANSWERED: Final = "unanswered"
PAUSE: Final = ("reason", "since", "half_open_at", "refused_job", UNANSWERED, *TRIAL, *PROBE)


class AccountTable(TableAdapter):
    """Each change is one conditional request; one that comes too late changes nothing."""

    def read(self, provider: str) -> Account:
        # Also for the limit of waiting, which must not count a pause.
        return account_from(provider, read_item(self._client, self._table, account_key(provider)))

    def pause(
        self,
        probe: Probe,
        *,
        reason: str,
        at: datetime,
        began_at: datetime,
        probe_at: datetime,
        refused_job: JobId | None,
    ) -> AccountWrite:
        began = milliseconds(began_at)
        never_or_before = "(attribute_not_exists(#opened_at) OR #opened_at <= :began)"
        news = f"({IS_OPEN} AND {never_or_before}) OR #half_open_at <= :began"
        values = {
            "reason": typed(reason),
            "probe_id": typed(probe.probe_id),
            "probe_at": milliseconds(probe_at),
        }
        named = {"refused_job": typed(refused_job)} if refused_job else {}
        return self._change(
            probe.provider,
            values | named,
            remove=("half_open_at", UNANSWERED, *TRIAL, *(() if refused_job else ("refused_job",))),
            first={"since": milliseconds(at)},
            only_if=news,
            given={":began": began},
            at=at,
        )

    def half_open(
        self,
        provider: str,
        *,
        at: datetime,
        probe_id: str | None,
        unanswered: int = 0,
        balance: Balance | None = None,
    ) -> AccountWrite:
        asked = " AND #probe_id = :asked" if probe_id else ""
        return self._change(
            provider,
            {
                "half_open_at": milliseconds(at),
                **_counted(unanswered),
                **_balance_values(balance),
            },
            remove=("probe_id", *TRIAL, *(() if unanswered else (UNANSWERED,))),
            only_if=f"{PAUSED} AND {NOT_HALF_OPEN}{asked}",
            given={":asked": typed(probe_id)} if probe_id else {},
            at=at,
        )

    def send_probe(self, probe: Probe, *, seen: Pause, probe_at: datetime) -> AccountWrite:
        same = "#probe_id = :seen" if seen.probe_id else "attribute_not_exists(#probe_id)"
        return self._change(
            probe.provider,
            {"probe_id": typed(probe.probe_id), "probe_at": milliseconds(probe_at)},
            only_if=f"{PAUSED} AND {NOT_HALF_OPEN} AND {same}",
            given={":seen": typed(seen.probe_id)} if seen.probe_id else {},
            at=probe_at,
        )

    def probe_failed(
        self,
        probe: Probe,
        *,
        next_at: datetime,
        unanswered: int = 0,
        balance: Balance | None = None,
    ) -> AccountWrite:
        return self._change(
            probe.provider,
            {
                "probe_at": milliseconds(next_at),
                **_counted(unanswered),
                **_balance_values(balance),
            },
            remove=("probe_id", *(() if unanswered else (UNANSWERED,))),
            only_if="#probe_id = :asked",
            given={":asked": typed(probe.probe_id)},
            at=next_at,
        )

    def claim_trial(
        self, provider: str, job_id: JobId, *, at: datetime, until: datetime
    ) -> AccountWrite:
        free = "attribute_not_exists(#trial) OR #trial_until <= :at OR #trial = :mine"
        return self._change(
            provider,
            {"trial": typed(job_id), "trial_until": milliseconds(until)},
            only_if=f"{IS_HALF_OPEN} AND ({free})",
            given={":at": milliseconds(at), ":mine": typed(job_id)},
            at=at,
        )

    def end_trial(self, provider: str, job_id: JobId, *, at: datetime) -> AccountWrite:
        mine = {":mine": typed(job_id)}
        return self._change(provider, {}, remove=TRIAL, only_if="#trial = :mine", given=mine, at=at)

    def open(self, provider: str, *, at: datetime, began_at: datetime) -> AccountWrite:
        return self._change(
            provider,
            {"opened_at": milliseconds(at)},
            remove=PAUSE,
            only_if="#half_open_at <= :began",
            given={":began": milliseconds(began_at)},
            at=at,
        )

    def note_balance(self, provider: str, balance: Balance) -> AccountWrite:
        return self._change(provider, _balance_values(balance), at=balance.at)

    def hold(self, provider: str, hold: Hold) -> AccountWrite:
        values = {
            "hold_reason": typed(hold.reason),
            "hold_since": milliseconds(hold.since),
            "hold_until": milliseconds(hold.until),
        }
        if hold.model:
            values["hold_model"] = typed(hold.model)
        remove = () if hold.model else ("hold_model",)
        return self._change(provider, values, remove=remove, at=hold.until)

    def _change(
        self,
        provider: str,
        values: Mapping[str, Any],
        *,
        at: datetime,
        remove: tuple[str, ...] = (),
        first: Mapping[str, Any] | None = None,
        only_if: str = "",
        given: Mapping[str, Any] | None = None,
    ) -> AccountWrite:
        """Set ``values``, and those of ``first`` that are not set yet, if the condition holds."""
        written = {**values, "forget_at": forget_at(at + ACCOUNT_KEPT)}
        first = first or {}
        sets = [f"#{name} = :{name}" for name in written]
        sets += [f"#{name} = if_not_exists(#{name}, :{name})" for name in first]
        update = f"SET {', '.join(sets)}"
        if remove:
            update += f" REMOVE {', '.join(f'#{name}' for name in remove)}"
        named = set(_NAMED.findall(f"{update} {only_if}"))
        condition: Any = {"ConditionExpression": only_if} if only_if else {}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=account_key(provider),
                UpdateExpression=update,
                ExpressionAttributeNames={f"#{name}": name for name in named},
                ExpressionAttributeValues={
                    **{f":{name}": value for name, value in {**written, **first}.items()},
                    **(given or {}),
                },
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **condition,
            )
        except ClientError as error:
            # A repeat by the SDK finds what the same write has left (docs/decisions/0019).
            item = item_of(error)
            is_mine = all(item.get(name) == value for name, value in written.items())
            done = is_mine and bool(item) and not any(name in item for name in remove)
            return AccountWrite(account_from(provider, item), done=done)
        return AccountWrite(account_from(provider, answer["Attributes"]), done=True)


def _counted(unanswered: int) -> dict[str, Any]:
    return {UNANSWERED: typed(unanswered)} if unanswered else {}


def _balance_values(balance: Balance | None) -> dict[str, Any]:
    if balance is None:
        return {}
    return {"credits": typed(balance.credits), "credits_at": milliseconds(balance.at)}
