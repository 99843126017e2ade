"""Hours of ordinary work, and of trouble, replayed in simulated time: nothing is a dead letter.

``docs/decisions/0004`` has the figures with and without ``RecursiveLoop``.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from ringback.domain.jobs import JobStatus
from ringback.domain.pace import Pace

from local.hop_counts import MAX_INVOCATIONS
from tests.support.image_files import image
from tests.support.jobs import MODEL, NOON
from tests.support.replay import Replay, count_reads

EDIT = "bytedance/seedream-v4-edit"
CHANJING = "chanjing/doubao-seedream-4.0"
PHOTO = image("jpeg", size=(640, 480))
pytestmark = pytest.mark.usefixtures("copies_in_memory")

KIE = {"model": MODEL, "input": {"prompt": "a kite"}}


def a_folder(replay: Replay, photos: int) -> None:
    recipe = {"model": EDIT, "input": {"prompt": "as a woodcut"}}
    replay.drop("recipes/fox/recipe.json", json.dumps(recipe).encode())
    for number in range(photos):
        replay.drop(f"recipes/fox/{number}.jpg", PHOTO, after=number * 0.02)


def a_sheet(replay: Replay, rows: int) -> None:
    lines = [f"{MODEL},kite {row}" for row in range(rows)]
    replay.drop("requests/kites.csv", "\n".join(["model,input.prompt", *lines]).encode())


def is_down(at: datetime, *, start: float, minutes: float) -> bool:
    return start <= (at - NOON).total_seconds() < start + 60 * minutes


def assert_all_is_well(replay: Replay, *, jobs: int) -> None:
    assert replay.dead_letters == {}
    assert replay.statuses == {JobStatus.SUCCEEDED: jobs}
    bought = [number for each in replay.providers.values() for number in each.by_job.values()]
    assert (len(bought), set(bought)) == (jobs, {1})
    assert [summary["state"] for summary in replay.drops.summaries.values()] == ["final"] * len(
        replay.drops.summaries
    )


Report = Callable[[str, object], None]


@pytest.mark.exhaustive
def test_a_folder_of_photos(record_property: Report, *, full_size: bool) -> None:
    photos = 400 if full_size else 100
    replay = Replay()
    a_folder(replay, photos)
    replay.run()
    record_property("replay", f"a folder of {photos} photos: {replay.figures}")
    assert_all_is_well(replay, jobs=photos)
    assert len(replay.drops.summaries) == photos + 1
    assert replay.longest_chain["SubmitJobFunction"] > MAX_INVOCATIONS
    assert replay.ended_after < timedelta(seconds=photos * 0.5 * 1.1 + 90)
    assert replay.providers["kie"].too_fast == 0


def test_a_folder_of_photos_needs_the_property() -> None:
    """Otherwise the replays would prove nothing about loop detection."""
    replay = Replay(may_recur=())
    a_folder(replay, 100)
    replay.run()
    assert replay.dead_letters["SubmitQueue"] > 0
    assert replay.statuses[JobStatus.ACCEPTED] > 0


@pytest.mark.exhaustive
def test_a_sheet_beside_api_traffic(record_property: Report, *, full_size: bool) -> None:
    """The API is at its limit for five minutes, then posts a job every 20 seconds."""
    rows = 5_000 if full_size else 150
    busy = 300 if full_size else 30
    replay = Replay()
    a_sheet(replay, rows)
    posts = [number * 0.5 for number in range(busy * 2)]
    posts += [busy + number * 20.0 for number in range(rows // 40)]
    for after in posts:
        replay.post(KIE, after=after)
    replay.run()
    record_property("replay", f"a sheet of {rows} rows, {len(posts)} posts: {replay.figures}")
    assert_all_is_well(replay, jobs=rows + len(posts))
    slack = timedelta(minutes=5)
    assert replay.ended_after < timedelta(seconds=(rows + len(posts)) * 0.51) + slack
    assert replay.providers["kie"].too_fast == 0


@pytest.mark.exhaustive
def test_a_row_costs_as_much_in_a_long_sheet(record_property: Report, *, full_size: bool) -> None:
    """Messages of jobs that can't be sent yet, and reports, are what grew with the sheet."""
    rows = 20_000 if full_size else 1_500
    replay = Replay()
    read = count_reads(replay)
    a_sheet(replay, rows)
    replay.run(most_events=5_000_000)
    each = {name: count / rows for name, count in replay.invocations.items()}
    record_property("replay", f"a sheet of {rows} rows alone: {replay.figures}")
    assert_all_is_well(replay, jobs=rows)
    assert each["SubmitJobFunction"] < 2.2
    assert each["CheckJobsFunction"] < 1.2
    assert replay.invocations["SummarizeDropsFunction"] < 100
    assert read["jobs"] / rows < 30
    assert replay.ended_after < timedelta(seconds=rows * 0.57 + 60)


@pytest.mark.parametrize("start", [30.0, 860.0], ids=["as jobs are sent", "at their deadlines"])
def test_a_provider_is_silent_for_twenty_minutes(record_property: Report, start: float) -> None:
    """No createTask, no read and no callback gets through, at either provider."""
    replay = Replay(silent=lambda at: is_down(at, start=start, minutes=20))
    bodies = [KIE, {"model": CHANJING, "input": {"ref_prompt": "a kite"}}]
    for number in range(60):
        replay.post(bodies[number % 2], after=number)
    # Of these the deadline falls into the silence, and so does the callback.
    replay.task_seconds = lambda random: random.choice([10.0, 900.0])
    replay.run()
    record_property("replay", f"silent for 20 minutes from {start:g} s on: {replay.figures}")
    assert_all_is_well(replay, jobs=60)


def test_a_job_of_chanjing_waits_half_an_hour(record_property: Report) -> None:
    """Others have taken all slots of the next half hour before it."""
    replay = Replay(paces={"chanjing": Pace(limit=1, seconds=60)})
    for _ in range(31):
        replay.post({"model": CHANJING, "input": {"ref_prompt": "a kite"}})
    replay.run()
    record_property("replay", f"a job of Chanjing that waits 30 minutes: {replay.figures}")
    assert_all_is_well(replay, jobs=31)
    submitted = [job.submitted_at for job in replay.jobs.by_id.values() if job.submitted_at]
    assert max(submitted) - NOON > timedelta(minutes=30)
    assert replay.longest_chain["CheckJobsFunction"] > MAX_INVOCATIONS


def test_a_job_of_chanjing_that_waits_needs_the_property() -> None:
    replay = Replay(paces={"chanjing": Pace(limit=1, seconds=60)}, may_recur=())
    for _ in range(31):
        replay.post({"model": CHANJING, "input": {"ref_prompt": "a kite"}})
    replay.run()
    assert replay.dead_letters["CheckQueue"] > 0
    assert replay.statuses[JobStatus.RUNNING] > 0
