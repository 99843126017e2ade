"""Dropped files: each of their jobs is made once, and their receipts."""

import json
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from itertools import count, pairwise
from typing import Any, NoReturn

import pytest
from PIL import Image
from ringback.aws.queues import MAX_DELAY
from ringback.domain.drops import MAX_KEY_BYTES, NO_VERSION, Drop, Kind, Progress
from ringback.domain.errors import NotConfigured, SheetRefused, TryAgain
from ringback.domain.jobs import Job, JobStatus
from ringback.use_cases import take_drop
from ringback.use_cases.receipt_table import COLUMNS
from ringback.use_cases.take_drop import BEFORE_TURN, LATE_RECIPE, MAX_ROWS, READ_AHEAD, TooEarly

from tests.support.deletions import tombstone_of
from tests.support.drops import SPACING, DropHarness
from tests.support.effects import ERRORS_AND_CRASHES, Crash, Effects, Fault, ServiceError
from tests.support.in_memory import InMemorySubmitQueue
from tests.support.jobs import NOON

TEXT, EDIT = "bytedance/seedream-v4-text-to-image", "bytedance/seedream-v4-edit"
REQUEST = json.dumps({"model": TEXT, "input": {"prompt": "a red kite"}})


def jobs_of(harness: DropHarness) -> list[Job]:
    return sorted(harness.base.jobs.by_id.values(), key=lambda job: job.job_id)


def a_photo(kind: str = "JPEG") -> bytes:
    content = BytesIO()
    Image.new("RGB", (8, 8)).save(content, kind)
    return content.getvalue()


# ------------------------------------------------------------------ keys


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("requests/a.json", Kind.REQUEST),
        ("requests/für Anna/a.JSON", Kind.REQUEST),
        ("requests/a.jsonl", Kind.JSONL),
        ("requests/a.b.CSV", Kind.CSV),
        ("requests/a.dry-run.csv", Kind.CSV),
        ("requests/a.TSV", Kind.CSV),
        ("requests/a.txt", Kind.CSV),
        ("requests/a.ndjson", Kind.JSONL),
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
        ("a.csv", Kind.UNKNOWN),
        ("1.jpg", Kind.UNKNOWN),
        ("photos/1.jpg", Kind.IMAGE),
        ("photos/more/1.WEBP", Kind.IMAGE),
        ("photos/1.gif", Kind.UNKNOWN),
        ("Requests/a.csv", Kind.UNKNOWN),
        ("Recipes/fox/1.jpg", Kind.UNKNOWN),
        ("recipe/fox/1.jpg", Kind.UNKNOWN),
        (" requests/1.jpg", Kind.UNKNOWN),
        ("/requests/a.csv", Kind.UNKNOWN),
    ],
)
def test_the_key_decides_the_kind(key: str, kind: Kind) -> None:
    assert Drop(bucket="b", key=key, version="v").kind is kind


@pytest.mark.parametrize(
    ("key", "is_dry"),
    [
        ("requests/a.dry-run.csv", True),
        ("requests/a.DRY-RUN.jsonl", True),
        ("requests/a.dry-run.json", True),
        # Whatever stands beside it: a check must not become a batch.
        ("requests/a.dry-run.gb18030.csv", True),
        ("requests/a.gb18030.dry-run.csv", True),
        ("requests/a.dry-run.v2.csv", True),
        ("requests/a.csv", False),
        ("requests/dry-run.csv", False),
        ("requests/a.dry-run/b.csv", False),
    ],
)
def test_the_key_decides_a_dry_run(key: str, is_dry: bool) -> None:  # noqa: FBT001
    assert Drop(bucket="b", key=key, version="v").is_dry_run is is_dry


