"""What becomes of a dropped file: its jobs, once each, and what is said of them."""

import json
from datetime import timedelta
from io import BytesIO
from itertools import count
from typing import Any, NoReturn

import pytest
from PIL import Image
from ringback.domain.drops import Drop, Kind, Progress
from ringback.domain.errors import NotConfigured, SheetRefused, TryAgain
from ringback.domain.jobs import Job, JobStatus
from ringback.use_cases import take_drop
from ringback.use_cases.take_drop import LATE_RECIPE, MAX_ROWS

from tests.support.crash_world import Crash, Effects, Mishap, ServiceError
from tests.support.drops import SPACING, DropDesk
from tests.support.in_memory import InMemorySubmitQueue
from tests.support.jobs import NOON

TEXT, EDIT = "bytedance/seedream-v4-text-to-image", "bytedance/seedream-v4-edit"
REQUEST = json.dumps({"model": TEXT, "input": {"prompt": "a red kite"}})


def jobs_of(desk: DropDesk) -> list[Job]:
    return sorted(desk.desk.jobs.by_id.values(), key=lambda job: job.job_id)


def a_photo(kind: str = "JPEG") -> bytes:
    content = BytesIO()
    Image.new("RGB", (8, 8)).save(content, kind)
    return content.getvalue()


# ------------------------------------------------------------------ what a name means


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("requests/a.json", Kind.REQUEST),
        ("requests/für Anna/a.JSON", Kind.REQUEST),
        ("requests/a.jsonl", Kind.JSONL),
        ("requests/a.b.CSV", Kind.CSV),
        ("requests/a.dry-run.csv", Kind.CSV),
        ("requests/a.xlsx", Kind.UNKNOWN),
        ("requests/a", Kind.UNKNOWN),
        ("requests/.csv/x", Kind.UNKNOWN),
        ("recipes/fox/recipe.json", Kind.RECIPE),
        ("recipes/fox/Recipe.json", Kind.UNKNOWN),
        ("recipes/fox/1.jpg", Kind.PHOTO),
        ("recipes/fox/more/2.JPEG", Kind.PHOTO),
        ("recipes/fox/2.png", Kind.PHOTO),
        ("recipes/fox/2.webp", Kind.PHOTO),
        ("recipes/fox/2.gif", Kind.UNKNOWN),
        ("recipes/fox.jpg", Kind.UNKNOWN),
        ("recipes/fox/more/recipe.json", Kind.UNKNOWN),
    ],
)
def test_a_name_says_what_a_file_is(key: str, kind: Kind) -> None:
    assert Drop(bucket="b", key=key, version="v").kind is kind


@pytest.mark.parametrize(
    ("key", "is_dry"),
    [
        ("requests/a.dry-run.csv", True),
        ("requests/a.DRY-RUN.jsonl", True),
        ("requests/a.dry-run.json", True),
        ("requests/a.csv", False),
        ("requests/dry-run.csv", False),
        ("requests/a.dry-run/b.csv", False),
    ],
)
def test_a_name_says_what_is_only_to_be_checked(key: str, is_dry: bool) -> None:  # noqa: FBT001
    assert Drop(bucket="b", key=key, version="v").is_dry_run is is_dry


def test_ids_come_from_bucket_key_version_and_row_and_keep_the_order_of_rows() -> None:
    drops = [
        Drop(bucket=bucket, key=key, version=version)
        for bucket in "ab"
        for key in ("requests/x.csv", "requests/y.csv")
        for version in "12"
    ]
    ids = [drop.job_id(row, made_at=NOON) for drop in drops for row in range(1, 300)]
    assert len(set(ids)) == len(ids)
    for drop in drops:
        rows = [drop.job_id(row, made_at=NOON) for row in (1, 2, 255, 256, 65_536, 10_000_000)]
        assert rows == sorted(rows)
        assert drop.job_id(7, made_at=NOON) == drop.job_id(7, made_at=NOON)


