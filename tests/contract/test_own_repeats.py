"""A conditional write that the SDK repeated by itself is told from one of another delivery."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ringback.aws.accounts import AccountTable
from ringback.aws.drop_progress import DropProgressTable
from ringback.aws.job_table import JobTable
from ringback.aws.rate_window import RateWindowTable
from ringback.aws.shared_token import SharedToken
from ringback.domain.accounts import Hold, Pause, PauseReason, Probe
from ringback.domain.drops import Drop, Progress
from ringback.domain.images import Quarantined, Remains
from ringback.domain.jobs import GONE, NEXT, ErrorKind, JobError, JobStatus
from ringback.domain.pace import Pace
from ringback.domain.tokens import AccessToken

from tests.support.aws import Cloud
from tests.support.jobs import NOON, TASK, a_job, a_job_id, a_stored_image, release
from tests.support.repeats import repeating

LATER = NOON + timedelta(seconds=5)
PAGE = Remains(bytes=70, sha256="0" * 64)
KEPT = (Quarantined(number=2, key="a key", remains=PAGE, reason="a page"),)
A, B = "a" * 16, "b" * 16
MOVES = [(was, to) for was, following in NEXT.items() for to in sorted(following - GONE)]
DROP = Drop(bucket="ringback-drops", key="requests/x.csv", version="v1")
CHANGES: dict[JobStatus, dict[str, Any]] = {
    JobStatus.SUBMITTING: {"attempt_id": A, "submitted_at": LATER},
    JobStatus.RUNNING: {"task_id": TASK},
    JobStatus.ARCHIVING: {"task_id": TASK, "result_urls": ("https://cdn.example/1",)},
    JobStatus.FAILED: {
        "finished_at": LATER,
        "error": JobError(kind=ErrorKind.REFUSED, code="422", message="不允许"),
    },
}


@pytest.fixture
def jobs(cloud: Cloud) -> JobTable:
    return JobTable.connect(cloud.table)


@pytest.mark.parametrize(("was", "to"), MOVES)
def test_a_move_that_the_sdk_repeated_is_ours(
    jobs: JobTable, was: JobStatus, to: JobStatus
) -> None:
    jobs.create(a_job(was))
    with repeating(jobs._client) as repeated:
        moved = jobs.move(a_job_id(), expect=[was], to=to, at=LATER, **CHANGES.get(to, {}))
    assert (moved.done, moved.job.status, repeated) == (True, to, ["UpdateItem"])
    assert (moved.job.changes, jobs.get(a_job_id()).changes) == (1, 1)


@pytest.mark.parametrize("repeats", [False, True])
def test_of_two_attempts_to_submit_one_wins(jobs: JobTable, repeats: bool) -> None:  # noqa: FBT001
    """The times are equal: only the attempt's id tells the two apart."""
    jobs.create(a_job())
    move: dict[str, Any] = {"expect": [JobStatus.ACCEPTED], "to": JobStatus.SUBMITTING, "at": LATER}
    with repeating(jobs._client) if repeats else nullcontext():
        assert jobs.move(a_job_id(), attempt_id=A, **move).done
        assert not jobs.move(a_job_id(), attempt_id=B, **move).done


def test_a_repeated_release_does_not_free_the_next_attempt(jobs: JobTable) -> None:
    """Another delivery begins the next attempt between a release and the SDK's repeat of it."""
    jobs.create(a_job(JobStatus.SUBMITTING, attempt_id=A))

    def next_attempt() -> None:
        begun = JobTable.connect(jobs._table).move(
            a_job_id(),
            expect=[JobStatus.ACCEPTED],
            to=JobStatus.SUBMITTING,
            at=LATER,
            attempt_id=B,
        )
        assert begun.done

    with repeating(jobs._client, between=next_attempt):
        released = release(jobs, A, at=LATER)
    assert not released.done
    now = jobs.get(a_job_id())
    assert (now.status, now.attempt_id) == (JobStatus.SUBMITTING, B)


def test_a_release_is_ours_though_another_delivery_has_queued_the_job_meanwhile(
    jobs: JobTable,
) -> None:
    """A duplicate delivery had to wait for its slot: the mark is another's, the release ours."""
    jobs.create(a_job(JobStatus.SUBMITTING, attempt_id=A, queued_at=NOON))
    other = JobTable.connect(jobs._table)
    with repeating(jobs._client, between=lambda: other.mark_queued(a_job_id(), at=LATER)):
        released = release(jobs, A, at=LATER)
    assert released.done


