"""What publish_events answers to Lambda, record by record."""

import io
import json
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import pytest
from ringback.domain.changes import Change, JobChange
from ringback.domain.errors import NotTold

from functions.publish_events import app
from tests.support.jobs import PROMPT, a_job_id
from tests.support.lambdas import an_event


class Publish:
    """Stands for the use case; tells all changes but those of the jobs in ``untold``."""

    def __init__(self, *untold: str) -> None:
        self.untold, self.seen = untold, list[str]()

    def __call__(self, changes: Sequence[Change | None]) -> list[Exception | None]:
        jobs = [change.new.job_id for change in changes if isinstance(change, JobChange)]
        assert len(jobs) == len(changes)
        self.seen += jobs
        return [NotTold("Throttling") if job in self.untold else None for job in jobs]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    monkeypatch.setattr(app.logger.registered_handler, "stream", stream)
    return stream


def a_batch(count: int, *, poisoned: Sequence[int] = ()) -> dict[str, Any]:
    (record,) = an_event("publish_events", "job_succeeded")["Records"]
    records = []
    for number in range(count):
        one = deepcopy(record)
        one["dynamodb"]["SequenceNumber"] = f"10{number}"
        for image in ("Keys", "NewImage", "OldImage"):
            one["dynamodb"][image]["job_id"] = {"S": a_job_id(number)}
        if number in poisoned:
            one["dynamodb"]["NewImage"]["status"] = {"S": "of a newer version"}
        records.append(one)
    return {"Records": records}


def failed(reply: Any) -> list[str]:
    return [each["itemIdentifier"] for each in reply["batchItemFailures"]]


def test_a_batch_that_was_told_has_no_failures(log: io.StringIO) -> None:
    publish: Any = Publish()
    assert app.handle(a_batch(3), publish) == {"batchItemFailures": []}
    assert publish.seen == [a_job_id(number) for number in range(3)]
    assert log.getvalue() == ""


def test_a_poisoned_record_holds_up_no_other(log: io.StringIO) -> None:
    """Lambda comes back from that record on, and the others are told already."""
    publish: Any = Publish()
    assert failed(app.handle(a_batch(4, poisoned=[1]), publish)) == ["101"]
    assert publish.seen == [a_job_id(number) for number in (0, 2, 3)]
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    (error,) = [line for line in lines if line["level"] == "ERROR"]
    assert (error["message"], error["key"]) == ("record failed", a_job_id(1))
    assert PROMPT not in log.getvalue()


def test_the_lowest_failure_is_among_those_reported(log: io.StringIO) -> None:
    """Lambda takes the lowest sequence number for its checkpoint, whatever the order."""
    publish: Any = Publish(a_job_id(1), a_job_id(3))
    assert sorted(failed(app.handle(a_batch(5, poisoned=[2]), publish))) == ["101", "102", "103"]
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(line["level"], line["message"]) for line in lines] == [("ERROR", "record failed")] * 3


def test_a_function_that_fails_as_a_whole_fails_the_batch(log: io.StringIO) -> None:
    class Broken(Exception):
        pass

    def publish(changes: Sequence[Change | None]) -> list[Exception | None]:
        raise Broken

    with pytest.raises(Broken):
        app.handle(a_batch(1), publish)  # type: ignore[arg-type]