@pytest.mark.parametrize("size", range(1000, 1025))
def test_the_receipts_of_a_long_key_lie_together(size: int) -> None:
    name = "requests/" + "ü" * ((size - 9 - 4) // 2) + "x" * ((size - 9) % 2) + ".csv"
    drop = Drop(bucket="b", key=name, version="v")
    keys = [drop.receipt_key, drop.table_key, drop.summary_key]
    assert len(name.encode()) == size
    assert all(len(key.encode()) <= MAX_KEY_BYTES for key in keys)
    assert len(set(keys)) == 3
    stems = {
        key.removesuffix(ending)
        for key, ending in zip(keys, (".jsonl", ".csv", ".summary.json"), strict=True)
    }
    assert len(stems) == 1
    assert (f"receipts/{name}" in stems) is (size <= MAX_KEY_BYTES - len("receipts/.summary.json"))


def test_job_ids_follow_from_the_drop_and_sort_by_row() -> None:
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


def test_a_request_makes_a_job_and_a_receipt() -> None:
    harness = DropHarness()
    drop = harness.put("requests/a kite.json", REQUEST)
    harness.take(drop)
    (job,) = jobs_of(harness)
    assert (job.status, job.client) == (JobStatus.ACCEPTED, "drop")
    assert harness.base.queues.submit == [(job.job_id, 0, None)]
    assert (job.source, job.row, job.due_at) == (drop.key, None, None)
    assert harness.receipts(drop.key) == [{"job_id": job.job_id}]
    assert harness.queues.summaries == [(drop, 5)]


def test_a_repeated_event_makes_no_second_job() -> None:
    harness = DropHarness()
    drop = harness.put("requests/a.json", REQUEST)
    harness.take(drop)
    harness.drops.written.clear()
    for _ in range(2):
        harness.take(drop)
    assert harness.drops.written == {}
    assert len(jobs_of(harness)) == 1
    assert len(harness.base.queues.submit) == 1
    assert len(harness.queues.summaries) == 1


@pytest.mark.parametrize("is_readable", [True, False])
def test_a_row_whose_job_was_deleted_makes_no_other(is_readable: bool) -> None:  # noqa: FBT001
    """Also if it is no good any more: an input image of it may be gone."""
    harness = DropHarness()
    drop = harness.put("requests/a.json", REQUEST)
    harness.take(drop)
    (job,) = jobs_of(harness)
    harness.base.jobs.by_id[job.job_id] = left = tombstone_of(job, at=NOON)
    harness.progress.known.clear()
    if not is_readable:
        harness.drops.objects[drop] = (b"{}", {})
    sent = list(harness.base.queues.submit)
    harness.take(drop)
    assert harness.base.jobs.by_id == {job.job_id: left}
    assert harness.base.queues.submit == sent
    assert harness.receipts(drop.key) == [{"job_id": job.job_id}]


def test_the_same_file_uploaded_again_makes_another_job() -> None:
    harness = DropHarness()
    for _ in range(2):
        harness.take(harness.put("requests/a.json", REQUEST))
    assert len(jobs_of(harness)) == 2
    assert len(harness.receipts("requests/a.json")) == 1


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
def test_an_invalid_request_gets_a_receipt_with_every_error(
    body: bytes, fields: set[str] | None
) -> None:
    harness = DropHarness()
    drop = harness.put("requests/a.json", body)
    progress = harness.take(drop)
    (line,) = harness.receipts(drop.key)
    named = {error["field"] for error in line["errors"]}
    assert named == (fields if fields is not None else {"input.prompt", "input.sed"})
    assert jobs_of(harness) == []
    assert progress is not None
    assert (progress.bad_rows, progress.done) == (1, True)


def test_a_drop_does_not_wait_for_the_provider_s_key() -> None:
    harness = DropHarness()
    harness.base.provider.not_ready = NotConfigured("no key yet")
    drop = harness.put("requests/a.jsonl", f"{REQUEST}\n" * 3)
    progress = harness.take(drop)
    assert progress is not None
    assert (progress.row, progress.done) == (4, True)
    assert [line["job_id"] for line in harness.receipts(drop.key)] == [
        j.job_id for j in jobs_of(harness)
    ]


def test_an_unqueued_job_is_queued_on_redelivery() -> None:
    harness = DropHarness()
    drop = harness.put("requests/a.json", REQUEST)

    def fails(*_: object, **__: object) -> NoReturn:
        raise TryAgain("not confirmed")

    with pytest.MonkeyPatch.context() as patch, pytest.raises(TryAgain):
        patch.setattr(InMemorySubmitQueue, "add", fails)
        harness.take(drop)
    harness.take(drop)
    (job,) = jobs_of(harness)
    assert harness.base.queues.submit == [(job.job_id, 0, None)]
    assert harness.receipts(drop.key) == [{"job_id": job.job_id}]


def take_and_crash_before_the_receipt(harness: DropHarness, drop: Drop) -> None:
    def crashes(*_: object, **__: object) -> NoReturn:
        raise Crash

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Crash):
        patch.setattr(harness.drops, "put_receipts", crashes)
        harness.take(drop)


def test_a_photo_keeps_its_job_after_its_recipe_is_gone() -> None:
    """A crash came between the job and its receipt."""
    harness = DropHarness()
    recipe = harness.put("recipes/fox/recipe.json", RECIPE)
    drop = harness.put("recipes/fox/1.jpg", a_photo())
    take_and_crash_before_the_receipt(harness, drop)
    del harness.drops.objects[recipe]
    harness.base.now += LATE_RECIPE
    harness.take(drop)
    (job,) = jobs_of(harness)
    assert harness.receipts(drop.key) == [{"job_id": job.job_id}]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("requests/a.json", "; upload a .jsonl file instead: write each object on one line"),
        ("requests/a.dry-run.json", "; upload a .jsonl file instead: write each object"),
        ("requests/a.jsonl", "; write each object on one line"),
        ("recipes/fox/recipe.json", ""),
    ],
)
@pytest.mark.parametrize("before", ["", "\ufeff\n "])
def test_a_json_list_is_refused_with_what_to_write_instead(
    key: str, words: str, before: str
) -> None:
    harness = DropHarness()
    drop = harness.put(key, f"{before}[{REQUEST}]")
    harness.finish(drop)
    [line] = harness.receipts(drop.key)
    [error] = line["errors"]
    assert error["message"].startswith("the file is a JSON list")
    assert words in error["message"]
    assert ("jsonl" in error["message"]) is ("jsonl" in words)
    assert jobs_of(harness) == []


def test_a_number_in_a_photo_s_metadata_that_is_not_clear_is_refused() -> None:
    harness = DropHarness()
    harness.put("recipes/fox/recipe.json", RECIPE)
    drop = harness.put("recipes/fox/1.jpg", a_photo(), seed="1.23457E+12", max_images="1,000")
    harness.finish(drop)
    [line] = harness.receipts(drop.key)
    assert {error["field"] for error in line["errors"]} == {"input.seed", "input.max_images"}


@pytest.mark.parametrize(("key", "body"), [("requests/a.json", 1), ("requests/a.jsonl", 3)])
def test_rows_keep_their_jobs_after_the_file_is_deleted(key: str, body: int) -> None:
    """A crash came between the jobs and their receipts."""
    harness = DropHarness()
    drop = harness.put(key, f"{REQUEST}\n" * body)
    take_and_crash_before_the_receipt(harness, drop)
    del harness.drops.objects[drop]
    harness.take(drop)
    job_ids = [line["job_id"] for line in harness.receipts(drop.key) if "job_id" in line]
    assert job_ids == [job.job_id for job in jobs_of(harness)]
    assert len(job_ids) == body
    progress = harness.progress.read(drop)
    assert progress is not None
    assert (progress.row, progress.done) == (body + 1, True)
    assert bool(progress.fault) is drop.is_sheet


def refusing_to_describe(drop: Drop) -> NoReturn:
    raise SheetRefused("the file may not be read")