@pytest.mark.parametrize("key", [None, "k"])
def test_a_creation_that_the_sdk_repeated_is_ours(jobs: JobTable, key: str | None) -> None:
    job = a_job(idempotency_key=key)
    with repeating(jobs._client) as repeated:
        made = jobs.create(job)
    assert (made.done, made.job, len(repeated)) == (True, job, 1)
    again = jobs.create(replace(job, created_at=LATER))
    assert (again.done, again.job) == (False, job)


def test_a_transaction_names_its_request(jobs: JobTable) -> None:
    """DynamoDB answers a repeat of a finished transaction with success, by this token."""
    seen: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        seen.append(params["ClientRequestToken"])

    jobs._client.meta.events.register("provide-client-params.dynamodb.TransactWriteItems", note)
    jobs.create(a_job(idempotency_key="k"))
    assert seen == [a_job_id()]


@pytest.mark.parametrize(
    "seen", [None, Progress(made_at=NOON), Progress(made_at=NOON, row=5, offset=99)]
)
def test_progress_that_the_sdk_repeated_is_ours(cloud: Cloud, seen: Progress | None) -> None:
    table = DropProgressTable.connect(cloud.table)
    if seen:
        assert table.advance(DROP, seen=None, to=seen, at=NOON)
    to = Progress(made_at=NOON, row=9, offset=1234)
    with repeating(table._client) as repeated:
        assert table.advance(DROP, seen=seen, to=to, at=NOON)
    assert (table.read(DROP), len(repeated)) == (to, 1)
    # What another delivery writes, be it the same, is not ours.
    assert not DropProgressTable.connect(cloud.table).advance(DROP, seen=seen, to=to, at=NOON)


def test_a_lease_that_the_sdk_repeated_is_ours(cloud: Cloud) -> None:
    store = SharedToken.connect(cloud.table, "chanjing")
    term: dict[str, Any] = {"instead_of": None, "at": NOON, "until": LATER}
    token = AccessToken(value="t", expires_at=NOON + timedelta(days=1))
    with repeating(store._client) as repeated:
        assert store.lease(A, **term)
        assert not store.lease(B, **term)
        store.put(token, lease=A)
    assert (store.read(), len(repeated)) == (token, 3)


def test_a_call_that_the_sdk_noted_twice_counts_once(cloud: Cloud) -> None:
    window = RateWindowTable.connect(cloud.table, {"kie": Pace(limit=1, seconds=10)})
    with repeating(window._client):
        first = window.take("kie", at=NOON, slot=None)
    assert first.wait == 0
    assert window.take("kie", at=NOON + timedelta(seconds=1), slot=None).wait > 0


def test_changes_of_an_account_that_the_sdk_repeated_are_ours(cloud: Cloud) -> None:
    accounts = AccountTable.connect(cloud.table)
    first, second, third = (Probe(provider="kie", probe_id=each) for each in (A, B, "c" * 16))
    refusal: dict[str, Any] = {
        "reason": PauseReason.NO_CREDITS,
        "probe_at": LATER,
        "refused_job": a_job_id(),
    }
    with repeating(accounts._client) as repeated:
        changes = [
            accounts.pause(first, at=NOON, began_at=NOON, **refusal),
            accounts.probe_failed(first, next_at=LATER),
            accounts.send_probe(
                second, seen=Pause(reason="", since=NOON, probe_at=NOON), probe_at=LATER
            ),
            accounts.half_open("kie", at=LATER, probe_id=B),
            accounts.claim_trial("kie", a_job_id(), at=LATER, until=LATER + timedelta(minutes=2)),
            accounts.end_trial("kie", a_job_id(), at=LATER),
            accounts.pause(third, at=LATER, began_at=LATER, **refusal),
            accounts.half_open("kie", at=LATER, probe_id=None),
            accounts.open("kie", at=LATER, began_at=LATER),
            accounts.hold("kie", Hold(reason="maintenance", since=NOON, until=LATER)),
        ]
    assert [change.done for change in changes] == [True] * 10
    assert len(repeated) == 10
    assert [change.account.pause is None for change in changes] == [False] * 8 + [True] * 2


def test_notes_that_the_sdk_repeated_are_written_once(jobs: JobTable) -> None:
    jobs.create(a_job())
    jobs.create(a_job(JobStatus.ARCHIVING, number=1))
    with repeating(jobs._client) as repeated:
        jobs.mark_queued(a_job_id(), at=LATER)
        jobs.add_images(a_job_id(1), a_stored_image(), at=LATER)
        jobs.add_quarantined(a_job_id(1), KEPT)
        jobs.add_thumbnails(a_job_id(1), {1: "images/1.webp"})
    assert jobs.get(a_job_id()).queued_at == LATER
    job = jobs.get(a_job_id(1))
    assert job.images == (replace(a_stored_image(), thumbnail="images/1.webp"),)
    assert (job.quarantined, len(repeated)) == (KEPT, 4)
