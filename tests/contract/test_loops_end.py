"""Each loop of messages ends, however long what it waits for fails to come.

The functions in these loops are exempt from Lambda's loop detection, so nothing else ends them.
``docs/architecture.md`` lists the loops, and each of its rows has a test here.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

import pytest
from ringback.aws.table_items import DROP_KEPT
from ringback.domain.accounts import LONGEST, Account, Pause, PauseReason, ProbeAnswer
from ringback.domain.check_steps import LAST_CALL, LOST_MESSAGE, MAX_COPYING, MAX_WAIT
from ringback.domain.checks import LAST_READ, Check
from ringback.domain.drops import Drop, Progress
from ringback.domain.errors import LinkDead, NotConfigured, ProviderUnavailable
from ringback.domain.jobs import ErrorKind, JobId, JobStatus
from ringback.domain.pace import Turn
from ringback.domain.verdicts import TaskRefused
from ringback.domain.webhooks import LAST_TRY, MAX_TRIES
from ringback.use_cases.retry_drop import JOBS_PER_READ
from ringback.use_cases.submit_job import MAX_ATTEMPTS
from ringback.use_cases.take_drop import LATE_RECIPE

from tests.support.effects import ServiceError
from tests.support.image_files import image
from tests.support.in_memory import InMemoryTold
from tests.support.jobs import MODEL, NOON
from tests.support.replay import ARCHIVE_RETRIES, LISTENERS, MAY_RECUR, Replay
from tests.support.repository import text_of
from tests.support.webhooks import a_webhook, statuses

pytestmark = [pytest.mark.exhaustive, pytest.mark.usefixtures("copies_in_memory")]

KIE: Final = {"model": MODEL, "input": {"prompt": "a kite"}}
CHANJING: Final = {"model": "chanjing/doubao-seedream-4.0", "input": {"ref_prompt": "a kite"}}
NEVER: Final = timedelta(days=90).total_seconds()
# Between two messages of a loop lies at most this.
ONE_MORE: Final = timedelta(minutes=20)

LOOPS: Final[dict[str, str]] = {
    "waits for its turn": "SubmitQueue",
    "waits for its account": "SubmitQueue",
    "refused for now": "SubmitQueue",
    "the provider's maintenance of its model": "SubmitQueue",
    "an answer is kept": "SubmitQueue",
    "no job yet": "CheckQueue",
    "not sent yet": "CheckQueue",
    "an account is paused": "CheckQueue",
    "without a verdict": "CheckQueue",
    "being copied": "CheckQueue",
    "its end is being told": "CheckQueue",
    "an image is missing": "ArchiveQueue",
    "copying lacks a key": "ArchiveQueue",
    "copied twice at once": "ArchiveQueue",
    "a long sheet": "DropQueue",
    "no recipe yet": "DropQueue",
    "failed rows made again": "DropQueue",
    "a drop is not done": "SummaryQueue",
    "a webhook is due later": "NotifyQueue",
    "a receiver is put aside": "NotifyQueue",
}


def rows_of_the_table() -> Iterator[tuple[str, str]]:
    """Yield the loops in the documentation, with the function of each."""
    text = text_of("docs/architecture.md").partition("## Loops")[2].partition("\n## ")[0]
    for row in re.findall(r"^\| `(\w+)` \| ([^|]+) \|", text, re.MULTILINE):
        yield row[1].strip(), row[0]


def test_every_loop_is_documented() -> None:
    functions = {
        loop: re.sub(r"(?<!^)([A-Z])", r"_\1", LISTENERS[queue].removesuffix("Function")).lower()
        for loop, queue in LOOPS.items()
    }
    assert dict(rows_of_the_table()) == functions


def test_every_function_that_may_recur_has_a_loop() -> None:
    assert {LISTENERS[queue] for queue in LOOPS.values()} == MAY_RECUR


def ended(replay: Replay, *, within: timedelta) -> JobStatus:
    """Run until no message is left, and return the only job's status."""
    replay.run(most_events=30_000)
    assert replay.dead_letters == {}
    assert replay.now - NOON <= within
    [status] = replay.statuses
    return status


