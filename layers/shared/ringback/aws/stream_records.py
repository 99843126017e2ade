"""Records of the jobs table's stream, read as changes."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ringback.aws.account_items import account_from
from ringback.aws.drop_progress import FINISHED
from ringback.aws.job_items import from_item
from ringback.aws.receivers import OFF_SINCE, receiver_in
from ringback.aws.table_items import RECEIVER
from ringback.domain.changes import AccountChange, Change, FinishedDrop, JobChange, ReceiverOff
from ringback.domain.drops import Drop
from ringback.domain.job_ids import is_job_id
from ringback.domain.versions import of_any_version
from ringback.json_bodies import parse_json

_ACCOUNT: Final = re.compile(r"account#(.+)#state")
_DROP: Final = re.compile(r"drop#.+")


def read_change(record: Mapping[str, Any]) -> Change | None:
    """Read a record with new and old image; ``None`` if nothing is told about such a change.

    Deleted items, as by TTL, have no new image. Raises if the item cannot be read.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html
    """
    images = record["dynamodb"]
    key, new, old = images["Keys"]["job_id"]["S"], images.get("NewImage"), images.get("OldImage")
    if new is None:
        return None
    if is_job_id(key):
        return JobChange(from_item(old) if old else None, from_item(new))
    if account := _ACCOUNT.fullmatch(key):
        return AccountChange(account_from(account[1], old or {}), account_from(account[1], new))
    if key.startswith(RECEIVER) and OFF_SINCE in new and OFF_SINCE not in (old or {}):
        return ReceiverOff(receiver_in(new))
    if _DROP.fullmatch(key) and FINISHED in new and FINISHED not in (old or {}):
        return _finished(parse_json(new[FINISHED]["S"]).value)
    return None


def _finished(written: Mapping[str, Any]) -> FinishedDrop:
    drop, at = of_any_version(Drop, written["drop"]), datetime.fromisoformat(written["at"])
    return of_any_version(FinishedDrop, {**written, "drop": drop, "at": at})
