"""What is told to whom, and what happens if one of them takes nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from ringback.domain.accounts import Account, Pause
from ringback.domain.changes import AccountChange, Change, FinishedDrop, JobChange
from ringback.domain.drops import Drop
from ringback.domain.errors import NotTold
from ringback.domain.events import Event
from ringback.domain.jobs import FINAL, Job, JobStatus
from ringback.use_cases.deliveries import ReceiverUrls
from ringback.use_cases.make_events import MakeEvents
from ringback.use_cases.publish_events import PublishEvents

from tests.support.deletions import tombstone_of
from tests.support.in_memory import InMemoryBus, InMemoryNotifications, InMemoryTold
from tests.support.jobs import NOON, a_job, a_job_id, a_request, a_stored_image
from tests.support.webhooks import InMemoryWebhookClients

URL = "https://studio.example/hook"
LATER = NOON + timedelta(seconds=5)
PAUSED = AccountChange(
    Account(provider="kie"),
    Account(provider="kie", pause=Pause(reason="no_credits", since=NOON, probe_at=LATER)),
)
FINISHED = FinishedDrop(
    drop=Drop(bucket="drops", key="requests/a.csv", version="1"), client="drop", at=NOON, summary={}
)


class Broken(Exception):
    pass


@dataclass
class Connections:
    sent: list[str] = field(default_factory=list)
    error: Exception | None = None

    def send(self, events: Sequence[Event]) -> None:
        if self.error:
            raise self.error
        self.sent += [event.state for event in events]


@dataclass
class Published:
    bus: InMemoryBus = field(default_factory=InMemoryBus)
    notifications: Any = field(default_factory=InMemoryNotifications)
    connections: Connections = field(default_factory=Connections)
    told: InMemoryTold = field(default_factory=InMemoryTold)
    show_job: Callable[[Job], dict[str, Any]] = lambda job: {}
    unsent: list[Exception] = field(default_factory=list)

    def __call__(self, *changes: Change | None) -> list[Exception | None]:
        make = MakeEvents(source="/ringback/x", show_job=self.show_job, show_account=lambda _: {})
        publish = PublishEvents(
            make=make,
            bus=self.bus,
            receivers=ReceiverUrls(clients=InMemoryWebhookClients()),
            notifications=self.notifications,
            connections=self.connections,
            told=self.told,
            unsent=self.unsent.append,
        )
        return publish(changes)

    @property
    def on_the_bus(self) -> list[str]:
        return [event.id for event in self.bus.events]


def a_change(to: JobStatus, *, number: int = 0, url: str | None = None) -> JobChange:
    request = replace(a_request(), call_back_url=url)
    old = a_job(JobStatus.RUNNING, number=number, changes=2, request=request)
    return JobChange(old, replace(old, status=to, changes=3))


def a_deletion(**request: Any) -> JobChange:
    sent = replace(a_request(), call_back_url=URL, **request)
    old = a_job(JobStatus.DELETING, changes=5, request=sent)
    return JobChange(old, tombstone_of(old, at=NOON))


@pytest.mark.parametrize("status", JobStatus)
def test_only_the_end_of_a_job_goes_to_the_bus_and_its_receiver(status: JobStatus) -> None:
    published = Published()
    assert published(a_change(status, url=URL)) == [None]
    is_told = status in FINAL or status is JobStatus.DELETED
    told = [f"{a_job_id()}:{status}:3"] if is_told else []
    assert published.on_the_bus == told
    assert [(event.id, url) for event, url in published.notifications.sent] == [
        (each, URL) for each in told
    ]
    assert published.told.marks == ({a_job_id(): 3} if told else {})
    assert published.connections.sent == [status]


def test_a_deletion_is_told_to_the_receiver_of_what_is_gone() -> None:
    published = Published()
    assert published(a_deletion()) == [None]
    [(event, url)] = published.notifications.sent
    assert (event.id, url) == (f"{a_job_id()}:deleted:6", URL)
    assert published.on_the_bus == [event.id]


def test_a_deletion_that_is_told_again_has_the_same_receiver() -> None:
    """Which the tombstone names until it was told; that it forgets it is no news."""
    left = a_deletion().new
    again = replace(left, tell_again_at=NOON)
    published = Published()
    assert published(JobChange(left, again)) == [None]
    [(event, url)] = published.notifications.sent
    assert (event.id, event.time, url) == (f"{a_job_id()}:deleted:6", left.updated_at, URL)
    assert published.told.marks == {a_job_id(): 6}
    forgotten = replace(again, request=replace(again.request, call_back_url=None))
    assert published(JobChange(again, forgotten)) == [None]
    assert published.on_the_bus == [event.id]


def test_a_provider_s_own_form_has_no_word_for_a_deletion() -> None:
    published = Published()
    assert published(a_deletion(form="kie")) == [None]
    assert (published.on_the_bus, published.notifications.sent) == (
        [f"{a_job_id()}:deleted:6"],
        [],
    )


def test_a_client_without_a_receiver_is_told_on_the_bus_only() -> None:
    published = Published()
    published(a_change(JobStatus.FAILED))
    assert (len(published.on_the_bus), published.notifications.sent) == (1, [])


def test_accounts_and_drops_go_to_the_bus() -> None:
    published = Published()
    assert published(PAUSED, None, FINISHED) == [None, None, None]
    assert [event.type for event in published.bus.events] == [
        "ringback.account.paused",
        "ringback.drop.finished",
    ]
    assert published.told.marks == {}


def test_what_is_no_news_is_told_to_nobody() -> None:
    published, job = Published(), a_change(JobStatus.FAILED, url=URL).new
    assert published(JobChange(job, replace(job, answer="x")), None) == [None, None]
    assert (published.on_the_bus, published.connections.sent) == ([], [])
    assert published.notifications.sent == []
    assert published.told.marks == {}


def test_a_thumbnail_is_told_to_who_follows_only() -> None:
    published = Published()
    job = a_job(JobStatus.SUCCEEDED, images=(a_stored_image(1),), changes=4)
    job = replace(job, request=replace(a_request(), call_back_url=URL))
    made = replace(job, images=(replace(a_stored_image(1), thumbnail="1.webp"),))
    assert published(JobChange(job, made)) == [None]
    assert published.connections.sent == ["thumbnail_made"]
    assert (published.on_the_bus, published.notifications.sent) == ([], [])
    assert published.told.marks == {}


def test_events_are_told_in_the_order_of_the_changes() -> None:
    published, job = Published(), a_job(JobStatus.FAILED, changes=3)
    again = replace(job, status=JobStatus.ARCHIVING, changes=4)
    made = replace(job, status=JobStatus.SUCCEEDED, changes=5)
    published(a_change(JobStatus.FAILED), JobChange(job, again), JobChange(again, made))
    assert published.connections.sent == ["failed", "archiving", "succeeded"]
    assert published.on_the_bus == [f"{a_job_id()}:failed:3", f"{a_job_id()}:succeeded:5"]
    assert published.told.marks == {a_job_id(): 5}


def test_what_the_bus_does_not_take_is_not_told() -> None:
    published = Published()
    published.bus.refused = {f"{a_job_id(1)}:failed:3": "ThrottlingException"}
    errors = published(*[a_change(JobStatus.FAILED, number=number) for number in range(3)])
    assert [type(error) for error in errors] == [type(None), NotTold, type(None)]
    assert str(errors[1]) == "ThrottlingException"
    assert published.told.marks == {a_job_id(0): 3, a_job_id(2): 3}


def test_one_job_that_cannot_be_shown_holds_up_no_other() -> None:
    def show(job: Job) -> dict[str, Any]:
        if job.job_id == a_job_id(1):
            raise Broken
        return {}

    published = Published(show_job=show)
    errors = published(*[a_change(JobStatus.FAILED, number=number) for number in range(3)])
    assert [type(error) for error in errors] == [type(None), Broken, type(None)]
    assert published.connections.sent == ["failed", "failed"]
    assert published.told.marks == {a_job_id(0): 3, a_job_id(2): 3}


def test_a_job_whose_receiver_was_not_told_is_not_marked() -> None:
    class Queue:
        def add(self, event: Event, *, job: Job, url: str) -> None:
            raise Broken

    published = Published(notifications=Queue())
    (error,) = published(a_change(JobStatus.FAILED, url=URL))
    assert isinstance(error, Broken)
    assert (published.on_the_bus, published.told.marks) == ([], {})


def test_connections_hold_up_nothing() -> None:
    error = Broken()
    published = Published(connections=Connections(error=error))
    assert published(a_change(JobStatus.FAILED)) == [None]
    assert published.unsent == [error]
    assert published.told.marks == {a_job_id(): 3}


def test_nothing_is_marked_that_may_not_have_been_told() -> None:
    class Killed(BaseException):
        pass

    class Bus(InMemoryBus):
        def put(self, events: Sequence[Event]) -> dict[str, str]:
            raise Killed

    published = Published(bus=Bus())
    with pytest.raises(Killed):
        published(a_change(JobStatus.FAILED))
    assert published.told.marks == {}