def fail_with(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


# ---------------------------------------------------------------- submit queue


def no_slot(*_: Any, **__: Any) -> Turn:
    return Turn(slot=None, wait=10)


@pytest.mark.parametrize("why", ["no slot", "no token"])
def test_a_job_waits_for_its_turn_for_two_days(why: str) -> None:
    replay = Replay()
    if why == "no slot":
        replay.windows.by_provider["kie"].take = no_slot  # type: ignore[method-assign]
    else:
        unavailable = fail_with(ProviderUnavailable("no token"))
        replay.providers["kie"].prepare = unavailable  # type: ignore[method-assign]
    replay.post(KIE)
    assert ended(replay, within=MAX_WAIT + 2 * ONE_MORE) is JobStatus.FAILED
    assert replay.longest_chain["SubmitJobFunction"] > 100
    assert replay.providers["kie"].by_job == {}


# More than a job waits for its turn, and less than the year that an account may stay paused.
RETENTION: Final = timedelta(days=5)
BROKE: Final = TaskRefused(code="402", message="no credits", account=PauseReason.NO_CREDITS)


def with_a_paused_account(probes: str) -> tuple[Replay, list[timedelta]]:
    """Return a replay in which no account ever opens, and when its probes are answered."""
    replay, probed = Replay(retention=RETENTION), list[timedelta]()
    provider = replay.providers["kie"]

    def probe() -> ProbeAnswer:
        probed.append(replay.now - NOON)
        return ProbeAnswer(is_good=probes == "good")

    provider.probe = probe  # type: ignore[method-assign]
    provider.create_task = lambda *_: BROKE  # type: ignore[method-assign]
    if probes == "without a key":
        provider.prepare = fail_with(NotConfigured("no key"))  # type: ignore[method-assign]
    if probes == "lost":
        replay.queues.checks.add_probe = lambda *_, **__: None
    return replay, probed


def assert_ends_at_last_call(replay: Replay) -> None:
    last_call = RETENTION - LAST_CALL
    assert ended(replay, within=last_call + 2 * ONE_MORE) is JobStatus.FAILED
    [job] = replay.jobs.by_id.values()
    assert job.error
    assert job.error.kind is ErrorKind.NOT_SUBMITTED
    assert replay.ended_after >= last_call


@pytest.mark.parametrize("probes", ["bad", "good", "lost", "without a key"])
def test_a_job_waits_for_its_account_until_a_day_before_it_is_forgotten(probes: str) -> None:
    replay, _ = with_a_paused_account(probes)
    replay.post(KIE)
    assert_ends_at_last_call(replay)
    assert replay.longest_chain["SubmitJobFunction"] > 100


def test_a_job_is_refused_for_now_sixty_times() -> None:
    replay = Replay()
    busy = TaskRefused(code="455", message="maintenance", retry_after=300)
    replay.providers["kie"].create_task = lambda *_: busy  # type: ignore[method-assign]
    replay.post(KIE)
    limit = MAX_ATTEMPTS * timedelta(seconds=301) + ONE_MORE
    assert ended(replay, within=limit) is JobStatus.FAILED
    assert replay.invocations["SubmitJobFunction"] == MAX_ATTEMPTS


def test_a_job_waits_two_days_for_the_end_of_maintenance() -> None:
    replay = Replay()
    away = TaskRefused(code="455", message="maintenance", retry_after=300, maintenance=True)
    replay.providers["kie"].create_task = lambda *_: away  # type: ignore[method-assign]
    replay.post(KIE)
    assert ended(replay, within=MAX_WAIT + ONE_MORE) is JobStatus.FAILED
    assert replay.invocations["SubmitJobFunction"] > 2 * MAX_ATTEMPTS


def test_an_answer_is_kept_until_the_table_is_back() -> None:
    replay, outage = Replay(calls_back=False), timedelta(hours=6)
    move = replay.jobs.move

    def fail_for_hours(job_id: JobId, **changes: Any) -> Any:
        if changes["to"] is JobStatus.RUNNING and replay.now < NOON + outage:
            raise ServiceError
        return move(job_id, **changes)

    replay.jobs.move = fail_for_hours  # type: ignore[method-assign]
    # Jobs don't expire meanwhile: this is about the answer only.
    replay.check = fail_with(ServiceError())  # type: ignore[assignment]
    replay.post(KIE)
    replay.run_until(NOON + outage + ONE_MORE)
    [job] = replay.jobs.by_id.values()
    assert (job.status, job.task_id) == (JobStatus.RUNNING, "kie_1")
    assert replay.longest_chain["SubmitJobFunction"] > 100
    before = replay.invocations["SubmitJobFunction"]
    replay.run_until(NOON + outage + timedelta(days=1))
    assert replay.invocations["SubmitJobFunction"] == before


# ---------------------------------------------------------------- check queue


def test_a_check_of_no_job_is_sent_once_more() -> None:
    replay = Replay()
    replay.queues.checks.add(Check(job_id=JobId("job_unknown")), delay=0)
    replay.run()
    assert replay.invocations == {"CheckJobsFunction": 2}


@pytest.mark.parametrize("body", [KIE, CHANJING], ids=["kie", "chanjing"])
def test_a_job_is_not_sent_yet_for_two_days(body: dict[str, Any]) -> None:
    """Its submit message is lost, with the dead letters for instance."""
    replay = Replay()
    replay.queues.add = lambda *_, **__: None  # type: ignore[method-assign]
    replay.post(body)
    assert ended(replay, within=MAX_WAIT + ONE_MORE) is JobStatus.FAILED


@pytest.mark.parametrize("body", [KIE, CHANJING], ids=["kie", "chanjing"])
def test_a_job_is_not_sent_yet_while_its_account_is_paused(body: dict[str, Any]) -> None:
    """Its submit message is lost, and so nothing probes the account."""
    replay = Replay(retention=RETENTION)
    replay.queues.add = lambda *_, **__: None  # type: ignore[method-assign]
    for name in replay.providers:
        paused = Pause(reason=PauseReason.NO_CREDITS, since=NOON, probe_at=NOON)
        replay.accounts.accounts[name] = Account(provider=name, pause=paused)
    replay.post(body)
    assert_ends_at_last_call(replay)


@pytest.mark.parametrize("is_half_open", [False, True])
def test_a_job_is_sent_though_its_message_was_lost_while_its_account_was_paused(
    *, is_half_open: bool
) -> None:
    replay, lost = Replay(), iter([True])
    add = replay.queues.add

    def lose_first(*args: Any, **named: Any) -> None:
        if not next(lost, False):
            add(*args, **named)

    replay.queues.add = lose_first  # type: ignore[method-assign]
    paused = Pause(
        reason=PauseReason.NO_CREDITS,
        since=NOON,
        probe_at=NOON,
        half_open_at=NOON if is_half_open else None,
    )
    replay.accounts.accounts["kie"] = Account(provider="kie", pause=paused)
    replay.post(KIE)
    assert ended(replay, within=LOST_MESSAGE + 4 * ONE_MORE) is JobStatus.SUCCEEDED
    assert replay.accounts.read("kie").pause is None


def test_an_account_is_paused_and_probed_only_while_a_job_waits() -> None:
    replay, probed = with_a_paused_account("bad")
    replay.post(KIE)
    assert_ends_at_last_call(replay)
    assert replay.accounts.read("kie").pause
    assert len(probed) > 100
    gaps = [later - earlier for earlier, later in pairwise(probed)]
    assert max(gaps) <= LONGEST + timedelta(minutes=1)
    # One is under way when the job ends.
    assert probed[-1] <= replay.ended_after + LONGEST


@pytest.mark.parametrize("body", [KIE, CHANJING], ids=["kie", "chanjing"])
@pytest.mark.parametrize("why", ["still running", "no answer", "no key"])
def test_a_job_is_without_a_verdict_for_a_day(body: dict[str, Any], why: str) -> None:
    replay = Replay(calls_back=False, task_seconds=lambda random: NEVER)
    errors = {"no answer": ProviderUnavailable("503"), "no key": NotConfigured("no key")}
    if why in errors:
        for provider in replay.providers.values():
            provider.read_tasks = fail_with(errors[why])  # type: ignore[method-assign]
    replay.post(body)
    # A missing key is waited for longer: the answer is there, and only nobody may read it.
    longest = LAST_READ + timedelta(hours=2 if why != "no key" else 36)
    assert ended(replay, within=longest) is JobStatus.EXPIRED


@pytest.mark.parametrize("why", ["without a key", "without a message"])
def test_a_job_is_being_copied_for_two_days(why: str) -> None:
    """Two days after the last image was stored."""
    replay = Replay()
    if why == "without a message":
        replay.archive = lambda *_, **__: None  # type: ignore[assignment]
    else:
        replay.web.fetch = fail_with(LinkDead("403"))  # type: ignore[method-assign]
        unknown = fail_with(NotConfigured("no key"))
        replay.providers["kie"].fresh_links = unknown  # type: ignore[method-assign]
    replay.post(KIE)
    # Checks come at widening intervals, the last one up to as much later again.
    assert ended(replay, within=2 * MAX_COPYING) is JobStatus.ARCHIVE_FAILED


# ---------------------------------------------------------------- archive queue


@pytest.mark.parametrize("body", [KIE, CHANJING], ids=["kie", "chanjing"])
def test_an_end_is_being_told_for_five_minutes(body: dict[str, Any]) -> None:
    """After that the same message comes back, for a week: nobody tells anything here."""
    replay = Replay(told=InMemoryTold(), calls_back=body is KIE)
    replay.post(body)
    replay.run()
    (job,) = replay.jobs.by_id.values()
    assert job.status is JobStatus.SUCCEEDED
    assert replay.dead_letters == {"CheckQueue": 1}
    assert timedelta(days=7) < replay.now - NOON < timedelta(days=8)
    assert job.tell_again_at is not None
    assert replay.longest_chain["CheckJobsFunction"] < 10


def test_an_image_is_missing_for_as_many_tries_as_are_set() -> None:
    replay = Replay()
    replay.web.fetch = fail_with(LinkDead("404"))  # type: ignore[method-assign]
    replay.post(KIE)
    assert ended(replay, within=timedelta(hours=3)) is JobStatus.ARCHIVE_FAILED
    # The job's checks may start the tries again while the last one is waited for.
    rounds = replay.invocations["ArchiveImagesFunction"] / (len(ARCHIVE_RETRIES) + 1)
    assert 1 <= rounds <= 2


def test_copying_that_lacks_a_key_ends_with_its_job() -> None:
    replay = Replay()
    replay.web.fetch = fail_with(LinkDead("403"))  # type: ignore[method-assign]
    unknown = fail_with(NotConfigured("no key"))
    replay.providers["kie"].fresh_links = unknown  # type: ignore[method-assign]
    replay.post(KIE)
    assert ended(replay, within=2 * MAX_COPYING) is JobStatus.ARCHIVE_FAILED
    assert replay.longest_chain["ArchiveImagesFunction"] > 100


@pytest.mark.parametrize("changes", [1, 20])
def test_images_copied_twice_at_once_end_their_job(changes: int) -> None:
    """Each new message needs a change that another delivery made in the meantime."""
    replay, left = Replay(), iter(range(changes))
    move = replay.jobs.move

    def change_first(job_id: JobId, **wanted: Any) -> Any:
        if wanted["to"] is JobStatus.SUCCEEDED and next(left, None) is not None:
            job = replay.jobs.get(job_id)
            image = (*wanted["images"], *job.images)[0]
            replay.jobs.add_images(job_id, image, at=replay.now)
            wanted["unchanged_since"] = job.updated_at - timedelta(seconds=1)
        return move(job_id, **wanted)

    replay.jobs.move = change_first  # type: ignore[method-assign]
    replay.post(KIE)
    assert ended(replay, within=timedelta(hours=2)) is JobStatus.SUCCEEDED
    assert replay.invocations["ArchiveImagesFunction"] >= changes + 1


# ---------------------------------------------------------------- drop and summary queues


def test_a_long_sheet_is_read_row_by_row_to_its_end() -> None:
    """Each message reads a row at least, even one that takes longer than a message may."""
    replay = Replay(seconds_per_row=13)
    lines = [f"{MODEL},kite {row}" for row in range(30)]
    replay.drop("requests/kites.csv", "\n".join(["model,input.prompt", *lines]).encode())
    assert ended(replay, within=timedelta(hours=2)) is JobStatus.SUCCEEDED
    assert len(replay.jobs.by_id) == 30
    assert 30 <= replay.invocations["TakeDropsFunction"] <= 31


def test_a_photo_without_a_recipe_yet_waits_a_quarter_of_an_hour() -> None:
    replay = Replay()
    replay.drop("recipes/fox/1.jpg", image("jpeg", size=(640, 480)))
    replay.run()
    assert replay.dead_letters == {}
    assert LATE_RECIPE <= replay.now - NOON <= LATE_RECIPE * 2
    [receipt] = map(json.loads, replay.drops.written["recipes/fox/1.jpg"].splitlines())
    assert "recipe" in receipt["errors"][0]["message"]
    assert replay.drops.summaries["recipes/fox/1.jpg"]["state"] == "final"


def test_failed_rows_are_made_again_to_the_oldest_one() -> None:
    """Each message takes a page of jobs at least, even one that takes longer than a message may."""
    replay, rows = Replay(), 2 * JOBS_PER_READ + 1
    refused = TaskRefused(code="422", message="no")
    replay.providers["kie"].create_task = lambda *_: refused  # type: ignore[method-assign]
    lines = [f"{MODEL},kite {row}" for row in range(rows)]
    replay.drop("requests/kites.csv", "\n".join(["model,input.prompt", *lines]).encode())
    replay.run()
    newest_of = replay.jobs.newest_of

    def slowly(*args: Any, **named: Any) -> Any:
        replay.take_time(13)
        return newest_of(*args, **named)

    replay.jobs.newest_of = slowly  # type: ignore[method-assign]
    before = replay.invocations["TakeDropsFunction"]
    replay.retry("requests/kites.csv")
    assert ended(replay, within=timedelta(hours=2)) is JobStatus.FAILED
    assert len(replay.jobs.by_id) == 2 * rows
    # The last message finds no older job.
    assert replay.invocations["TakeDropsFunction"] == before + 4


def test_the_summary_of_a_drop_that_was_never_read_ends_after_a_day() -> None:
    replay = Replay()
    drop = Drop(bucket="drops", key="requests/kites.csv", version="v0")
    replay.drops.objects[drop] = (b"model", {})
    replay.queues.summaries.add(drop, delay=5)
    replay.run()
    assert timedelta(days=1) <= replay.now - NOON <= timedelta(days=1, minutes=16)


@pytest.mark.exhaustive
def test_a_drop_that_is_not_done_is_summarized_for_thirty_days(*, full_size: bool) -> None:
    """Its reader's message is a dead letter; then the table forgets how far the drop was read."""
    kept = DROP_KEPT if full_size else timedelta(days=2)
    replay = Replay()
    drop = Drop(bucket="drops", key="requests/kites.csv", version="v0")
    replay.drops.objects[drop] = (b"model", {})
    known = Progress(made_at=NOON, row=1)

    def read(_: Drop) -> Progress | None:
        return known if replay.now < NOON + kept else None

    replay.progress.read = read  # type: ignore[method-assign, assignment]
    replay.queues.summaries.add(drop, delay=5)
    replay.run()
    assert kept <= replay.now - NOON <= kept + ONE_MORE
    assert replay.drops.summaries[drop.key]["state"] == "reading"


# ---------------------------------------------------------------- notify queue


def test_a_webhook_is_tried_nine_times_in_three_days() -> None:
    replay = Replay()
    replay.receiver = statuses(500)
    replay.queues.put(a_webhook(), delay=0)
    replay.run()
    assert replay.dead_letters == {}
    assert replay.now - NOON <= LAST_TRY
    [tries] = replay.deliveries.by_job.values()
    assert len(tries) == MAX_TRIES
    assert replay.longest_chain["NotifyClientFunction"] > 100


def test_webhooks_wait_for_three_days_for_a_receiver_that_hangs() -> None:
    replay, webhooks = Replay(), [a_webhook(number=number) for number in range(60)]
    for webhook in webhooks:
        replay.queues.put(webhook, delay=0)
    replay.run()
    assert replay.dead_letters == {}
    assert LAST_TRY <= replay.now - NOON <= LAST_TRY + ONE_MORE
    assert len(replay.deliveries.by_job) == len(webhooks)