# ------------------------------------------------------------------ one request


def test_a_dropped_request_becomes_a_job_and_gets_its_receipt() -> None:
    desk = DropDesk()
    drop = desk.put("requests/a kite.json", REQUEST)
    desk.take(drop)
    (job,) = jobs_of(desk)
    assert (job.status, job.client) == (JobStatus.ACCEPTED, "drop")
    assert desk.desk.queues.submit == [(job.job_id, 0, None)]
    assert (job.source, job.row, job.due_at) == (drop.key, None, None)
    assert desk.said(drop.key) == [{"job_id": job.job_id}]
    assert desk.queues.sums == [(drop, 5)]


def test_a_repeated_event_makes_no_second_job() -> None:
    desk = DropDesk()
    drop = desk.put("requests/a.json", REQUEST)
    desk.take(drop)
    desk.drops.receipts.clear()
    for _ in range(2):
        desk.take(drop)
    assert desk.drops.receipts == {}
    assert len(jobs_of(desk)) == 1
    assert len(desk.desk.queues.submit) == 1
    assert len(desk.queues.sums) == 1


def test_the_same_file_dropped_again_is_another_job() -> None:
    desk = DropDesk()
    for _ in range(2):
        desk.take(desk.put("requests/a.json", REQUEST))
    assert len(jobs_of(desk)) == 2
    assert len(desk.said("requests/a.json")) == 1


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"{}", {"model", "input"}),
        (b"not json", {""}),
        (b"", {""}),
        (json.dumps({"model": TEXT, "input": {"prompt": "", "sed": 1}}).encode(), None),
        (b" " * 140_000, {""}),
    ],
)
def test_a_wrong_request_is_answered_with_every_mistake(
    body: bytes, fields: set[str] | None
) -> None:
    desk = DropDesk()
    drop = desk.put("requests/a.json", body)
    progress = desk.take(drop)
    (said,) = desk.said(drop.key)
    named = {error["field"] for error in said["errors"]}
    assert named == (fields if fields is not None else {"input.prompt", "input.sed"})
    assert jobs_of(desk) == []
    assert progress is not None
    assert (progress.bad_rows, progress.done) == (1, True)


def test_a_drop_does_not_wait_for_the_provider_s_key() -> None:
    desk = DropDesk()
    desk.desk.provider.not_ready = NotConfigured("no key yet")
    drop = desk.put("requests/a.jsonl", f"{REQUEST}\n" * 3)
    progress = desk.take(drop)
    assert progress is not None
    assert (progress.row, progress.done) == (4, True)
    assert [line["job_id"] for line in desk.said(drop.key)] == [j.job_id for j in jobs_of(desk)]


def test_a_job_that_could_not_be_queued_is_queued_when_the_drop_comes_again() -> None:
    desk = DropDesk()
    drop = desk.put("requests/a.json", REQUEST)

    def fails(*_: object, **__: object) -> NoReturn:
        raise TryAgain("not confirmed")

    with pytest.MonkeyPatch.context() as patch, pytest.raises(TryAgain):
        patch.setattr(InMemorySubmitQueue, "add", fails)
        desk.take(drop)
    desk.take(drop)
    (job,) = jobs_of(desk)
    assert desk.desk.queues.submit == [(job.job_id, 0, None)]
    assert desk.said(drop.key) == [{"job_id": job.job_id}]


def take_and_die_before_the_receipt(desk: DropDesk, drop: Drop) -> None:
    def dies(*_: object, **__: object) -> NoReturn:
        raise Crash

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Crash):
        patch.setattr(desk.drops, "put_receipts", dies)
        desk.take(drop)


