"""Tells how much the exhaustive tests have tried; what they share."""

import io
from collections import Counter
from collections.abc import Iterator

import pytest

COUNTED = "tried: "


@pytest.fixture(scope="module")
def copies_in_memory() -> Iterator[None]:
    """Copy images through memory: ten thousand lives would wait for the disk most of their time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ringback.use_cases.archive_images.TemporaryFile", io.BytesIO)
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tried: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        tried.update(
            {
                name.removeprefix(COUNTED): number
                for name, number in report.user_properties
                if name.startswith(COUNTED)
            }
        )
    for name, number in tried.items():
        terminalreporter.write_line(f"{name}: {number:,}")
