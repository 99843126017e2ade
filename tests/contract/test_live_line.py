"""Our own client of the live line, against a server on loopback that does what it is told."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.sync.server import Server, ServerConnection, serve

from local import live_line as module
from local.failures import LocalFailure
from local.live_line import LiveLine, live_line

FOLLOWING = {"following": {"client": "studio", "missed": 0, "complete": True}}


def an_event(number: int) -> dict[str, Any]:
    return {"id": f"job_1:running:{number}", "time": f"2026-09-21T12:00:0{number}+00:00"}


def events(*numbers: int) -> dict[str, Any]:
    return {"events": [an_event(number) for number in numbers]}


class Script:
    """Each connection is sent its messages after its first one, and is then closed."""

    def __init__(self) -> None:
        self.connections: list[list[Any]] = []
        self.requests: list[Any] = []

    def __call__(self, connection: ServerConnection) -> None:
        self.requests.append(json.loads(connection.recv()))
        for message in self.connections.pop(0):
            connection.send(json.dumps(message))


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def url(script: Script, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0)
    server: Server
    with serve(script, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
    thread.join()


def first(line: LiveLine, count: int) -> list[str]:
    found = line.events(standstill=5)
    return [next(found)["id"][-1] for _ in range(count)]


def test_what_was_missed_comes_first_and_each_event_once(script: Script, url: str) -> None:
    script.connections = [[events(1), FOLLOWING, events(2, 1), events(3)]]
    with live_line(url, "rb-key") as line:
        assert first(line, 3) == ["1", "2", "3"]
    assert script.requests == [{"key": "rb-key"}]


def test_a_line_that_breaks_is_resumed_at_the_newest_event(script: Script, url: str) -> None:
    script.connections = [[FOLLOWING, events(2, 1)], [events(2, 3), FOLLOWING]]
    with live_line(url, "rb-key") as line:
        assert first(line, 3) == ["2", "1", "3"]
    assert script.requests[1] == {"key": "rb-key", "since": an_event(2)["time"]}


def test_a_line_that_breaks_before_its_answer_is_resumed_where_it_was(
    script: Script, url: str
) -> None:
    """What was missed comes in any order: the oldest of it may not have been sent yet."""
    script.connections = [[FOLLOWING, events(1)], [events(5)], [events(5, 2), FOLLOWING]]
    with live_line(url, "rb-key") as line:
        assert first(line, 1) == ["1"]
        with pytest.raises(LocalFailure):
            first(line, 1)
        assert first(line, 2) == ["5", "2"]
    assert [each.get("since") for each in script.requests[1:]] == [an_event(1)["time"]] * 2


@pytest.mark.parametrize("answer", [{"refused": "unknown API key"}, {"message": "Forbidden"}])
def test_a_refusal_is_said(script: Script, url: str, answer: Any) -> None:
    script.connections = [[answer]]
    with pytest.raises(LocalFailure, match=r"unknown API key|Forbidden"), live_line(url, "rb-key"):
        pass


def test_a_line_that_is_not_answered_fails(script: Script, url: str) -> None:
    script.connections = [[]]
    with pytest.raises(LocalFailure, match="ConnectionClosed"), live_line(url, "rb-key"):
        pass


def test_a_standstill_ends_the_wait(script: Script, url: str) -> None:
    script.connections = [[FOLLOWING]] * 50
    with live_line(url, "rb-key") as line, pytest.raises(LocalFailure, match="No event came"):
        next(line.events(standstill=0.02))
