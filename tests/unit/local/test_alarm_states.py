"""Each alarm rings for its trouble, ends with it, and is silent on an idle stack."""

from collections.abc import Sequence
from typing import Any, Final

import pytest

from local.alarm_states import ALARM, OK, UNKNOWN, Point, state_of
from local.template import resolved
from tests.support.alarms import alarms

MINUTE: Final = 60
HOUR: Final = 3600
PROPERTIES: Final[dict[str, dict[str, Any]]] = {
    name: resolved(alarm["Properties"], {"CanaryMinutes": "15"}) for name, alarm in alarms().items()
}


def every(seconds: int, name: str, value: float, *of: str, hours: float = 1) -> list[Point]:
    """Return a value every so many seconds."""
    return [Point(at, name, value, of) for at in range(0, int(hours * HOUR), seconds)]


def dead(queue: str, value: float) -> list[Point]:
    return every(MINUTE, "ApproximateNumberOfMessagesVisible", value, f"{queue}DeadLetters")


def age(queue: str, value: float) -> list[Point]:
    return every(MINUTE, "ApproximateAgeOfOldestMessage", value, f"{queue}Queue")


DEAD: Final = ("Submit", "Check", "Archive", "Notify", "Drop", "Summary", "Thumbnail", "Delete")
# What CloudWatch has during an hour of trouble, and during an hour that is just good enough.
CASES: Final[dict[str, tuple[list[Point], list[Point]]]] = {
    **{f"{queue}DeadLettersAlarm": (dead(queue, 1), dead(queue, 0)) for queue in DEAD},
    "ThrottlesAlarm": (every(MINUTE, "Throttles", 1), every(20 * MINUTE, "Throttles", 1)),
    "DroppedRecursionsAlarm": (every(MINUTE, "RecursiveInvocationsDropped", 1), []),
    "CallbackErrorsAlarm": (
        every(MINUTE, "Errors", 1, "ReceiveCallbackFunction"),
        every(MINUTE, "Errors", 1, "QueryJobsFunction"),
    ),
    "SubmitErrorsAlarm": (
        every(MINUTE, "Errors", 1, "SubmitJobFunction"),
        every(MINUTE, "Errors", 0, "SubmitJobFunction"),
    ),
    # A message comes back after 450 seconds.
    "SubmitFailuresAlarm": (
        every(450, "MessagesFailed", 1, "submit_job"),
        every(HOUR, "MessagesFailed", 9, "submit_job") + every(450, "MessagesFailed", 1, "x"),
    ),
    "JobsApiErrorsAlarm": (
        every(2 * MINUTE, "5xx", 1, "JobsApi"),
        every(2 * MINUTE, "5xx", 1, "CallbackApi"),
    ),
    "CallbackApiErrorsAlarm": (
        every(2 * MINUTE, "5xx", 1, "CallbackApi"),
        every(20 * MINUTE, "5xx", 1, "CallbackApi"),
    ),
    "StudioApiErrorsAlarm": (
        every(2 * MINUTE, "5xx", 1, "StudioApi"),
        every(2 * MINUTE, "5xx", 1, "JobsApi"),
    ),
    "SubmitAgeAlarm": (age("Submit", 1800), age("Submit", 1799)),
    "ArchiveAgeAlarm": (age("Archive", 3600), age("Archive", 3599)),
    "NotifyAgeAlarm": (age("Notify", 3600), age("Notify", 3599)),
    "MissedCallbacksAlarm": (
        every(10 * MINUTE, "CallbacksMissed", 1) + every(MINUTE, "TimeToCallback", 40),
        every(30 * MINUTE, "CallbacksMissed", 1),
    ),
    "ForgedCallbacksAlarm": (
        every(15, "CallbacksRefused", 1),
        every(16, "CallbacksRefused", 1),
    ),
    # A probe at most every 14 minutes.
    "KieAccountPausedAlarm": (
        every(14 * MINUTE, "AccountPaused", 1, "kie"),
        every(MINUTE, "AccountPaused", 0, "kie")
        + every(14 * MINUTE, "AccountPaused", 1, "chanjing"),
    ),
    "ChanjingAccountPausedAlarm": (
        every(14 * MINUTE, "AccountPaused", 1, "chanjing"),
        every(14 * MINUTE, "AccountPaused", 1, "kie"),
    ),
    "KieCreditsAlarm": (
        every(14 * MINUTE, "CreditsLeft", 99.5, "kie"),
        every(14 * MINUTE, "CreditsLeft", 100, "kie"),
    ),
    "IteratorAgeAlarm": (
        every(MINUTE, "IteratorAge", 600_000, "PublishEventsFunction"),
        every(MINUTE, "IteratorAge", 599_999, "PublishEventsFunction"),
    ),
    "ReceiverSwitchedOffAlarm": (every(MINUTE, "ReceiversSwitchedOff", 1), []),
}