def test_a_photo_that_was_taken_is_told_though_its_recipe_has_gone_meanwhile() -> None:
    desk = DropDesk()
    recipe = desk.put("recipes/fox/recipe.json", RECIPE)
    drop = desk.put("recipes/fox/1.jpg", a_photo())
    take_and_die_before_the_receipt(desk, drop)
    del desk.drops.objects[recipe]
    desk.desk.now += LATE_RECIPE
    desk.take(drop)
    (job,) = jobs_of(desk)
    assert desk.said(drop.key) == [{"job_id": job.job_id}]


@pytest.mark.parametrize(("key", "body"), [("requests/a.json", 1), ("requests/a.jsonl", 3)])
def test_what_was_taken_is_told_though_the_file_was_deleted_meanwhile(key: str, body: int) -> None:
    desk = DropDesk()
    drop = desk.put(key, f"{REQUEST}\n" * body)
    take_and_die_before_the_receipt(desk, drop)
    del desk.drops.objects[drop]
    desk.take(drop)
    told = [line["job_id"] for line in desk.said(drop.key) if "job_id" in line]
    assert told == [job.job_id for job in jobs_of(desk)]
    assert len(told) == body
    progress = desk.progress.read(drop)
    assert progress is not None
    assert (progress.row, progress.done) == (body + 1, True)
    assert bool(progress.fault) is drop.is_sheet


def refusing_to_describe(drop: Drop) -> NoReturn:
    raise SheetRefused("the file may not be read")


@pytest.mark.parametrize(
    "key", ["requests/a.csv", "requests/a.dry-run.csv", "recipes/a/recipe.json"]
)
def test_a_file_that_may_not_be_read_is_answered(key: str) -> None:
    desk = DropDesk()
    drop = desk.put(key, "x")
    desk.drops.describe = refusing_to_describe  # type: ignore[method-assign]
    for _ in range(2):
        progress = desk.take(drop)
    fault = "the file may not be read"
    assert desk.said(drop.key) == [{"errors": [{"field": "", "message": fault}]}]
    assert progress is not None
    assert (progress.fault, progress.done) == (fault, True)
    # Of a version that can be read everything is newer.
    assert progress.made_at < NOON
    assert desk.queues.sums == ([(drop, 5)] if key == "requests/a.csv" else [])
    assert (key in desk.drops.summaries) is (key != "requests/a.csv")


def test_one_refused_look_does_not_end_a_sheet_half_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(take_drop, "MAX_ROWS", 2)
    desk = DropDesk()
    drop = desk.put("requests/a.jsonl", f"{REQUEST}\n" * 3)
    desk.take(drop)
    describe = desk.drops.describe
    desk.drops.describe = refusing_to_describe  # type: ignore[method-assign]
    with pytest.raises(SheetRefused):
        desk.take(drop)
    desk.drops.describe = describe  # type: ignore[method-assign]
    progress = desk.take(drop)
    assert progress is not None
    assert (progress.row, progress.done, progress.fault) == (4, True, "")
    assert len(desk.said(drop.key)) == 3


def test_photos_that_are_dropped_with_their_recipe_wait_for_it() -> None:
    desk = DropDesk()
    drop = desk.put("recipes/fox/1.jpg", a_photo())
    desk.take(drop)
    desk.desk.now += timedelta(minutes=1)
    desk.take(drop)
    assert desk.said(drop.key) == [{"waits_for": "recipes/fox/recipe.json"}]
    # The longer it waits, the more seldom it looks.
    assert desk.queues.delays == [10, 30]
    desk.put("recipes/fox/recipe.json", RECIPE)
    progress = desk.take(desk.queues.waiting.pop())
    (job,) = jobs_of(desk)
    assert desk.said(drop.key) == [{"job_id": job.job_id}]
    assert progress is not None
    assert progress.done