@pytest.mark.parametrize(
    "key", ["requests/a.csv", "requests/a.dry-run.csv", "recipes/a/recipe.json"]
)
def test_an_unreadable_file_gets_a_receipt(key: str) -> None:
    harness = DropHarness()
    drop = harness.put(key, "x")
    harness.drops.describe = refusing_to_describe  # type: ignore[method-assign]
    for _ in range(2):
        progress = harness.take(drop)
    fault = "the file may not be read"
    assert harness.receipts(drop.key) == [{"errors": [{"field": "", "message": fault}]}]
    assert progress is not None
    assert (progress.fault, progress.done) == (fault, True)
    # Any readable version counts as newer.
    assert progress.made_at < NOON
    assert harness.queues.summaries == ([(drop, 5)] if key == "requests/a.csv" else [])
    assert (key in harness.drops.summaries) is (key != "requests/a.csv")


def test_a_sheet_survives_one_failed_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(take_drop, "MAX_ROWS", 2)
    harness = DropHarness()
    drop = harness.put("requests/a.jsonl", f"{REQUEST}\n" * 3)
    harness.take(drop)
    describe = harness.drops.describe
    harness.drops.describe = refusing_to_describe  # type: ignore[method-assign]
    with pytest.raises(SheetRefused):
        harness.take(drop)
    harness.drops.describe = describe  # type: ignore[method-assign]
    progress = harness.take(drop)
    assert progress is not None
    assert (progress.row, progress.done, progress.fault) == (4, True, "")
    assert len(harness.receipts(drop.key)) == 3


def test_photos_wait_for_their_recipe() -> None:
    harness = DropHarness()
    drop = harness.put("recipes/fox/1.jpg", a_photo())
    harness.take(drop)
    harness.base.now += timedelta(minutes=1)
    harness.take(drop)
    assert harness.receipts(drop.key) == [{"waits_for": "recipes/fox/recipe.json"}]
    # Its checks for the recipe widen.
    assert harness.queues.delays == [10, 30]
    harness.put("recipes/fox/recipe.json", RECIPE)
    progress = harness.take(harness.queues.waiting.pop())
    (job,) = jobs_of(harness)
    assert harness.receipts(drop.key) == [{"job_id": job.job_id}]
    assert progress is not None
    assert progress.done


def test_a_row_keeps_its_job_after_its_image_is_gone() -> None:
    """A crash came between the job and its receipt."""
    harness = DropHarness()
    image = harness.put("photos/1.jpg", a_photo())
    line = {"model": EDIT, "input": {"prompt": "p", "image_urls": [image.url]}}
    drop = harness.put("requests/a.jsonl", json.dumps(line) + "\n")
    take_and_crash_before_the_receipt(harness, drop)
    del harness.drops.objects[image]
    harness.take(drop)
    (job,) = jobs_of(harness)
    assert harness.receipts(drop.key) == [{"row": 1, "job_id": job.job_id}]


def test_a_deleted_file_makes_nothing() -> None:
    harness = DropHarness()
    drop = harness.put("requests/a.json", REQUEST)
    del harness.drops.objects[drop]
    assert harness.take(drop) is None
    assert harness.drops.written == {}


def test_a_folder_placeholder_is_ignored() -> None:
    harness = DropHarness()
    assert harness.take(harness.put("requests/new/", b"")) is None
    assert (harness.drops.written, harness.queues.summaries) == ({}, [])


EXCEL = 'in Excel, choose Save As and the format "CSV UTF-8 (Comma delimited) (*.csv)"'
PHOTOS = "photos (.jpg, .jpeg, .png, .webp)"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("requests/a.xlsx", f"requests/ accepts .json, .jsonl and .csv files; {EXCEL}"),
        ("requests/a.pdf", "requests/ accepts .json, .jsonl and .csv files"),
        ("recipes/fox/a.gif", f"recipes/<name>/ accepts recipe.json and {PHOTOS}"),
        (
            "recipes/1.jpg",
            f"recipes/<name>/ accepts recipe.json and {PHOTOS}; upload it into a folder of"
            " recipes/",
        ),
        (
            "recipes/fox/Recipe.JSON",
            f"recipes/<name>/ accepts recipe.json and {PHOTOS}; upload the recipe as"
            " recipes/fox/recipe.json",
        ),
        (
            "kites.csv",
            "no job is made of files outside a folder; upload the file as requests/kites.csv",
        ),
        (
            "/kites.jsonl",
            "no job is made of files outside a folder; upload the file as requests/kites.jsonl",
        ),
        (
            "Requests/2026/kites.csv",
            "the folder Requests/ is not requests/; upload the file as requests/2026/kites.csv",
        ),
        (
            "Recipe/fox/1.jpg",
            "the folder Recipe/ is not recipes/; upload the file as recipes/fox/1.jpg",
        ),
        (
            "1.jpg",
            "no job is made of files outside a folder; upload the photo to recipes/<name>/1.jpg,"
            " beside a recipe.json",
        ),
        (
            "fox/recipe.json",
            "no job is made of files in fox/; upload the recipe as recipes/<name>/recipe.json",
        ),
        (
            "inbox/requests/a.json",
            "no job is made of files in inbox/; upload the file as requests/a.json",
        ),
        (
            "kites.xlsx",
            "no job is made of files outside a folder; requests/ accepts .json, .jsonl and .csv"
            " files, also .tsv and .txt with tabs; recipes/<name>/ accepts recipe.json and"
            f" {PHOTOS}; {EXCEL}",
        ),
    ],
)
def test_a_file_in_no_place_for_jobs_gets_a_receipt(key: str, message: str) -> None:
    harness = DropHarness()
    drop = harness.put(key, b"x")
    harness.take(drop)
    assert harness.receipts(key) == [{"errors": [{"field": "", "message": message}]}]
    assert (jobs_of(harness), harness.queues.summaries) == ([], [])
    assert harness.drops.summaries[key]["fault"] == message
    assert harness.table(key) == [
        dict.fromkeys(COLUMNS, "") | {"state": "refused", "errors": message}
    ]