def states(name: str, points: Sequence[Point], *, since: int, until: int, before: str) -> list[str]:
    """Return the state at the end of each minute."""
    found, state = list[str](), before
    for at in range(since, until, MINUTE):
        state = state_of(PROPERTIES[name], points, at=at, before=state)
        found.append(state)
    return found


def test_every_alarm_has_its_trouble_here() -> None:
    assert CASES.keys() == PROPERTIES.keys() - {"CanaryAlarm"}


def test_the_canary_s_alarm_rings_for_a_run_that_failed_and_for_none() -> None:
    """A run reports up to two minutes late: some intervals of 15 minutes hold none."""
    late = [0, 120, 0, 120, 120, 0, 0, 120]
    runs = [Point(index * 15 * MINUTE + by, "CanaryFailed", 0) for index, by in enumerate(late)]
    well = states("CanaryAlarm", runs, since=HOUR, until=2 * HOUR, before=OK)
    assert set(well) == {OK}
    failed = [*runs[:4], Point(HOUR, "CanaryFailed", 1), *runs[5:]]
    after = states("CanaryAlarm", failed, since=HOUR + MINUTE, until=2 * HOUR, before=OK)
    assert after == [ALARM] * 30 + [OK] * 29
    assert states("CanaryAlarm", [], since=HOUR, until=2 * HOUR, before=OK) == [ALARM] * 60


@pytest.mark.parametrize("name", CASES)
def test_an_alarm_rings_as_long_as_its_trouble_lasts_and_then_ends(name: str) -> None:
    trouble, _ = CASES[name]
    assert set(states(name, trouble, since=HOUR - 600, until=HOUR, before=OK)) == {ALARM}
    # Queues say that they are empty; all else is silent.
    well = [
        Point(at, each.name, 0, each.dimensions)
        for each in trouble[:1]
        for at in range(HOUR, 3 * HOUR, MINUTE)
        if name.endswith("DeadLettersAlarm")
    ]
    after = states(name, trouble + well, since=HOUR, until=3 * HOUR, before=ALARM)
    assert after[-1] == OK
    # It does not come back.
    assert ALARM not in after[after.index(OK) :]


@pytest.mark.parametrize("name", CASES)
def test_an_alarm_is_silent_while_it_is_well_enough(name: str) -> None:
    _, enough = CASES[name]
    assert ALARM not in states(name, enough, since=HOUR - 600, until=2 * HOUR, before=OK)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("before", [OK, UNKNOWN])
def test_an_alarm_is_silent_on_an_idle_stack(name: str, before: str) -> None:
    assert ALARM not in states(name, [], since=HOUR, until=2 * HOUR, before=before)


def test_dead_letters_that_sqs_does_not_report_stay_an_alarm() -> None:
    trouble, _ = CASES["SubmitDeadLettersAlarm"]
    after = states("SubmitDeadLettersAlarm", trouble, since=HOUR, until=2 * HOUR, before=ALARM)
    assert set(after) == {ALARM}


@pytest.mark.parametrize(
    ("missed", "came", "state"),
    [(2, 0, OK), (3, 0, ALARM), (3, 57, OK), (3, 56, ALARM), (0, 9, OK)],
)
def test_more_than_five_percent_and_at_least_three_callbacks_are_missed(
    missed: int, came: int, state: str
) -> None:
    points = [Point(at, "CallbacksMissed", 1) for at in range(missed)]
    points += [Point(at, "TimeToCallback", 40) for at in range(came)]
    assert state_of(PROPERTIES["MissedCallbacksAlarm"], points, at=HOUR) == state