def test_a_row_that_was_taken_is_told_though_its_image_has_gone_meanwhile() -> None:
    desk = DropDesk()
    image = desk.put("photos/1.jpg", a_photo())
    line = {"model": EDIT, "input": {"prompt": "p", "image_urls": [image.url]}}
    drop = desk.put("requests/a.jsonl", json.dumps(line) + "\n")
    take_and_die_before_the_receipt(desk, drop)
    del desk.drops.objects[image]
    desk.take(drop)
    (job,) = jobs_of(desk)
    assert desk.said(drop.key) == [{"row": 1, "job_id": job.job_id}]


def test_a_file_that_was_deleted_makes_nothing() -> None:
    desk = DropDesk()
    drop = desk.put("requests/a.json", REQUEST)
    del desk.drops.objects[drop]
    assert desk.take(drop) is None
    assert desk.drops.receipts == {}


def test_the_folder_that_the_console_makes_is_no_drop() -> None:
    desk = DropDesk()
    assert desk.take(desk.put("requests/new/", b"")) is None
    assert (desk.drops.receipts, desk.queues.sums) == ({}, [])


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("requests/a.xlsx", "requests/ accepts .json, .jsonl and .csv files"),
        ("recipes/fox/a.gif", "recipes/<name>/ accepts recipe.json and photos"),
    ],
)
def test_an_unknown_extension_is_answered(key: str, said: str) -> None:
    desk = DropDesk()
    desk.take(desk.put(key, b"x"))
    assert said in desk.said(key)[0]["errors"][0]["message"]
    assert (jobs_of(desk), desk.queues.sums) == ([], [])


# ------------------------------------------------------------------ sheets


def a_sheet(rows: int, *, bad: tuple[int, ...] = ()) -> str:
    lines = [f"{TEXT},{'' if n in bad else f'kite {n}'},{n}" for n in range(1, rows + 1)]
    return "\n".join(["model,input.prompt,input.seed", *lines]) + "\n"


def test_each_row_becomes_a_job_that_waits_for_its_turn() -> None:
    desk = DropDesk()
    drop = desk.put("requests/kites.csv", a_sheet(40, bad=(7,)))
    progress = desk.finish(drop)
    jobs, said = jobs_of(desk), desk.said(drop.key)
    assert [job.row for job in jobs] == [row for row in range(1, 41) if row != 7]
    assert {job.status for job in jobs} == {JobStatus.ACCEPTED}
    assert [job.request.input["seed"] for job in jobs] == [job.row for job in jobs]
    assert {job.source for job in jobs} == {drop.key}
    assert [line["row"] for line in said] == list(range(1, 41))
    assert said[6]["errors"] == [{"field": "input.prompt", "message": "required"}]
    assert [line["job_id"] for line in said if "job_id" in line] == [job.job_id for job in jobs]
    assert desk.desk.provider.created == []
    assert jobs[-1].due_at == NOON + 40 * SPACING
    assert progress is not None
    assert (progress.row, progress.bad_rows, progress.done) == (41, 1, True)


REQUIRED = ("input.prompt", "required")
NO_SEED = ("input.seed", "Input should be a valid integer")
NOT_UTF8 = "must be UTF-8"
TOO_MANY = "has 5 cells, but the header has 4 columns"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{TEXT},,abc,,extra", [("", TOO_MANY), REQUIRED, NO_SEED]),
        (f"{TEXT},a kite,7,,extra", [("", TOO_MANY)]),
        (f"{TEXT},a k\udcffte,abc", [("input.prompt", NOT_UTF8), NO_SEED]),
        (f"{TEXT},,\udcff", [("input.seed", NOT_UTF8), REQUIRED]),
        (f"{TEXT},a kite,\0", [("input.seed", "must not contain a NUL byte")]),
        (f"{EDIT},,,http://a|\udcff", [("input.image_urls", NOT_UTF8), REQUIRED]),
        ("kn\udce9wn,,abc", [("model", NOT_UTF8)]),
        (f'{TEXT},"a"b,abc', [("", "has text after a closing quote, or a line break outside")]),
    ],
)
def test_a_row_is_told_all_its_errors_and_none_twice(
    line: str, expected: list[tuple[str, str]]
) -> None:
    desk = DropDesk()
    sheet = f"model,input.prompt,input.seed,input.image_urls\n{line}\n"
    drop = desk.put("requests/kites.csv", sheet.encode(errors="surrogateescape"))
    desk.finish(drop)
    (said,) = desk.said(drop.key)
    assert [error["field"] for error in said["errors"]] == [field for field, _ in expected]
    for error, (_, message) in zip(said["errors"], expected, strict=True):
        assert error["message"].startswith(message)
    assert jobs_of(desk) == []


