"""Two functions at the same time, effect by effect, in an order that the test decides."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.support.effects import Effects, Fault

FOREVER = 10**9


@dataclass
class Participant:
    """A call in a thread of its own. It runs only while it has steps left."""

    act: Callable[[], None]
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    steps_left: int = 0
    effects: int = 0
    has_ended: bool = False
    error: BaseException | None = None


class Turns:
    """Decides which of two calls has its next effect, and what happens to effects of the first.

    The first call's effect number ``fault_at`` fails with ``fault``.
    """

    def __init__(self, effects: Effects, *, fault: Fault | None = None, fault_at: int = 0) -> None:
        self._effects, self._fault, self._fault_at = effects, fault, fault_at
        self._here: dict[int, Participant] = {}
        self._handed_over = threading.Semaphore(0)
        self._both: list[Participant] = []
        # The effects of the first call by number, those only that an SDK may repeat.
        self.repeatable: dict[int, str] = {}
        effects.pause, effects.plan = self.pause, self

    def interleave(
        self, first: Callable[[], None], second: Callable[[], None], switches: Sequence[int]
    ) -> list[bool]:
        """Let ``first`` take ``switches[0]`` steps, ``second`` the next number, and so on in turn.

        Then each runs to its end. A step is one effect, or the SDK's repeat of one. Returns for
        each switch whether the call had ended before it, so that more steps would change nothing.
        """
        self._both = [Participant(first), Participant(second)]
        threads = [threading.Thread(target=self._run, args=(each,)) for each in self._both]
        for thread in threads:
            thread.start()
        ended = [self._advance(self._both[n % 2], steps) for n, steps in enumerate(switches)]
        for number in range(len(switches), len(switches) + 2):
            self._advance(self._both[number % 2], FOREVER)
        for thread in threads:
            thread.join()
        for each in self._both:
            if each.error:
                raise each.error
        return ended

    def _advance(self, participant: Participant, steps: int) -> bool:
        if not participant.has_ended and steps:
            participant.steps_left = steps
            participant.go.release()
            self._handed_over.acquire()
        return participant.has_ended

    def _run(self, participant: Participant) -> None:
        participant.go.acquire()
        self._here[threading.get_ident()] = participant
        try:
            participant.act()
        except BaseException as error:  # noqa: BLE001 raised again in the test's own thread
            participant.error = error
        participant.has_ended = True
        self._handed_over.release()

    def pause(self, name: str) -> None:
        participant = self._here.get(threading.get_ident())
        if participant is None:
            return
        if not participant.steps_left:
            self._handed_over.release()
            participant.go.acquire()
        participant.steps_left -= 1
        participant.effects += not name.endswith(", repeated")

    def get(self, number: int, /) -> Fault | None:
        """Return what happens to the effect that is about to take place."""
        participant = self._here.get(threading.get_ident())
        if participant is None or participant is not self._both[0]:
            return None
        if number in self._effects.repeatable:
            self.repeatable[participant.effects] = self._effects.names[number - 1]
        return self._fault if participant.effects == self._fault_at else None