def test_an_image_in_a_folder_of_its_own_is_an_input() -> None:
    harness = DropHarness()
    image = harness.put("photos/1.jpg", a_photo())
    harness.take(image)
    note = (
        "no job: requests can use this image as s3://drops/photos/1.jpg; for a job of its own,"
        " upload it to recipes/<name>/1.jpg, beside a recipe.json"
    )
    assert harness.receipts(image.key) == [{"note": note}]
    assert (harness.drops.summaries, harness.drops.tables) == ({}, {})


def test_a_file_that_has_no_version_makes_no_job_and_gets_a_receipt() -> None:
    harness = DropHarness()
    drop = Drop(bucket="drops", key="requests/a.json", version=NO_VERSION)
    harness.drops.objects[drop] = (REQUEST.encode(), {})
    # Nothing is kept of it: the next one has the same version.
    for _ in range(2):
        harness.drops.written.clear()
        harness.take(drop)
        (error,) = harness.receipts(drop.key)[0]["errors"]
        assert "enable the bucket's versioning" in error["message"]
    assert (jobs_of(harness), harness.progress.known) == ([], {})
    assert harness.table(drop.key)[0]["state"] == "refused"


# ------------------------------------------------------------------ sheets


def a_sheet(rows: int, *, bad: tuple[int, ...] = ()) -> str:
    lines = [f"{TEXT},{'' if n in bad else f'kite {n}'},{n}" for n in range(1, rows + 1)]
    return "\n".join(["model,input.prompt,input.seed", *lines]) + "\n"


def test_each_row_makes_a_job_with_its_due_time() -> None:
    harness = DropHarness()
    drop = harness.put("requests/kites.csv", a_sheet(40, bad=(7,)))
    progress = harness.finish(drop)
    jobs, lines = jobs_of(harness), harness.receipts(drop.key)
    assert [job.row for job in jobs] == [row for row in range(1, 41) if row != 7]
    assert {job.status for job in jobs} == {JobStatus.ACCEPTED}
    assert [job.request.input["seed"] for job in jobs] == [job.row for job in jobs]
    assert {job.source for job in jobs} == {drop.key}
    assert [line["row"] for line in lines] == list(range(1, 41))
    assert lines[6]["errors"] == [{"field": "input.prompt", "message": "required"}]
    assert [line["job_id"] for line in lines if "job_id" in line] == [job.job_id for job in jobs]
    assert harness.base.provider.created == []
    assert jobs[-1].due_at == NOON + 40 * SPACING
    assert progress is not None
    assert (progress.row, progress.bad_rows, progress.done) == (41, 1, True)


REQUIRED = ("input.prompt", "required")
NO_SEED = ("input.seed", "must be a whole number")
NUL = "must not contain a NUL byte"
TOO_MANY = "has 5 cells, but the header has 4 columns"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{TEXT},,abc,,extra", [("", TOO_MANY), REQUIRED, NO_SEED]),
        (f"{TEXT},a kite,7,,extra", [("", TOO_MANY)]),
        (f"{TEXT},a k\0te,abc", [("input.prompt", NUL), NO_SEED]),
        (f"{TEXT},,\0", [("input.seed", NUL), REQUIRED]),
        (f"{TEXT},#NAME?,abc", [("input.prompt", "is an error that Excel shows"), NO_SEED]),
        (f"{EDIT},,,http://a|\0", [("input.image_urls", NUL), REQUIRED]),
        ("kn\0wn,,abc", [("model", NUL)]),
        (f'{TEXT},"a"b,abc', [("", "has text after a closing quote, or a line break outside")]),
    ],
)
def test_a_row_gets_each_error_once(line: str, expected: list[tuple[str, str]]) -> None:
    harness = DropHarness()
    sheet = f"model,input.prompt,input.seed,input.image_urls\n{line}\n"
    drop = harness.put("requests/kites.csv", sheet)
    harness.finish(drop)
    (receipt,) = harness.receipts(drop.key)
    assert [error["field"] for error in receipt["errors"]] == [field for field, _ in expected]
    for error, (_, message) in zip(receipt["errors"], expected, strict=True):
        assert error["message"].startswith(message)
    assert jobs_of(harness) == []


def test_a_faulty_row_that_is_too_large_gets_both_errors() -> None:
    harness = DropHarness()
    # Six bytes each in JSON.
    sheet = f"model,input.prompt,input.seed\n{TEXT},{chr(1) * 100_000},\0,extra\n"
    drop = harness.put("requests/kites.csv", sheet)
    harness.finish(drop)
    (line,) = harness.receipts(drop.key)
    assert [error["field"] for error in line["errors"]] == ["", "input.seed", ""]
    assert "the maximum is 131072" in line["errors"][2]["message"]


def test_a_jsonl_file_is_a_sheet() -> None:
    harness = DropHarness()
    drop = harness.put("requests/kites.jsonl", f"{REQUEST}\n\n{{\n{REQUEST}")
    harness.finish(drop)
    assert [job.row for job in jobs_of(harness)] == [1, 3]
    assert [line["row"] for line in harness.receipts(drop.key)] == [1, 2, 3]


def test_a_long_sheet_is_read_in_parts() -> None:
    harness = DropHarness()
    drop = harness.put("requests/kites.csv", a_sheet(2 * MAX_ROWS + 1))
    parts = 1
    harness.take(drop)
    while harness.queues.waiting:
        assert len(jobs_of(harness)) == parts * MAX_ROWS
        harness.take(harness.queues.waiting.pop())
        parts += 1
    assert parts == 3
    assert [job.row for job in jobs_of(harness)] == list(range(1, 2 * MAX_ROWS + 2))
    assert [line["row"] for line in harness.receipts(drop.key)] == list(range(1, 2 * MAX_ROWS + 2))
    assert len(harness.queues.summaries) == 1