def test_a_row_with_faults_that_is_too_large_besides_is_told_so() -> None:
    desk = DropDesk()
    # Six bytes each in JSON.
    sheet = f"model,input.prompt,input.seed\n{TEXT},{chr(1) * 100_000},\0,extra\n"
    drop = desk.put("requests/kites.csv", sheet)
    desk.finish(drop)
    (said,) = desk.said(drop.key)
    assert [error["field"] for error in said["errors"]] == ["", "input.seed", ""]
    assert "at most 131072 bytes" in said["errors"][2]["message"]


def test_a_sheet_of_lines_of_json_is_one_too() -> None:
    desk = DropDesk()
    drop = desk.put("requests/kites.jsonl", f"{REQUEST}\n\n{{\n{REQUEST}")
    desk.finish(drop)
    assert [job.row for job in jobs_of(desk)] == [1, 3]
    assert [line["row"] for line in desk.said(drop.key)] == [1, 2, 3]


def test_a_long_sheet_is_read_in_parts() -> None:
    desk = DropDesk()
    drop = desk.put("requests/kites.csv", a_sheet(2 * MAX_ROWS + 1))
    parts = 1
    desk.take(drop)
    while desk.queues.waiting:
        assert len(jobs_of(desk)) == parts * MAX_ROWS
        desk.take(desk.queues.waiting.pop())
        parts += 1
    assert parts == 3
    assert [job.row for job in jobs_of(desk)] == list(range(1, 2 * MAX_ROWS + 2))
    assert [line["row"] for line in desk.said(drop.key)] == list(range(1, 2 * MAX_ROWS + 2))
    assert len(desk.queues.sums) == 1


def test_when_its_time_is_up_the_rest_is_left_to_a_new_message() -> None:
    desk = DropDesk()
    drop = desk.put("requests/kites.csv", a_sheet(10))
    add = desk.desk.queues.due.append

    class Slow(list[Any]):
        def append(self, item: Any) -> None:
            desk.desk.now += timedelta(seconds=5)
            add(item)

    desk.desk.queues.due = Slow()
    desk.take(drop)
    assert (len(jobs_of(desk)), desk.queues.waiting) == (3, [drop])


def test_a_sheet_that_cannot_be_read_on_says_so_and_keeps_what_was_read() -> None:
    desk = DropDesk()
    drop = desk.put("requests/kites.csv", a_sheet(2) + '"never closed' + "x" * 300_000)
    progress = desk.finish(drop)
    assert len(jobs_of(desk)) == 2
    fault = (
        "row 3: a quote is not closed, or its cell is too large for a request; "
        "this row and all that follow were skipped"
    )
    assert desk.said(drop.key)[2:] == [{"errors": [{"field": "", "message": fault}]}]
    assert progress is not None
    assert progress.fault == fault


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        ("model,input.prompt\n".encode("utf-16"), "not UTF-8"),
        (b"modell,input.prompt\nx,y\n", "modell"),
        (b"model,input.prompt\n", "the sheet has no rows"),
        (b"\n\n", "the file is empty"),
    ],
)
def test_a_sheet_that_cannot_be_read_at_all_says_why(content: bytes, said: str) -> None:
    desk = DropDesk()
    drop = desk.put("requests/kites.csv", content)
    desk.finish(drop)
    (line,) = desk.said(drop.key)
    assert said in line["errors"][0]["message"]


