"""A write that fails for another reason than its condition is an error, and no one else's write.

Taken for a failed condition, a throttled write would look like another delivery's, or like one
about a job that does not exist.
"""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from ringback.aws.accounts import AccountTable
from ringback.aws.drop_progress import DropProgressTable
from ringback.aws.job_table import JobTable
from ringback.aws.rate_window import RateWindowTable
from ringback.aws.shared_token import SharedToken
from ringback.domain.accounts import AccountPause, PauseReason
from ringback.domain.drops import Drop, Progress
from ringback.domain.jobs import JobStatus
from ringback.domain.pace import Pace
from ringback.domain.tokens import AccessToken

from tests.support.jobs import NOON, TASK, a_job, a_job_id, a_stored_image, release

LATER = NOON + timedelta(seconds=5)
ROW = Progress(made_at=NOON, row=5)
DROP = Drop(bucket="ringback-drops", key="requests/x.csv", version="v1")
PAUSE = AccountPause(
    provider="kie", reason=PauseReason.NOT_CONFIGURED, since=NOON, next_try_at=LATER
)


PACE = Pace(limit=2, seconds=10)
FREE_SLOT = PACE.slot_at(NOON)


def a_client() -> Any:
    """Return a client that reads nothing, and each of whose writes is throttled."""
    session = boto3.Session("none", "none", region_name="eu-west-1")
    client: Any = session.client("dynamodb")

    def answer(model: Any, **_: Any) -> tuple[Any, dict[str, Any]]:
        if model.name == "GetItem":
            return SimpleNamespace(status_code=200), {}
        error = {"Code": "ThrottlingException", "Message": "Rate exceeded"}
        return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {}}

    client.meta.events.register("before-call.dynamodb", answer)
    return client


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
    "add an image": lambda client: JobTable(client, "jobs").add_image(
        a_job_id(), a_stored_image(), at=LATER
    ),
    "begin a drop": lambda client: DropProgressTable(client, "jobs").advance(
        DROP, seen=None, to=ROW
    ),
    "go on": lambda client: DropProgressTable(client, "jobs").advance(DROP, seen=ROW, to=ROW),
    "take a slot": lambda client: a_window(client).take("kie", at=NOON, slot=None),
    "note a call": lambda client: a_window(client).take("kie", at=NOON, slot=FREE_SLOT),
    "pause the pace": lambda client: a_window(client).pause("kie", at=NOON),
    "lease": lambda client: a_token(client).lease("a", instead_of=None, at=NOON, until=LATER),
    "put a token": lambda client: a_token(client).put(
        AccessToken(value="t", expires_at=LATER), lease="a"
    ),
    "pause an account": lambda client: AccountTable(client, "jobs").pause(PAUSE),
    "resume it": lambda client: AccountTable(client, "jobs").resume("kie"),
}


@pytest.fixture(scope="module")
def client() -> Any:
    return a_client()


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_throttled_write_is_an_error(client: Any, write: Callable[[Any], object]) -> None:
    with pytest.raises(ClientError, match="ThrottlingException"):
        write(client)