def test_rows_become_jobs_at_most_a_quarter_of_an_hour_before_their_turn() -> None:
    """SQS delays a message no longer, and each reception costs."""
    harness, rows = DropHarness(), 3600
    drop = harness.put("requests/kites.csv", a_sheet(rows))
    harness.take(drop)
    read_at = [NOON]
    while harness.queues.waiting:
        ahead = (job.due_at for job in jobs_of(harness) if job.due_at)
        assert max(ahead) - harness.base.now <= BEFORE_TURN
        assert max(harness.queues.delays) <= MAX_DELAY
        harness.base.now += timedelta(seconds=harness.queues.delays[-1])
        harness.take(harness.queues.waiting.pop())
        read_at.append(harness.base.now)
    jobs = jobs_of(harness)
    # Nothing is late by that, and each job has a single message until it is due.
    turns = [NOON + row * SPACING for row in range(1, rows + 1)]
    assert [job.due_at for job in jobs] == [max(turn, NOON + READ_AHEAD) for turn in turns]
    assert [each[0] for each in harness.base.queues.submit] == [job.job_id for job in jobs]
    assert [line["row"] for line in harness.receipts(drop.key)] == list(range(1, rows + 1))
    pauses = sorted({after - before for before, after in pairwise(read_at)})
    assert pauses[0] == timedelta(0)
    assert pauses[-1] > BEFORE_TURN / 2 - timedelta(seconds=2)


def test_bad_rows_wait_for_no_turn() -> None:
    harness = DropHarness()
    lines = a_sheet(1800).splitlines()
    drop = harness.put("requests/kites.csv", "\n".join([*lines[:-1], "unknown,x", lines[-1]]))
    harness.take(drop)
    while harness.queues.delays[-1] == 0:
        harness.take(harness.queues.waiting.pop())
    last = jobs_of(harness)[-1].row
    assert last is not None
    assert last < 1799
    harness.base.now += timedelta(seconds=harness.queues.delays[-1])
    harness.finish(drop)
    assert "errors" in harness.receipts(drop.key)[1799]
    assert jobs_of(harness)[-1].row == 1801


def test_a_message_that_comes_too_early_waits_again() -> None:
    harness = DropHarness()
    drop = harness.put("requests/kites.csv", a_sheet(1800))
    harness.take(drop)
    while harness.queues.delays[-1] == 0:
        harness.take(harness.queues.waiting.pop())
    before, writes = len(jobs_of(harness)), harness.drops.written[drop.key]
    progress = harness.take(harness.queues.waiting.pop())
    assert progress == harness.progress.read(drop)
    assert (len(jobs_of(harness)), harness.drops.written[drop.key]) == (before, writes)
    assert harness.queues.waiting == [drop]
    assert harness.queues.delays[-1] == harness.queues.delays[-2]


@pytest.mark.parametrize(("minutes", "pause"), [(15.5, 8), (22.5, 15), (600, 15)])
def test_a_turn_that_is_far_away_is_waited_for_in_parts(minutes: float, pause: float) -> None:
    """Rows of one sheet may have providers of different paces."""
    assert TooEarly(timedelta(minutes=minutes)).pause == timedelta(minutes=pause)


def test_after_its_time_the_rest_is_left_to_a_new_message() -> None:
    harness = DropHarness()
    drop = harness.put("requests/kites.csv", a_sheet(10))
    add = harness.base.queues.due.append

    class Slow(list[Any]):
        def append(self, item: Any) -> None:
            harness.base.now += timedelta(seconds=5)
            add(item)

    harness.base.queues.due = Slow()
    harness.take(drop)
    assert (len(jobs_of(harness)), harness.queues.waiting) == (3, [drop])


def test_an_unreadable_rest_keeps_the_rows_before_it() -> None:
    harness = DropHarness()
    drop = harness.put("requests/kites.csv", a_sheet(2) + '"never closed' + "x" * 300_000)
    progress = harness.finish(drop)
    assert len(jobs_of(harness)) == 2
    fault = (
        "row 3: a quote is not closed, or its cell is too large for a request; "
        "this row and all that follow were skipped"
    )
    assert harness.receipts(drop.key)[2:] == [{"errors": [{"field": "", "message": fault}]}]
    assert progress is not None
    assert progress.fault == fault


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        ("model,input.prompt\n".encode("utf-16"), "the sheet has no rows"),
        ("model,input.prompt\n".encode("utf-16-le"), "the file is not UTF-8"),
        (b"modell,input.prompt\nx,y\n", "modell"),
        (b"model,input.prompt\n", "the sheet has no rows"),
        (b"\n\n", "the file is empty"),
    ],
)
def test_an_unreadable_sheet_gets_a_receipt(content: bytes, message: str) -> None:
    harness = DropHarness()
    drop = harness.put("requests/kites.csv", content)
    harness.finish(drop)
    (line,) = harness.receipts(drop.key)
    assert message in line["errors"][0]["message"]


CHINESE = f"model,input.prompt\n{TEXT},a kite\n{TEXT},红色风筝\n"
HOW_TO_SAVE = 'In Excel, choose Save As and the format "CSV UTF-8 (Comma delimited) (*.csv)"'


def test_nothing_is_sent_of_a_sheet_that_is_not_all_text() -> None:
    harness = DropHarness()
    drop = harness.put("requests/kites.csv", CHINESE.encode("gb18030"))
    progress = harness.finish(drop)
    (line,) = harness.receipts(drop.key)
    assert line["errors"][0]["message"] == (
        f"line 3 is not UTF-8, so the file has another encoding. {HOW_TO_SAVE}, or name the"
        " file's encoding before its extension, such as kites.gb18030.csv. No row was sent."
    )
    assert jobs_of(harness) == []
    assert progress is not None
    assert (progress.row, progress.done) == (1, True)


