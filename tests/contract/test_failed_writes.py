"""A write that fails for another reason than its condition is an error, and no one else's write.

Taken for a failed condition, a throttled write would look like another delivery's, or like one
about a job that does not exist.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, NoReturn

import boto3
import pytest
from botocore.exceptions import ClientError
from ringback.aws.accounts import AccountTable
from ringback.aws.deletions import DeletionTable
from ringback.aws.drop_progress import DropProgressTable
from ringback.aws.job_table import JobTable
from ringback.aws.rate_window import TRIES, RateWindowTable
from ringback.aws.shared_token import SharedToken
from ringback.aws.table_items import job_key
from ringback.domain.accounts import PauseReason, Probe
from ringback.domain.changes import FinishedDrop
from ringback.domain.drops import Drop, Progress
from ringback.domain.errors import KeyInUse
from ringback.domain.jobs import JobStatus
from ringback.domain.pace import Pace
from ringback.domain.tokens import AccessToken

from tests.support.jobs import NOON, TASK, a_job, a_job_id, a_request, a_stored_image, release

LATER = NOON + timedelta(seconds=5)
ROW = Progress(made_at=NOON, row=5)
DROP = Drop(bucket="ringback-drops", key="requests/x.csv", version="v1")
FINISHED = FinishedDrop(drop=DROP, client="drop", at=NOON, summary={})
PROBE = Probe(provider="kie", probe_id="a" * 16)
PACE = Pace(limit=2, seconds=10)
FREE_SLOT = PACE.slot_at(NOON)
TOLD = a_job(
    JobStatus.DELETED, request=replace(a_request(), call_back_url="https://studio.example")
)


def a_client(failure: Callable[[], dict[str, Any] | None]) -> Any:
    """Return a client that reads nothing, and whose writes fail as ``failure`` says."""
    session = boto3.Session("none", "none", region_name="eu-west-1")
    client: Any = session.client("dynamodb")

    def answer(model: Any, **_: Any) -> tuple[Any, dict[str, Any]]:
        failed = None if model.name == "GetItem" else failure()
        return SimpleNamespace(status_code=400 if failed else 200), failed or {}

    client.meta.events.register("before-call.dynamodb", answer)
    return client


def throttled() -> dict[str, Any]:
    return {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}


def a_window(client: Any) -> RateWindowTable:
    return RateWindowTable(client, "jobs", {"kie": PACE})


def a_token(client: Any) -> SharedToken:
    return SharedToken(client, "jobs", "chanjing")


WRITES: dict[str, Callable[[Any], object]] = {
    "create": lambda client: JobTable(client, "jobs").create(a_job()),
    "create with a key": lambda client: JobTable(client, "jobs").create(a_job(idempotency_key="k")),
    "move": lambda client: release(JobTable(client, "jobs"), "a" * 16, at=LATER),
    "begin": lambda client: JobTable(client, "jobs").move(
        a_job_id(), expect=[JobStatus.ACCEPTED], to=JobStatus.SUBMITTING, at=LATER
    ),
    "keep the task": lambda client: JobTable(client, "jobs").keep_task(a_job_id(), TASK),
    "mark": lambda client: JobTable(client, "jobs").mark_queued(a_job_id(), at=LATER),
    "mark refused": lambda client: JobTable(client, "jobs").mark_not_queued(a_job_id(), at=LATER),
    "add an image": lambda client: JobTable(client, "jobs").add_images(
        a_job_id(), a_stored_image(), at=LATER
    ),
    "begin a deletion": lambda client: DeletionTable(client, "jobs").begin(TOLD, at=LATER),
    "delete deliveries": lambda client: DeletionTable(client, "jobs").forget_details(a_job()),
    "forget a key": lambda client: DeletionTable(client, "jobs")._forget_fingerprint(
        TOLD, job_key(TOLD.job_id)
    ),
    "tell a deletion again": lambda client: DeletionTable(client, "jobs").tell_again(
        TOLD, at=LATER
    ),
    "forget a receiver": lambda client: DeletionTable(client, "jobs").forget_receiver(TOLD),
    "begin a drop": lambda client: DropProgressTable(client, "jobs").advance(
        DROP, seen=None, to=ROW, at=NOON
    ),
    "finish a drop": lambda client: DropProgressTable(client, "jobs").finish(FINISHED),
    "tell again": lambda client: JobTable(client, "jobs").tell_again(
        a_job_id(), changes=3, at=LATER
    ),
    "go on": lambda client: DropProgressTable(client, "jobs").advance(
        DROP, seen=ROW, to=ROW, at=NOON
    ),
    "take a slot": lambda client: a_window(client).take("kie", at=NOON, slot=None),
    "note a call": lambda client: a_window(client).take("kie", at=NOON, slot=FREE_SLOT),
    "pause the pace": lambda client: a_window(client).pause("kie", at=NOON),
    "lease": lambda client: a_token(client).lease("a", instead_of=None, at=NOON, until=LATER),
    "put a token": lambda client: a_token(client).put(
        AccessToken(value="t", expires_at=LATER), lease="a"
    ),
    "pause an account": lambda client: AccountTable(client, "jobs").pause(
        PROBE,
        reason=PauseReason.NO_CREDITS,
        at=NOON,
        began_at=NOON,
        probe_at=LATER,
        refused_job=a_job_id(),
    ),
    "probe it in vain": lambda client: AccountTable(client, "jobs").probe_failed(
        PROBE, next_at=LATER
    ),
    "half open it": lambda client: AccountTable(client, "jobs").half_open(
        "kie", at=NOON, probe_id=PROBE.probe_id
    ),
    "claim the trial": lambda client: AccountTable(client, "jobs").claim_trial(
        "kie", a_job_id(), at=NOON, until=LATER
    ),
    "end the trial": lambda client: AccountTable(client, "jobs").end_trial(
        "kie", a_job_id(), at=NOON
    ),
    "open it": lambda client: AccountTable(client, "jobs").open("kie", at=LATER, began_at=NOON),
}


@pytest.fixture(scope="module")
def client() -> Any:
    return a_client(throttled)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_throttled_write_is_an_error(client: Any, write: Callable[[Any], object]) -> None:
    with pytest.raises(ClientError, match="ThrottlingException"):
        write(client)


def test_a_slow_call_that_cannot_be_noted_is_no_error(client: Any) -> None:
    """The job has been sent: nothing may fail for a note in the rate window."""
    tries: list[str] = []

    def fails(provider: str) -> NoReturn:
        tries.append(provider)
        raise ClientError(throttled(), "GetItem")  # type: ignore[arg-type]

    window = a_window(client)
    window.was_slow("kie", asked_at=NOON, at=LATER)  # a call that nothing is known of
    window = a_window(client)
    window._read = fails  # type: ignore[method-assign]
    window.was_slow("kie", asked_at=NOON, at=LATER)
    assert len(tries) == TRIES


def transactions(*reasons: str) -> tuple[JobTable, Iterator[str]]:
    """Return a table whose transactions are cancelled for these reasons, one after the other."""
    left = iter(reasons)

    def cancelled() -> dict[str, Any] | None:
        reason = next(left, None)
        if reason is None:
            return None
        error = {"Code": "TransactionCanceledException", "Message": reason}
        return {"Error": error, "CancellationReasons": [{"Code": "None"}, {"Code": reason}]}

    return JobTable(a_client(cancelled), "jobs"), left


WITH_KEY = a_job(idempotency_key="k")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []
    monkeypatch.setattr("ringback.aws.job_table.sleep", pauses.append)
    return pauses


def test_a_transaction_waits_for_another_one_with_its_key(pauses: list[float]) -> None:
    jobs, _ = transactions("TransactionConflict", "TransactionConflict")
    assert jobs.create(WITH_KEY).done
    assert pauses == [0.05, 0.1]


def test_a_key_is_in_use_while_the_other_transaction_lasts(pauses: list[float]) -> None:
    jobs, left = transactions(*["TransactionConflict"] * 9)
    with pytest.raises(KeyInUse):
        jobs.create(WITH_KEY)
    assert (len(pauses), len(list(left))) == (4, 5)


def test_a_transaction_that_fails_for_another_reason_is_an_error(pauses: list[float]) -> None:
    jobs, _ = transactions("ThrottlingError")
    with pytest.raises(ClientError, match="ThrottlingError"):
        jobs.create(WITH_KEY)
    assert pauses == []