def test_a_sheet_of_more_than_can_be_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = DropDesk()
    content = a_sheet(9)
    for size, rows in ((len(content), 9), (len(content) - 1, 0)):
        monkeypatch.setattr("ringback.sheets.drop_rows.MAX_SHEET_BYTES", size)
        drop = desk.put(f"requests/{size}.csv", content)
        desk.finish(drop)
        assert sum(job.source == drop.key for job in jobs_of(desk)) == rows
    assert "at most" in desk.said(drop.key)[0]["errors"][0]["message"]


def test_a_sheet_that_is_deleted_half_way_comes_to_its_end() -> None:
    desk = DropDesk()
    drop = desk.put("requests/kites.csv", a_sheet(MAX_ROWS + 1))
    desk.take(drop)
    del desk.drops.objects[drop]
    progress = desk.take(desk.queues.waiting.pop())
    assert progress is not None
    assert (progress.done, progress.fault) == (True, "the file was deleted while it was being read")
    assert desk.said(drop.key)[-1]["errors"][0]["message"] == progress.fault


def test_of_two_that_read_the_same_rows_one_goes_on() -> None:
    desk = DropDesk()
    drop = desk.put("requests/kites.csv", a_sheet(2 * MAX_ROWS))
    put_receipts, doubled = desk.drops.put_receipts, [True]

    def meanwhile(drop: Drop, lines: bytes, *, seen: Progress, to: Progress) -> None:
        if doubled.pop() if doubled else False:
            desk.take(drop)
            desk.take(desk.queues.waiting.pop())
        put_receipts(drop, lines, seen=seen, to=to)

    desk.drops.put_receipts = meanwhile  # type: ignore[method-assign]
    assert desk.take(drop) is None
    assert desk.queues.waiting == [drop]
    desk.take(drop)
    assert [line["row"] for line in desk.said(drop.key)] == list(range(1, 2 * MAX_ROWS + 1))
    assert len(jobs_of(desk)) == 2 * MAX_ROWS


# ------------------------------------------------------------------ killed at every step

ROWS, PARTS = 7, 3


@pytest.fixture
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(take_drop, "MAX_ROWS", PARTS)


def lived(plan: dict[int, Mishap]) -> tuple[DropDesk, Effects]:
    """Drop a sheet and let its messages be delivered until each is acknowledged."""
    effects = Effects(plan)
    desk = DropDesk(watch=effects.watch)
    drop = desk.put("requests/kites.csv", a_sheet(ROWS, bad=(2,)))
    messages, tries = [drop], count()
    while messages:
        assert next(tries) < 50, "it does not come to an end"
        message = messages.pop(0)
        try:
            desk.take(message)
        except (Crash, ServiceError):
            messages.append(message)
        messages += desk.queues.waiting
        desk.queues.waiting.clear()
    return desk, effects


def breaches(desk: DropDesk) -> list[str]:
    jobs, said = jobs_of(desk), desk.said("requests/kites.csv")
    good = [row for row in range(1, ROWS + 1) if row != 2]
    queued = {job_id for job_id, _, _ in desk.desk.queues.submit}
    checked = {job_id for job_id, _ in desk.desk.queues.due}
    promises = {
        "one job a row": [job.row for job in jobs] == good,
        "each waits for its turn": {job.job_id for job in jobs} <= queued,
        "somebody will look at each": {job.job_id for job in jobs} <= checked,
        "a line a row": [line.get("row") for line in said] == list(range(1, ROWS + 1)),
        "the line names the job": [line["job_id"] for line in said if "job_id" in line]
        == [job.job_id for job in jobs],
        "it is summed up": bool(desk.queues.sums),
        "it is done": all(page.done for page in desk.progress.known.values()),
    }
    return [promise for promise, is_kept in promises.items() if not is_kept]


