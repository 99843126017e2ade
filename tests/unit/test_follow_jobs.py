"""A client's first message on a connection."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from ringback.domain.events import Event
from ringback.domain.jobs import Job, JobStatus
from ringback.domain.live import CONNECTION_LASTS, MAX_CONNECTIONS, Connection, FollowRequest
from ringback.use_cases.authorize_client import StoredKeys
from ringback.use_cases.follow_jobs import MAX_READ, SECONDS_LEFT, UNKNOWN_KEY, FollowJobs
from ringback.use_cases.make_events import last_events_of_job

from tests.support.client_keys import scoped
from tests.support.in_memory import InMemoryJobs
from tests.support.jobs import NOON, a_job
from tests.support.live import InMemoryFollowers, InMemoryKept, InMemoryLines, a_connection
from tests.support.provider_apis import Hashes
from tests.unit.test_live import event

KEY = "rb-key-of-the-studio"
CONNECTION = a_connection()


DIGEST = sha256(KEY.encode()).hexdigest()
WRITER = "rb-key-that-only-writes"


def hashes(*, at_most_old: float | None = None) -> dict[str, Any]:
    return {"studio": DIGEST} | scoped("studio", sha256(WRITER.encode()).hexdigest(), "jobs:write")


def make(job: Job) -> list[Event]:
    return last_events_of_job(job, source="/ringback/x", show=lambda each: {"status": each.status})


@dataclass
class World:
    followers: InMemoryFollowers = field(default_factory=InMemoryFollowers)
    kept: InMemoryKept = field(default_factory=InMemoryKept)
    jobs: InMemoryJobs = field(default_factory=InMemoryJobs)
    lines: InMemoryLines = field(default_factory=InMemoryLines)
    keys: StoredKeys = hashes

    def follow(self, key: str = KEY, *, seconds: float = 28.0, **request: Any) -> str | None:
        follow = FollowJobs(
            keys=self.keys,
            followers=self.followers,
            kept=self.kept,
            jobs=self.jobs,
            lines=self.lines,
            make=make,
            now=lambda: NOON,
        )
        given = FollowRequest(connection=CONNECTION, key=key, **request)
        followed = follow(given, seconds_left=lambda: seconds)
        return followed.client if followed else None

    def changed(self, *jobs: Job) -> None:
        for job in jobs:
            self.jobs.create(job)
            self.kept.add("studio", make(job), at=NOON)

    @property
    def answer(self) -> Any:
        return self.lines.sent[-1][1]


def following(missed: int = 0, *, complete: bool = True) -> dict[str, Any]:
    return {"following": {"client": "studio", "missed": missed, "complete": complete}}


def test_a_client_with_a_key_follows() -> None:
    world = World()
    assert world.follow() == "studio"
    assert world.followers.connections == {"studio": [CONNECTION]}
    assert world.lines.sent == [(CONNECTION.id, following())]
    assert world.lines.closed == []


@pytest.mark.parametrize("key", ["", "rb-unknown", f"Bearer {KEY}", DIGEST])
def test_an_unknown_key_is_refused_and_recorded_nowhere(key: str) -> None:
    world = World()
    assert world.follow(key) is None
    assert world.followers.connections == {}
    assert world.lines.sent == [(CONNECTION.id, {"refused": UNKNOWN_KEY})]
    assert world.lines.closed == [CONNECTION.id]


def test_who_connects_again_with_a_key_that_was_just_revoked_is_refused() -> None:
    world = World(keys=Hashes(cached=dict(hashes()), stored={}))
    assert world.follow() is None
    assert world.followers.connections == {}
    assert world.lines.closed == [CONNECTION.id]


def test_what_was_missed_is_sent_before_the_answer() -> None:
    world = World()
    jobs = [
        a_job(JobStatus.RUNNING, number=number, updated_at=NOON - timedelta(seconds=number))
        for number in range(3)
    ]
    world.changed(*jobs)
    drop = replace(event(), subject="requests/a.csv@1", type="ringback.drop.finished")
    world.kept.add("studio", [drop], at=NOON)
    assert world.follow(since=NOON) == "studio"
    # Oldest change first.
    assert world.lines.events_of(CONNECTION.id) == [
        drop.id,
        *(each.id for job in reversed(jobs) for each in make(job)),
    ]
    assert world.answer == following(4)


def test_who_does_not_say_since_when_is_sent_nothing_old() -> None:
    world = World()
    world.changed(a_job())
    world.follow()
    assert world.lines.sent == [(CONNECTION.id, following())]


def test_another_client_s_job_is_never_sent() -> None:
    world = World()
    world.changed(a_job(client="shop"))
    world.follow(since=NOON)
    assert world.lines.sent == [(CONNECTION.id, following())]


def test_many_jobs_are_read_a_hundred_at_a_time() -> None:
    world = World()
    world.changed(*(a_job(number=number) for number in range(MAX_READ + 5)))
    world.follow(since=NOON)
    assert len(set(world.lines.events_of(CONNECTION.id))) == MAX_READ + 5
    assert world.answer == following(MAX_READ + 5)


@pytest.mark.parametrize(("seconds", "complete"), [(SECONDS_LEFT, True), (14.9, False)])
def test_what_time_does_not_allow_is_said(seconds: float, *, complete: bool) -> None:
    world = World()
    world.changed(a_job())
    world.follow(since=NOON, seconds=seconds)
    assert world.answer == following(int(complete), complete=complete)


def test_an_incomplete_answer_says_so() -> None:
    world = World(kept=InMemoryKept(is_complete=False))
    world.changed(a_job())
    world.follow(since=NOON)
    assert world.answer == following(1, complete=False)


def test_nothing_more_is_sent_to_who_has_left() -> None:
    world = World(lines=InMemoryLines(dead={CONNECTION.id}))
    world.changed(*(a_job(number=number) for number in range(3)))
    assert world.follow(since=NOON) == "studio"
    assert world.lines.sent == []


def test_an_answer_is_not_complete_without_what_was_not_taken() -> None:
    class Once(InMemoryLines):
        def send(self, connection: Connection, message: str) -> bool:
            return "events" not in message and super().send(connection, message)

    world = World(lines=Once())
    world.changed(a_job())
    world.follow(since=NOON)
    assert world.answer == following(0, complete=False)


def test_one_connection_too_many_closes_the_oldest() -> None:
    world = World()
    before = [a_connection(-number) for number in range(MAX_CONNECTIONS, 0, -1)]
    world.followers.connections["studio"] = before.copy()
    world.follow()
    assert world.lines.closed == [before[0].id]
    assert world.followers.connections["studio"] == [*before[1:], CONNECTION]


def test_repeating_the_message_closes_nothing() -> None:
    world = World()
    others = [a_connection(number) for number in range(1, MAX_CONNECTIONS)]
    world.followers.connections["studio"] = others.copy()
    world.follow()
    world.follow()
    assert world.lines.closed == []
    assert len(world.followers.connections["studio"]) == MAX_CONNECTIONS


def test_connections_that_are_over_are_forgotten() -> None:
    world = World()
    old = a_connection(1, opened_at=NOON - CONNECTION_LASTS - timedelta(seconds=1))
    world.followers.connections["studio"] = [old]
    world.follow()
    assert world.followers.connections["studio"] == [CONNECTION]
    assert world.lines.closed == []


def test_a_key_that_may_not_read_does_not_follow() -> None:
    world = World()
    assert world.follow(WRITER) is None
    assert world.answer == {"refused": "This key lacks the scope `jobs:read`."}
    assert world.followers.of("studio", at=NOON) is None
