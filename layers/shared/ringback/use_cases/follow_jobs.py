"""Let a client follow its jobs over a connection, and send it what it has missed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from ringback.domain.client_keys import LIVE, ClientKey
from ringback.domain.events import Event
from ringback.domain.jobs import Job, JobId
from ringback.domain.live import (
    MAX_CONNECTIONS,
    CloudEvent,
    Connection,
    FollowRequest,
    Missed,
    events_messages,
    following_message,
    refused_message,
)
from ringback.use_cases.authorize_client import StoredKeys, key_in, known_key, scope_fault
from ringback.use_cases.live_ports import Followers, KeptEvents, Lines

UNKNOWN_KEY: Final = "unknown API key"
# BatchGetItem reads so many items.
MAX_READ: Final = 100
# The rest of the function's time is for the last messages and the answer.
SECONDS_LEFT: Final = 15.0


class FindsJobs(Protocol):
    def find(self, job_ids: Sequence[JobId]) -> Sequence[Job]:
        """Return those of at most 100 jobs that exist, in any order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowJobs:
    """Safe to repeat. ``make`` returns the last events of a job.

    ``why_not`` is why nobody can follow, empty if clients can.
    """

    keys: StoredKeys
    followers: Followers
    kept: KeptEvents
    jobs: FindsJobs
    lines: Lines
    make: Callable[[Job], Sequence[Event]]
    now: Callable[[], datetime]
    why_not: str = ""

    def __call__(
        self, request: FollowRequest, *, seconds_left: Callable[[], float]
    ) -> ClientKey | None:
        """Return the key whose client follows from now on, ``None`` if it was refused."""
        key = self._current_key(f"Bearer {request.key}")
        why_not = self.why_not or scope_fault(LIVE, key.scopes) if key else UNKNOWN_KEY
        if key is None or why_not:
            self.refuse(request.connection, why_not)
            return None
        client = key.client
        # Before anything is read: what happens from here on is sent to the connection.
        self._add(client, request.connection)
        sent, is_complete = 0, True
        if request.since:
            missed = self.kept.since(client, request.since, at=self.now())
            sent, is_complete = self._send(missed, client, request.connection, seconds_left)
        self.lines.send(
            request.connection, following_message(client, missed=sent, is_complete=is_complete)
        )
        return key

    def _current_key(self, authorization: str) -> ClientKey | None:
        """Return the key as it is stored now.

        Revoking one closes its connections. A client connects again at once, and a cached key would
        let it follow for two hours more.
        """
        if known_key(authorization, self.keys) is None:
            return None
        return key_in(authorization, self.keys(at_most_old=0))

    def refuse(self, connection: Connection, reason: str) -> None:
        self.lines.send(connection, refused_message(reason))
        self.lines.close(connection)

    def _add(self, client: str, connection: Connection) -> None:
        at = self.now()
        everyone = self.followers.add(client, connection, at=at)
        ended = [each for each in everyone if each.is_over(at=at)]
        others = [each for each in everyone if each.id != connection.id and each not in ended]
        too_many = others[: max(0, len(others) + 1 - MAX_CONNECTIONS)]
        for each in too_many:
            self.lines.close(each)
        if ended or too_many:
            self.followers.remove(client, [*ended, *too_many])

    def _send(
        self,
        missed: Missed,
        client: str,
        connection: Connection,
        seconds_left: Callable[[], float],
    ) -> tuple[int, bool]:
        """Return how many events were sent, and whether these are all."""
        sent = 0
        for events in self._parts(client, missed):
            if seconds_left() < SECONDS_LEFT:
                return sent, False
            for message in events_messages(events):
                if not self.lines.send(connection, message):
                    return sent, False
            sent += len(events)
        return sent, missed.is_complete

    def _parts(self, client: str, missed: Missed) -> Iterator[Sequence[CloudEvent]]:
        yield missed.others
        for start in range(0, len(missed.job_ids), MAX_READ):
            jobs = self.jobs.find(missed.job_ids[start : start + MAX_READ])
            own = sorted(
                (job for job in jobs if job.client == client), key=lambda job: job.updated_at
            )
            yield [event.cloud_event() for job in own for event in self.make(job)]