@pytest.mark.parametrize("mishap", Mishap)
@pytest.mark.usefixtures("short_parts")
def test_killed_at_any_step_a_sheet_makes_each_job_once(mishap: Mishap) -> None:
    untroubled, effects = lived({})
    assert breaches(untroubled) == []
    steps = len(effects.names)
    assert steps > 5 * ROWS
    broken = {step: breaches(lived({step: mishap})[0]) for step in range(1, steps + 1)}
    assert {step: found for step, found in broken.items() if found} == {}


@pytest.mark.usefixtures("short_parts")
def test_killed_twice_it_still_does() -> None:
    steps = len(lived({})[1].names)
    for first in range(1, steps + 1):
        for second in range(first + 1, first + 30):
            plan = {first: Mishap.CRASH_AFTER, second: Mishap.CRASH_BEFORE}
            assert breaches(lived(plan)[0]) == [], plan


# ------------------------------------------------------------------ recipes

RECIPE = json.dumps({"model": EDIT, "input": {"prompt": "as a woodcut", "max_images": 2}})


def test_a_photo_in_a_recipe_becomes_an_edit_of_it() -> None:
    desk = DropDesk()
    desk.put("recipes/fox/recipe.json", RECIPE)
    photo = desk.put("recipes/fox/red fox.jpg", a_photo())
    later = desk.put("recipes/fox/red fox.jpg", a_photo("PNG"))
    desk.take(photo)
    (job,) = jobs_of(desk)
    assert job.request.input["image_urls"] == ["s3://drops/recipes/fox/red fox.jpg"]
    assert job.request.input["prompt"] == "as a woodcut"
    assert job.request.input_images == {"s3://drops/recipes/fox/red fox.jpg": photo.version}
    assert job.status is JobStatus.ACCEPTED
    assert desk.said(photo.key) == [{"job_id": job.job_id}]
    desk.take(later)
    assert len(jobs_of(desk)) == 2


def test_what_is_said_beside_a_photo_overrides_the_recipe() -> None:
    desk = DropDesk()
    desk.put("recipes/fox/recipe.json", RECIPE)
    said = {"prompt": "als Holzschnitt, größer", "max-images": "4", "mtime": "1790000000"}
    said["image-urls"] = "https://pictures.example/instead.png"
    desk.take(desk.put("recipes/fox/1.png", a_photo("PNG"), **said))
    (job,) = jobs_of(desk)
    assert job.request.input["prompt"] == "als Holzschnitt, größer"
    assert job.request.input["max_images"] == 4
    assert "mtime" not in job.request.input
    assert desk.said("recipes/fox/1.png") == [
        {"ignored_metadata": ["image_urls", "mtime"], "job_id": job.job_id}
    ]


def test_a_recipe_may_have_images_of_its_own() -> None:
    desk = DropDesk()
    style = "https://pictures.example/style.png"
    recipe = {"model": EDIT, "input": {"prompt": "in this style", "image_urls": [style]}}
    desk.put("recipes/fox/recipe.json", json.dumps(recipe))
    photo = desk.put("recipes/fox/1.jpg", a_photo())
    desk.take(photo)
    assert jobs_of(desk)[0].request.input["image_urls"] == [photo.url, style]


