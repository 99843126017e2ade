"""The local AWS limits event sources by a number, as CloudFormation would make it."""

from typing import Any

import pytest

from local import event_sources


class Functions:
    """Lambda's API, with three event sources."""

    def __init__(self) -> None:
        self.updated: list[dict[str, Any]] = []

    def client(self, _service: str, *, endpoint_url: str) -> "Functions":
        assert endpoint_url == "http://aws"
        return self

    def list_event_source_mappings(self) -> dict[str, Any]:
        limits = [{"ScalingConfig": {"MaximumConcurrency": each}} for each in ("5", 2)]
        return {"EventSourceMappings": [{"UUID": str(n), **x} for n, x in enumerate([*limits, {}])]}

    def update_event_source_mapping(self, **changes: Any) -> None:
        self.updated.append(changes)


def test_text_becomes_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    functions = Functions()
    monkeypatch.setattr(event_sources, "administrator", lambda: functions)
    event_sources.number_concurrency("http://aws")
    assert functions.updated == [
        {"UUID": "0", "ScalingConfig": {"MaximumConcurrency": 5}},
        {"UUID": "1", "ScalingConfig": {"MaximumConcurrency": 2}},
    ]
