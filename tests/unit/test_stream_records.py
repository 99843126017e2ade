"""Records of the table's stream, read as changes."""

from typing import Any

import pytest
from ringback.aws.job_items import to_item
from ringback.aws.stream_records import read_change
from ringback.domain.changes import AccountChange, FinishedDrop, JobChange
from ringback.domain.jobs import JobStatus

from tests.support.jobs import a_job
from tests.support.lambdas import an_event


def a_record(case: str) -> dict[str, Any]:
    (record,) = an_event("publish_events", case)["Records"]
    return dict(record)


def test_a_job_is_read_as_it_was_and_as_it_is() -> None:
    change = read_change(a_record("job_succeeded"))
    assert isinstance(change, JobChange)
    assert change.old is not None
    assert (change.old.status, change.old.changes) == (JobStatus.ARCHIVING, 3)
    assert (change.new.status, change.new.changes) == (JobStatus.SUCCEEDED, 4)


def test_a_new_job_has_no_old_image() -> None:
    assert read_change(a_record("job_accepted")) == JobChange(None, a_job())


def test_an_account_without_an_item_was_open() -> None:
    change = read_change(a_record("account_paused"))
    assert isinstance(change, AccountChange)
    assert (change.old.provider, change.old.pause) == ("kie", None)
    assert change.new.pause is not None
    assert change.new.pause.reason == "no_credits"


def test_a_drop_is_finished_once() -> None:
    record = a_record("drop_finished")
    change = read_change(record)
    assert isinstance(change, FinishedDrop)
    assert (change.drop.key, change.client) == ("requests/kites.csv", "drop")
    assert change.summary["jobs"] == {"failed": 1, "succeeded": 1}
    images = record["dynamodb"]
    assert read_change({"dynamodb": images | {"OldImage": images["NewImage"]}}) is None
    assert read_change({"dynamodb": images | {"NewImage": images["OldImage"]}}) is None


def test_a_deleted_item_is_no_change() -> None:
    """TTL deletes items after their retention."""
    images = a_record("job_succeeded")["dynamodb"]
    del images["NewImage"]
    service = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    record = {"eventName": "REMOVE", "userIdentity": service, "dynamodb": images}
    assert read_change(record) is None


@pytest.mark.parametrize(
    "key", ["told#job_01m31xcpg00000000000000000", "window#kie", "token#kie", "account#kie", "drop"]
)
def test_other_items_are_no_changes(key: str) -> None:
    """``account#kie`` is a pause of version 0018."""
    item = to_item(a_job()) | {"finished": {"S": "{}"}}
    images = {"Keys": {"job_id": {"S": key}}, "NewImage": item}
    assert read_change({"dynamodb": images}) is None


def test_a_job_that_cannot_be_read_raises() -> None:
    record = a_record("job_succeeded")
    record["dynamodb"]["NewImage"]["status"] = {"S": "of a newer version"}
    with pytest.raises(ValueError, match="of a newer version"):
        read_change(record)
