"""A bar on standard error, on terminals only."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class NoBar:
    """What there is where nobody looks."""

    def __call__(self, done: int) -> None:
        """Add how many have been done since."""

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bar away while something else is printed."""
        yield


@dataclass(frozen=True, slots=True)
class Bar(NoBar):
    progress: "Progress"
    task: "TaskID"

    def __call__(self, done: int) -> None:
        self.progress.advance(self.task, done)

    @contextmanager
    def aside(self) -> Iterator[None]:
        self.progress.stop()
        try:
            yield
        finally:
            self.progress.start()


@contextmanager
def progress(what: str, total: int) -> Iterator[NoBar]:
    if not sys.stderr.isatty():
        yield NoBar()
        return
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_dumb_terminal:
        yield NoBar()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    shown = Progress(
        *(BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False)),
        console=console,
        transient=True,
        # Rich would send what goes to standard output to standard error.
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with shown:
        yield Bar(shown, shown.add_task(what, total=total))