@pytest.mark.parametrize(
    ("key", "metadata"),
    [
        ("requests/kites.gb18030.csv", {}),
        ("requests/kites.GBK.txt", {}),
        ("requests/kites.csv", {"encoding": "GB2312"}),
    ],
)
def test_an_encoding_that_is_named_is_read(key: str, metadata: dict[str, str]) -> None:
    harness = DropHarness()
    harness.finish(harness.put(key, CHINESE.encode("gb18030"), **metadata))
    prompts = [job.request.input["prompt"] for job in jobs_of(harness)]
    assert prompts == ["a kite", "红色风筝"]


def test_a_large_sheet_is_checked_in_parts_before_its_first_row() -> None:
    harness = DropHarness()
    drop = harness.put("requests/kites.csv", a_sheet(300))
    size, row = len(a_sheet(300)), timedelta(seconds=5)

    def slowly(drop: Drop, *, start: int) -> Iterator[bytes]:
        for part in type(harness.drops).parts(harness.drops, drop, start=start):
            harness.base.now += row
            yield part

    harness.drops.parts = slowly  # type: ignore[method-assign]
    checked = list[int]()
    while (progress := harness.take(drop)) and progress.checked < size:
        assert (jobs_of(harness), harness.drops.written) == ([], {})
        assert harness.queues.waiting.pop() == drop
        checked.append(progress.checked)
    # Three parts of a kilobyte in twelve seconds.
    assert checked == [3 * 1024, 6 * 1024, 9 * 1024, 12 * 1024][: len(checked)]
    assert len(checked) > 2
    row = timedelta(0)
    harness.finish(drop)
    assert [line["row"] for line in harness.receipts(drop.key)] == list(range(1, 301))


def test_a_bad_byte_at_the_end_of_a_sheet_that_is_checked_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(take_drop, "TIME_PER_MESSAGE", timedelta(0))
    harness = DropHarness()
    drop = harness.put("requests/kites.csv", a_sheet(300).encode() + b"\xff")
    harness.finish(drop)
    assert "line 302 is not UTF-8" in harness.receipts(drop.key)[0]["errors"][0]["message"]
    assert jobs_of(harness) == []


def test_a_sheet_over_the_size_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = DropHarness()
    content = a_sheet(9)
    for size, rows in ((len(content), 9), (len(content) - 1, 0)):
        monkeypatch.setattr("ringback.sheets.drop_rows.MAX_SHEET_BYTES", size)
        drop = harness.put(f"requests/{size}.csv", content)
        harness.finish(drop)
        assert sum(job.source == drop.key for job in jobs_of(harness)) == rows
    assert "at most" in harness.receipts(drop.key)[0]["errors"][0]["message"]


def test_a_sheet_deleted_half_way_ends() -> None:
    harness = DropHarness()
    drop = harness.put("requests/kites.csv", a_sheet(MAX_ROWS + 1))
    harness.take(drop)
    del harness.drops.objects[drop]
    progress = harness.take(harness.queues.waiting.pop())
    assert progress is not None
    assert (progress.done, progress.fault) == (True, "the file was deleted while it was being read")
    assert harness.receipts(drop.key)[-1]["errors"][0]["message"] == progress.fault


def test_only_one_of_two_readers_continues() -> None:
    harness = DropHarness()
    drop = harness.put("requests/kites.csv", a_sheet(2 * MAX_ROWS))
    put_receipts, doubled = harness.drops.put_receipts, [True]

    def meanwhile(drop: Drop, lines: bytes, *, seen: Progress, to: Progress) -> None:
        if doubled.pop() if doubled else False:
            harness.take(drop)
            harness.take(harness.queues.waiting.pop())
        put_receipts(drop, lines, seen=seen, to=to)

    harness.drops.put_receipts = meanwhile  # type: ignore[method-assign]
    assert harness.take(drop) is None
    assert harness.queues.waiting == [drop]
    harness.take(drop)
    assert [line["row"] for line in harness.receipts(drop.key)] == list(range(1, 2 * MAX_ROWS + 1))
    assert len(jobs_of(harness)) == 2 * MAX_ROWS


# ------------------------------------------------------------------ crashes at every step

ROWS, PARTS = 7, 3


@pytest.fixture
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(take_drop, "MAX_ROWS", PARTS)


def run_with(plan: dict[int, Fault]) -> tuple[DropHarness, Effects]:
    """Drop a sheet and deliver its messages until each is acknowledged."""
    effects = Effects(plan)
    harness = DropHarness(watch=effects.watch)
    drop = harness.put("requests/kites.csv", a_sheet(ROWS, bad=(2,)))
    messages, tries = [drop], count()
    while messages:
        assert next(tries) < 50, "messages do not end"
        message = messages.pop(0)
        try:
            harness.take(message)
        except (Crash, ServiceError):
            messages.append(message)
        messages += harness.queues.waiting
        harness.queues.waiting.clear()
    return harness, effects


def broken_guarantees(harness: DropHarness) -> list[str]:
    jobs, lines = jobs_of(harness), harness.receipts("requests/kites.csv")
    good = [row for row in range(1, ROWS + 1) if row != 2]
    queued = {job_id for job_id, _, _ in harness.base.queues.submit}
    checked = {job_id for job_id, _ in harness.base.queues.due}
    guarantees = {
        "one job per row": [job.row for job in jobs] == good,
        "each is queued": {job.job_id for job in jobs} <= queued,
        "each has a check": {job.job_id for job in jobs} <= checked,
        "one receipt per row": [line.get("row") for line in lines] == list(range(1, ROWS + 1)),
        "each receipt names its job": [line["job_id"] for line in lines if "job_id" in line]
        == [job.job_id for job in jobs],
        "a summary is queued": bool(harness.queues.summaries),
        "it is done": all(page.done for page in harness.progress.known.values()),
    }
    return [guarantee for guarantee, is_kept in guarantees.items() if not is_kept]


