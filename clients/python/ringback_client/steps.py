"""What the client does, as steps that a transport carries out, blocking or not.

Everything that decides (retries, waiting, pages, downloads) is a generator of these; so it is
written once for both clients.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request to the API; gives an ``Answer``, or raises ``NotSent`` or ``NoAnswer``."""

    method: str
    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NotSent(Exception):
    """The connection was not made: the API has seen nothing of the request."""


@dataclass(frozen=True, slots=True)
class Sleep:
    seconds: float


@dataclass(frozen=True, slots=True)
class Open:
    """Connect to the live line, instead of an earlier connection; raises ``LineClosed``."""


@dataclass(frozen=True, slots=True)
class Say:
    """Send a message; raises ``LineClosed``."""

    text: str


@dataclass(frozen=True, slots=True)
class Hear:
    """Give the next message, or None after so many seconds; raises ``LineClosed``."""

    seconds: float


class LineClosed(Exception):
    """The live line is not available, or no longer."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """Write what a link gives to a file, from ``offset`` on if the server can; gives the status.

    At most ``limit`` bytes are written; what is not 200 or 206 is not. Raises ``NotSent``,
    ``NoAnswer`` or ``OSError``, ``BlockingIOError`` while another download writes the file.
    """

    url: str
    path: Path
    offset: int
    limit: int


@dataclass(frozen=True, slots=True)
class SendForm:
    """Post fields, then the file from its beginning, without the key; gives an ``Answer``.

    ``told`` is called with how many of its bytes have been read. Raises ``NoAnswer``.
    """

    url: str
    fields: Mapping[str, str]
    file: BinaryIO
    told: Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Emit:
    """Hand one item to whoever iterates."""

    item: Any


Step: TypeAlias = Send | Sleep | Open | Say | Hear | Fetch | SendForm | Emit
Steps: TypeAlias = Generator[Step, Any, T]


class Walk(Generic[T]):
    """Takes steps one after the other; ``value`` is what they return in the end."""

    value: T

    def __init__(self, steps: Steps[T]) -> None:
        self._steps = steps
        self.result: Any = None
        self.failure: Exception | None = None

    def next(self) -> Step | None:
        """Hand over what came of the last step, and return the next one, if there is one."""
        result, failure = self.result, self.failure
        self.result = self.failure = None
        try:
            return self._steps.send(result) if failure is None else self._steps.throw(failure)
        except StopIteration as end:
            self.value = end.value
            return None
