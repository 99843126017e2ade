"""Each change of a state makes one event, and always the same one."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from ringback.domain import canary
from ringback.domain.accounts import Account, Hold, Pause, PauseReason
from ringback.domain.changes import AccountChange, FinishedDrop, JobChange, ReceiverOff
from ringback.domain.drops import Drop
from ringback.domain.events import Event
from ringback.domain.jobs import FINAL, NEXT, Job, JobStatus
from ringback.domain.receivers import OffReason, Receiver
from ringback.use_cases.make_events import MakeEvents, last_events_of_job

from tests.support.jobs import NOON, a_job, a_job_id, a_stored_image

LATER = NOON + timedelta(seconds=5)
MAKE = MakeEvents(
    source="/ringback/prod",
    show_job=lambda job: {"status": job.status},
    show_account=lambda account: {"provider": account.provider},
)
OPEN = Account(provider="kie")
PAUSE = Pause(reason=PauseReason.NO_CREDITS, since=NOON, probe_at=LATER)
PAUSED = replace(OPEN, pause=PAUSE)
HALF_OPEN = replace(OPEN, pause=replace(PAUSE, half_open_at=LATER))
OPEN_AGAIN = replace(OPEN, opened_at=LATER)


def test_an_event_of_a_job() -> None:
    old = a_job(JobStatus.ARCHIVING, changes=3)
    new = replace(old, status=JobStatus.SUCCEEDED, changes=4, updated_at=LATER)
    event = MAKE(JobChange(old, new))
    assert event == Event(
        type="ringback.job.succeeded",
        source="/ringback/prod",
        subject=a_job_id(),
        number=4,
        time=LATER,
        client="studio",
        data={"status": "succeeded"},
    )
    assert event is not None
    assert event.id == f"{a_job_id()}:succeeded:4"


def test_an_event_of_the_canary_is_of_another_type() -> None:
    old = a_job(JobStatus.ARCHIVING, changes=3, client=canary.CLIENT)
    event = MAKE(JobChange(old, replace(old, status=JobStatus.SUCCEEDED, changes=4)))
    assert event is not None
    assert (event.type, event.state) == ("ringback.canary.succeeded", "succeeded")


@pytest.mark.parametrize(("was", "to"), [(was, to) for was in NEXT for to in sorted(NEXT[was])])
def test_every_change_of_state_is_an_event(was: JobStatus, to: JobStatus) -> None:
    change = JobChange(a_job(was, changes=1), a_job(to, changes=2))
    event = MAKE(change)
    assert event is not None
    assert (event.state, event.id) == (to, f"{a_job_id()}:{to}:2")
    assert change.is_end is (to in FINAL or to is JobStatus.DELETED)


def test_a_new_job_is_an_event() -> None:
    event = MAKE(JobChange(None, a_job()))
    assert event is not None
    assert event.id == f"{a_job_id()}:accepted:0"


def test_a_change_that_an_older_version_did_not_count_is_an_event() -> None:
    event = MAKE(JobChange(a_job(JobStatus.RUNNING), a_job(JobStatus.FAILED)))
    assert event is not None
    assert event.id == f"{a_job_id()}:failed:0"


@pytest.mark.parametrize(
    "note", [{"queued_at": LATER}, {"updated_at": LATER}, {"task_id": "t"}, {"answer": "x"}, {}]
)
def test_a_note_is_no_event(note: dict[str, object]) -> None:
    old = a_job(JobStatus.ARCHIVING, changes=3)
    assert MAKE(JobChange(old, replace(old, **note))) is None  # type: ignore[arg-type]


def test_each_thumbnail_is_an_event_but_no_end() -> None:
    """A client that shows pictures would have to ask for them otherwise."""
    images = (a_stored_image(1), a_stored_image(2))
    job = a_job(JobStatus.SUCCEEDED, changes=4, images=images)
    one = replace(job, images=(images[0], replace(images[1], thumbnail="2.webp")))
    both = replace(job, images=tuple(replace(each, thumbnail="t") for each in images))
    changes = [JobChange(job, one), JobChange(one, both)]
    events = [event for event in map(MAKE, changes) if event]
    expected = [f"{a_job_id()}:thumbnail_made:{number}" for number in (1, 2)]
    assert [event.id for event in events] == expected
    assert [event.type for event in events] == ["ringback.job.thumbnail_made"] * 2
    assert not any(change.is_end for change in changes)
    assert MAKE(JobChange(both, replace(both, answer="x"))) is None


def test_who_was_away_is_told_of_the_state_and_of_thumbnails() -> None:
    images = (replace(a_stored_image(1), thumbnail="1.webp"), a_stored_image(2))
    job = a_job(JobStatus.SUCCEEDED, changes=4, images=images)
    last = partial(last_events_of_job, source="/ringback/prod", show=lambda _job: {})
    ids = [event.id for event in last(job)]
    assert ids == [f"{a_job_id()}:succeeded:4", f"{a_job_id()}:thumbnail_made:1"]
    assert [event.id for event in last(replace(job, images=()))] == ids[:1]


def test_an_event_that_was_asked_for_again_is_the_same_event() -> None:
    old: Job = a_job(JobStatus.RUNNING, changes=2)
    new = replace(old, status=JobStatus.FAILED, changes=3, updated_at=LATER)
    again = replace(new, tell_again_at=LATER + timedelta(minutes=9))
    assert MAKE(JobChange(new, again)) == MAKE(JobChange(old, new))


@pytest.mark.parametrize(
    ("old", "new", "state", "at"),
    [
        (OPEN, PAUSED, "paused", NOON),
        (OPEN_AGAIN, PAUSED, "paused", NOON),
        (HALF_OPEN, OPEN_AGAIN, "resumed", LATER),
        (PAUSED, OPEN_AGAIN, "resumed", LATER),
    ],
)
def test_an_account_is_paused_and_resumed(
    old: Account, new: Account, state: str, at: datetime
) -> None:
    event = MAKE(AccountChange(old, new))
    assert event == Event(
        type=f"ringback.account.{state}",
        source="/ringback/prod",
        subject="kie",
        number=int(at.timestamp() * 1000),
        time=at,
        data={"provider": "kie"},
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (PAUSED, HALF_OPEN),
        (HALF_OPEN, PAUSED),
        (PAUSED, PAUSED),
        (OPEN, replace(OPEN, hold=Hold(reason="maintenance", since=NOON, until=LATER))),
        (OPEN, OPEN_AGAIN),
    ],
)
def test_other_changes_of_an_account_are_no_events(old: Account, new: Account) -> None:
    assert MAKE(AccountChange(old, new)) is None


def test_each_upload_of_a_file_finishes_with_an_event_of_its_own() -> None:
    drops = [Drop(bucket="drops", key="requests/a.csv", version=version) for version in ("1", "2")]
    summary = {"rows": 3}
    events = [
        MAKE(FinishedDrop(drop=drop, client="drop", at=NOON, summary=summary)) for drop in drops
    ]
    assert [event and event.id for event in events] == [
        "requests/a.csv@1:finished:1",
        "requests/a.csv@2:finished:1",
    ]
    assert events[0] == Event(
        type="ringback.drop.finished",
        source="/ringback/prod",
        subject="requests/a.csv@1",
        number=1,
        time=NOON,
        client="drop",
        data=summary,
    )


def test_a_cloud_event_names_its_client_if_it_has_one() -> None:
    event = MAKE(JobChange(None, a_job()))
    assert event is not None
    assert event.cloud_event() == {
        "specversion": "1.0",
        "id": f"{a_job_id()}:accepted:0",
        "type": "ringback.job.accepted",
        "source": "/ringback/prod",
        "subject": a_job_id(),
        "time": "2026-09-21T12:00:00+00:00",
        "datacontenttype": "application/json",
        "data": {"status": "accepted"},
        "client": "studio",
    }
    assert "client" not in replace(event, client=None).cloud_event()


def test_a_receiver_that_is_switched_off_is_an_event_of_its_client() -> None:
    receiver = Receiver(
        client="studio", host="studio.example", off_since=LATER, off_reason=OffReason.GONE
    )
    event = MAKE(ReceiverOff(receiver))
    assert event is not None
    assert (event.type, event.client) == ("ringback.receiver.switched_off", "studio")
    assert event.subject == "studio/studio.example"
    assert event.data == {"host": "studio.example", "reason": "gone", "since": LATER.isoformat()}
    assert MAKE(ReceiverOff(replace(receiver, off_since=None))) is None