@pytest.mark.parametrize("fault", ERRORS_AND_CRASHES)
@pytest.mark.usefixtures("short_parts")
def test_one_crash_at_any_step_makes_each_job_once(fault: Fault) -> None:
    without_faults, effects = run_with({})
    assert broken_guarantees(without_faults) == []
    steps = len(effects.names)
    assert steps > 5 * ROWS
    broken = {step: broken_guarantees(run_with({step: fault})[0]) for step in range(1, steps + 1)}
    assert {step: found for step, found in broken.items() if found} == {}


@pytest.mark.usefixtures("short_parts")
def test_a_sheet_makes_each_job_once_if_the_sdk_repeats_a_request() -> None:
    """But for progress, whose repeat is recognized beneath the port (``test_own_repeats.py``)."""
    _, effects = run_with({})
    for step, fault in effects.points([Fault.REPEATED]):
        if effects.names[step - 1] != "advance":
            assert broken_guarantees(run_with({step: fault})[0]) == [], effects.label(step)


@pytest.mark.exhaustive
@pytest.mark.usefixtures("short_parts")
def test_two_crashes_make_each_job_once() -> None:
    steps = len(run_with({})[1].names)
    for first in range(1, steps + 1):
        for second in range(first + 1, first + 30):
            plan = {first: Fault.CRASH_AFTER, second: Fault.CRASH_BEFORE}
            assert broken_guarantees(run_with(plan)[0]) == [], plan


# ------------------------------------------------------------------ recipes

RECIPE = json.dumps({"model": EDIT, "input": {"prompt": "as a woodcut", "max_images": 2}})


def test_a_photo_is_edited_by_its_recipe() -> None:
    harness = DropHarness()
    harness.put("recipes/fox/recipe.json", RECIPE)
    photo = harness.put("recipes/fox/red fox.jpg", a_photo())
    later = harness.put("recipes/fox/red fox.jpg", a_photo("PNG"))
    harness.take(photo)
    (job,) = jobs_of(harness)
    assert job.request.input["image_urls"] == ["s3://drops/recipes/fox/red fox.jpg"]
    assert job.request.input["prompt"] == "as a woodcut"
    assert job.request.input_images == {"s3://drops/recipes/fox/red fox.jpg": photo.version}
    assert job.status is JobStatus.ACCEPTED
    assert harness.receipts(photo.key) == [{"job_id": job.job_id}]
    harness.take(later)
    assert len(jobs_of(harness)) == 2


def test_a_recipe_is_found_however_its_folder_spells_an_accent() -> None:
    """MacOS writes two characters where S3's console writes one."""
    harness = DropHarness()
    harness.put("recipes/für Anna/recipe.json", RECIPE)
    harness.take(harness.put("recipes/fu\u0308r Anna/1.jpg", a_photo()))
    (job,) = jobs_of(harness)
    assert job.request.input["image_urls"] == ["s3://drops/recipes/fu\u0308r Anna/1.jpg"]


def test_a_photo_s_metadata_overrides_the_recipe() -> None:
    harness = DropHarness()
    harness.put("recipes/fox/recipe.json", RECIPE)
    metadata = {"prompt": "als Holzschnitt, größer", "max-images": "4", "mtime": "1790000000"}
    metadata["image-urls"] = "https://pictures.example/instead.png"
    harness.take(harness.put("recipes/fox/1.png", a_photo("PNG"), **metadata))
    (job,) = jobs_of(harness)
    assert job.request.input["prompt"] == "als Holzschnitt, größer"
    assert job.request.input["max_images"] == 4
    assert "mtime" not in job.request.input
    assert harness.receipts("recipes/fox/1.png") == [
        {"ignored_metadata": ["image_urls", "mtime"], "job_id": job.job_id}
    ]


def test_a_recipe_may_have_images_of_its_own() -> None:
    harness = DropHarness()
    style = "https://pictures.example/style.png"
    recipe = {"model": EDIT, "input": {"prompt": "in this style", "image_urls": [style]}}
    harness.put("recipes/fox/recipe.json", json.dumps(recipe))
    photo = harness.put("recipes/fox/1.jpg", a_photo())
    harness.take(photo)
    assert jobs_of(harness)[0].request.input["image_urls"] == [photo.url, style]


