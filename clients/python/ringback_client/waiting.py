"""Wait for jobs over the live line; jobs are asked for only where it is not available."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from ringback_client.calls import get_job
from ringback_client.errors import (
    LineRefused,
    NoAnswer,
    NotConfigured,
    NotTrusted,
    Unavailable,
    WaitTimedOut,
)
from ringback_client.reading import parsed
from ringback_client.records.jobs import DELETED, FINAL, Event, Job
from ringback_client.retrying import Sender
from ringback_client.settings import LIVE_URL, Settings
from ringback_client.steps import Emit, Hear, LineClosed, Open, Say, Sleep, Steps

ANSWER_SECONDS: Final = 30.0
# API Gateway ends a connection after ten silent minutes. In rare cases an event is lost, so after
# half of that the jobs are read once.
SILENCE_SECONDS: Final = 300.0
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 30.0
WIDENING: Final = 1.5
# A network may be away while one waits: a computer sleeps, or changes its place.
OUTAGES: Final = (NoAnswer, Unavailable)
OUTAGE_SECONDS: Final = 600.0
# Events that come again after a new connection.
REMEMBERED_EVENTS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """``monotonic`` are seconds, ``random`` numbers from 0 to 1."""

    settings: Settings
    send: Sender
    random: Callable[[], float]
    monotonic: Callable[[], float]

    def until_final(
        self,
        job_ids: Iterable[str],
        *,
        timeout: float | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> Steps[list[Job]]:
        """Emit each job when it has ended, and return them all.

        Raises ``WaitTimedOut``, and ``NoAnswer`` or ``Unavailable`` after ten minutes of nothing
        else.
        """
        pending, ended = dict.fromkeys(job_ids), list[Job]()
        until = inf if timeout is None else self.monotonic() + timeout
        pause, answered_at = FIRST_PAUSE_SECONDS, self.monotonic()
        while pending:
            # First the line, then the jobs: what ends in between is told on the line.
            is_open = yield from self._is_opened()
            try:
                yield from self._read([*pending], pending, ended)
                answered_at = self.monotonic()
            except OUTAGES as error:
                is_certain = isinstance(error, NotTrusted)
                if is_certain or self.monotonic() - answered_at > OUTAGE_SECONDS:
                    raise
                is_open = False
            left = until - self.monotonic()
            if pending and left <= 0:
                raise WaitTimedOut(list(pending))
            if is_open:
                pause = FIRST_PAUSE_SECONDS
                with suppress(*OUTAGES):  # it is read again
                    yield from self._hear(pending, ended, until, on_event)
            elif pending:
                yield Sleep(min(pause * (0.5 + 0.5 * self.random()), left))
                pause = min(pause * WIDENING, LONGEST_PAUSE_SECONDS)
        return ended

    def _read(
        self, asked: Iterable[str], pending: dict[str, None], ended: list[Job]
    ) -> Steps[None]:
        """Emit those that have ended, and move them from ``pending`` to ``ended``."""
        for job_id in asked:
            job = yield from self.send(get_job(job_id))
            if job.is_final:
                del pending[job_id]
                ended.append(job)
                yield Emit(job)

    def _hear(
        self,
        pending: dict[str, None],
        ended: list[Job],
        until: float,
        on_event: Callable[[Event], None] | None,
    ) -> Steps[None]:
        """Return once all have ended, or it is time to read the jobs again."""
        while pending and (left := until - self.monotonic()) > 0:
            try:
                text = yield Hear(min(left, SILENCE_SECONDS))
                events = _events_in(text)
            except LineClosed:
                return
            if text is None:
                return
            for event in events:
                if (job_id := str(event.get("subject"))) in pending:
                    if on_event is not None:
                        on_event(event)
                    if _status_in(event) in {*FINAL, DELETED}:
                        yield from self._read([job_id], pending, ended)

    def _is_opened(self) -> Steps[bool]:
        if not self.settings.live_url:
            return False
        try:
            yield from self._open(since=None)
        except (LineClosed, LineRefused):
            return False  # if the key is the reason, reading the job says so
        return True

    def _open(self, *, since: str | None) -> Steps[list[Event]]:
        """Return the events that came before the answer: what was missed since then."""
        missed = list[Event]()
        yield Open()
        asked = {"key": self.settings.key} | ({"since": since} if since else {})
        yield Say(json.dumps(asked))
        while True:
            text = yield Hear(ANSWER_SECONDS)
            if text is None:
                raise LineClosed("no answer in time")
            message = _message(text)
            if "refused" in message:
                raise LineRefused(f"The live line refuses: {message['refused']}")
            missed += _events_in(text)
            if "following" in message:
                return missed

    def check(self) -> Steps[None]:
        """Open the line once. Raises ``LineRefused``, ``NotConfigured`` or ``NoAnswer``."""
        self._need_line()
        try:
            yield from self._open(since=None)
        except LineClosed as error:
            raise NoAnswer(f"The live line does not answer: {error}") from error

    def _need_line(self) -> None:
        if not self.settings.live_url:
            raise NotConfigured(f"No live line: set {LIVE_URL} to the stack's output LiveApiUrl.")

    def events(self, *, since: str | None = None) -> Steps[None]:
        """Emit the client's events for ever, each once; connects again when it must.

        Raises ``LineRefused``, or ``NotConfigured`` if there is no live line.
        """
        self._need_line()
        known = deque[str](maxlen=REMEMBERED_EVENTS)
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                events = yield from self._open(since=since)
                pause = FIRST_PAUSE_SECONDS
                while True:
                    for event in events:
                        since = max(since or "", str(event.get("time", "")))
                        if event.get("id") not in known:
                            known.append(str(event.get("id")))
                            yield Emit(event)
                    events = _events_in((yield Hear(SILENCE_SECONDS)))
            except LineClosed:
                yield Sleep(pause * (0.5 + 0.5 * self.random()))
                pause = min(pause * WIDENING, LONGEST_PAUSE_SECONDS)


def _message(text: str | None) -> Mapping[str, Any]:
    try:
        message = parsed(text or "{}")
    except ValueError as error:
        raise LineClosed("a message that is not JSON") from error
    if not isinstance(message, dict):
        raise LineClosed("a message that is no object")
    return message


def _events_in(text: str | None) -> list[Event]:
    events = _message(text).get("events", [])
    return [each for each in events if isinstance(each, dict)] if isinstance(events, list) else []


def _status_in(event: Event) -> object:
    data = event.get("data")
    return data.get("status") if isinstance(data, dict) else None