@pytest.mark.parametrize(
    ("recipe", "photo", "field", "said"),
    [
        (
            None,
            a_photo(),
            "",
            "recipes/fox/recipe.json is missing; upload it, then this photo again",
        ),
        ("{", a_photo(), "", "recipes/fox/recipe.json: the body is not JSON"),
        ("[]", a_photo(), "", "recipes/fox/recipe.json: the body must be a JSON object"),
        ("{}", a_photo(), "", "must contain an object 'input'"),
        ("\ufeff" + RECIPE, b"", "input.image_urls.0", "the image is empty"),
        (REQUEST, a_photo(), "model", f"{TEXT} does not accept an image"),
        (json.dumps({"model": EDIT, "input": {}}), a_photo(), "input.prompt", "required"),
        (RECIPE, b"", "input.image_urls.0", "the image is empty"),
        (RECIPE, b"x", "input.image_urls.0", "not a JPEG, PNG or WebP"),
        (RECIPE, a_photo() + bytes(11 * 2**20), "input.image_urls.0", "the maximum is 10485760"),
    ],
    ids=[
        "none",
        "not json",
        "no object",
        "no input",
        "with a mark",
        "no images",
        "no prompt",
        "empty",
        "no photo",
        "large",
    ],
)
def test_a_photo_that_makes_no_job_is_answered(
    recipe: str | None, photo: bytes, field: str, said: str
) -> None:
    desk = DropDesk()
    if recipe is not None:
        desk.put("recipes/fox/recipe.json", recipe)
    drop = desk.put("recipes/fox/1.jpg", photo)
    desk.desk.now += LATE_RECIPE
    desk.take(drop)
    (error,) = desk.said(drop.key)[0]["errors"]
    assert error["field"] == field
    assert said in error["message"]
    assert jobs_of(desk) == []


def test_a_recipe_is_looked_at_when_it_is_dropped_and_spends_nothing() -> None:
    desk = DropDesk()
    good = desk.put("recipes/fox/recipe.json", RECIPE)
    bad = desk.put("recipes/owl/recipe.json", json.dumps({"model": EDIT, "input": {"sed": 1}}))
    for drop in (good, bad):
        desk.take(drop)
    assert desk.said(good.key)[0]["estimate"]["credits_high"] == 7.0
    assert {error["field"] for error in desk.said(bad.key)[0]["errors"]} == {
        "input.prompt",
        "input.sed",
    }
    assert (jobs_of(desk), desk.queues.sums) == ([], [])
    summary = desk.drops.summaries[good.key]
    assert (summary["state"], summary["dry_run"], summary["rows"]) == ("final", False, 1)
    assert "estimate" not in summary


# ------------------------------------------------------------------ dry runs


def test_a_dry_run_checks_everything_and_spends_nothing() -> None:
    desk = DropDesk()
    lines = [
        f"{TEXT},a kite,3",
        f"{EDIT},no image,1",
        "chanjing/wan2.2-t2i,,",
        "seedream/4.5-text-to-image,a kite,",
    ]
    sheet = "\n".join(["model,input.prompt,input.max_images", *lines])
    drop = desk.put("requests/kites.dry-run.csv", sheet)
    desk.finish(drop)
    said = desk.said(drop.key)
    assert [line["row"] for line in said] == [1, 2, 3, 4]
    assert said[0]["estimate"]["credits_low"] == 15.0
    assert [error["field"] for error in said[1]["errors"]] == ["input.image_urls"]
    assert said[3]["estimate"] | {"noted_on": ""} == {
        "credits_low": 5.0,
        "credits_high": 6.5,
        "images": 1,
        "noted_on": "",
        "is_estimate": True,
    }
    summary = desk.drops.summaries[drop.key]
    assert (summary["state"], summary["dry_run"]) == ("final", True)
    assert (summary["rows"], summary["bad_rows"]) == (4, 2)
    assert summary["estimate"]["credits_low"] == 20.0
    assert summary["estimate"]["credits_high"] == 21.5
    assert jobs_of(desk) == []
    queues = desk.desk.queues
    assert (queues.due, queues.submit, desk.queues.sums) == ([], [], [])


def test_what_has_no_price_is_counted() -> None:
    desk = DropDesk()
    request = {"model": "chanjing/wan2.2-t2i", "input": {"ref_prompt": "a hut"}}
    drop = desk.put("requests/hut.dry-run.json", json.dumps(request))
    desk.take(drop)
    assert desk.said(drop.key) == [{"estimate": None}]
    assert desk.drops.summaries[drop.key]["estimate"]["rows_without_price"] == 1