@pytest.mark.parametrize(
    ("recipe", "photo", "field", "message"),
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
        (" " * 140_000, a_photo(), "", "recipes/fox/recipe.json: "),
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
        "large recipe",
        "no images",
        "no prompt",
        "empty",
        "no photo",
        "large",
    ],
)
def test_a_photo_without_a_job_gets_a_receipt(
    recipe: str | None, photo: bytes, field: str, message: str
) -> None:
    harness = DropHarness()
    if recipe is not None:
        harness.put("recipes/fox/recipe.json", recipe)
    drop = harness.put("recipes/fox/1.jpg", photo)
    harness.base.now += LATE_RECIPE
    harness.take(drop)
    (error,) = harness.receipts(drop.key)[0]["errors"]
    assert error["field"] == field
    assert message in error["message"]
    assert jobs_of(harness) == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_half_a_photo_is_not_sent(kind: str) -> None:
    """It is judged by the readers of results, not by its first bytes."""
    harness = DropHarness()
    harness.put("recipes/fox/recipe.json", RECIPE)
    whole = a_photo(kind)
    extension = kind.lower()
    for part in (whole[: len(whole) // 2], whole[:-1], whole[:12]):
        drop = harness.put(f"recipes/fox/1.{extension}", part)
        harness.take(drop)
        (error,) = harness.receipts(drop.key)[0]["errors"]
        assert error["message"].startswith("the image is damaged: ")
    assert jobs_of(harness) == []
    harness.take(harness.put(f"recipes/fox/1.{extension}", whole))
    assert len(jobs_of(harness)) == 1


def test_a_dropped_recipe_is_checked_and_makes_no_job() -> None:
    harness = DropHarness()
    good = harness.put("recipes/fox/recipe.json", RECIPE)
    bad = harness.put("recipes/owl/recipe.json", json.dumps({"model": EDIT, "input": {"sed": 1}}))
    for drop in (good, bad):
        harness.take(drop)
    assert harness.receipts(good.key)[0]["estimate"]["credits_high"] == 7.0
    assert {error["field"] for error in harness.receipts(bad.key)[0]["errors"]} == {
        "input.prompt",
        "input.sed",
    }
    assert (jobs_of(harness), harness.queues.summaries) == ([], [])
    summary = harness.drops.summaries[good.key]
    assert (summary["state"], summary["dry_run"], summary["rows"]) == ("final", False, 1)
    assert "estimate" not in summary


# ------------------------------------------------------------------ dry runs


def test_a_dry_run_checks_everything_and_spends_nothing() -> None:
    harness = DropHarness()
    lines = [
        f"{TEXT},a kite,3",
        f"{EDIT},no image,1",
        "chanjing/wan2.2-t2i,,",
        "seedream/4.5-text-to-image,a kite,",
    ]
    sheet = "\n".join(["model,input.prompt,input.max_images", *lines])
    drop = harness.put("requests/kites.dry-run.csv", sheet)
    harness.finish(drop)
    receipts = harness.receipts(drop.key)
    assert [line["row"] for line in receipts] == [1, 2, 3, 4]
    assert receipts[0]["estimate"]["credits_low"] == 15.0
    assert [error["field"] for error in receipts[1]["errors"]] == ["input.image_urls"]
    assert receipts[3]["estimate"] | {"noted_on": ""} == {
        "credits_low": 6.5,
        "credits_high": 6.5,
        "images": 1,
        "noted_on": "",
        "is_estimate": True,
    }
    summary = harness.drops.summaries[drop.key]
    assert (summary["state"], summary["dry_run"]) == ("final", True)
    assert (summary["rows"], summary["bad_rows"]) == (4, 2)
    assert summary["estimate"]["credits_low"] == 21.5
    assert summary["estimate"]["credits_high"] == 21.5
    assert jobs_of(harness) == []
    queues = harness.base.queues
    assert (queues.due, queues.submit, harness.queues.summaries) == ([], [], [])


@pytest.mark.usefixtures("short_parts")
def test_the_report_of_a_large_dry_run_is_left_to_the_summary_queue() -> None:
    """Written at the end of the last message, it might take longer than the function has."""
    harness = DropHarness()
    rows = 3 * PARTS
    lines = ["model,input.prompt,input.max_images", *[f"{TEXT},a kite,1"] * rows]
    drop = harness.put("requests/kites.dry-run.csv", "\n".join(lines))
    harness.take(drop)
    assert harness.queues.summaries == []
    harness.finish(drop)
    assert (harness.drops.summaries, harness.drops.tables) == ({}, {})
    assert harness.queues.summaries == [(drop, take_drop.FIRST_SUMMARY)]
    assert harness.summarize(drop)
    assert len(harness.queues.summaries) == 1
    assert [line["state"] for line in harness.table(drop.key)] == ["valid"] * rows
    summary = harness.drops.summaries[drop.key]
    assert (summary["state"], summary["rows"]) == ("final", rows)
    assert jobs_of(harness) == []


@pytest.mark.usefixtures("short_parts")
def test_a_crash_at_the_end_of_a_large_dry_run_costs_no_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    harness = DropHarness()
    lines = ["model,input.prompt,input.max_images", *[f"{TEXT},a kite,1"] * (PARTS + 1)]
    drop = harness.put("requests/kites.dry-run.csv", "\n".join(lines))
    advance = harness.progress.advance

    def dies(drop: Drop, *, to: Progress, **more: Any) -> bool:
        if to.done:
            raise KeyboardInterrupt
        return advance(drop, to=to, **more)

    monkeypatch.setattr(harness.progress, "advance", dies)
    with pytest.raises(KeyboardInterrupt):
        harness.finish(drop)
    assert not harness.summarize(drop)
    assert harness.drops.summaries[drop.key]["state"] == "reading"
    monkeypatch.setattr(harness.progress, "advance", advance)
    harness.take(drop)
    assert harness.summarize(drop)
    assert harness.drops.summaries[drop.key]["state"] == "final"


def test_rows_without_a_price_are_counted() -> None:
    harness = DropHarness()
    request = {"model": "chanjing/wan2.2-t2i", "input": {"ref_prompt": "a hut"}}
    drop = harness.put("requests/hut.dry-run.json", json.dumps(request))
    harness.take(drop)
    assert harness.receipts(drop.key) == [{"prompt": "a hut", "estimate": None}]
    estimate = harness.drops.summaries[drop.key]["estimate"]
    assert (estimate["credits_low"], estimate["rows_without_price"]) == (None, 1)


def test_a_repeated_name_in_a_recipe_is_named() -> None:
    harness = DropHarness()
    recipe = json.dumps({"model": EDIT, "input": {"prompt": "x", "max_images": 1}})
    drop = harness.put(
        "recipes/fox/recipe.json", recipe.replace('"max_images"', '"max_images": 6, "max_images"')
    )
    harness.take(drop)
    [error] = harness.receipts(drop.key)[0]["errors"]
    assert error["field"] == "input.max_images"
    assert error["message"].startswith("recipes/fox/recipe.json: is given more than once")


def test_a_repeated_name_in_a_row_costs_that_row_only() -> None:
    harness = DropHarness()
    row = json.dumps({"model": TEXT, "input": {"prompt": "x", "max_images": 1}})
    twice = row.replace('"max_images"', '"max_images": 6, "max_images"')
    drop = harness.put("requests/kites.jsonl", f"{row}\n{twice}\n{row}\n")
    harness.finish(drop)
    lines = harness.receipts(drop.key)
    assert [line["row"] for line in lines if "job_id" in line] == [1, 3]
    [error] = lines[1]["errors"]
    assert error["field"] == "input.max_images"
