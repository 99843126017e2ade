"""Files dropped into S3: a recipe with photos, and a sheet whose Lambda is killed on the way.

The one stack that keeps the provider's real pace.
"""

import csv
import io
import json
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from itertools import pairwise
from typing import Any, Final

import httpx
import pytest
from PIL import Image

from local.chosen_stack import Stack
from local.deployment import Deployment, administrator
from local.drop_bucket import drop, read, wait_for_receipt, wait_for_summary
from local.hop_counts import MAX_INVOCATIONS
from local.jobs_api import Job, JobsApi, connected
from local.ports import free_ports
from local.sam import STACK_NAME
from local.stack import local_stack
from local.waiting import wait_for
from tests.e2e.chains import refused_invocations
from tests.e2e.provider import Provider, job_of
from tests.e2e.stack_logs import show_logs_of
from tests.support.child_processes import folder_of, processes_in

TEXT, EDIT = "bytedance/seedream-v4-text-to-image", "bytedance/seedream-v4-edit"
SHEET = "requests/kites.csv"
WINDOW_SECONDS = 10

pytestmark = pytest.mark.exhaustive


@dataclass(frozen=True)
class Size:
    """A sheet of ``rows``; its reader is killed when so many jobs have been made.

    ``limit`` is how many tasks the provider lets an account create in a window.
    """

    rows: int
    limit: int
    killed_at: tuple[int, ...]
    posted_at: int


USUAL = Size(rows=80, limit=20, killed_at=(10, 40), posted_at=50)
FULL = Size(rows=500, limit=100, killed_at=(60, 260), posted_at=300)
# As the emulator logs it: the process that had a message of that queue died.
DIED_AT_WORK: Final = re.compile(
    r"failed processing SQS batch from \S*-DropQueue-\S* .*Worker process died"
)


@pytest.fixture(scope="module")
def size(*, full_size: bool) -> Size:
    return FULL if full_size else USUAL


@pytest.fixture(scope="module")
def deployment(request: pytest.FixtureRequest, size: Size) -> Iterator[Deployment]:
    parameters = {
        "KieCreatesPerWindow": str(size.limit),
        "KieWindowSeconds": str(WINDOW_SECONDS),
        # At once, and more often than Lambda lets a function invoke itself.
        "ArchiveRetrySeconds": ",".join(["0"] * (MAX_INVOCATIONS + 2)),
    }
    simulator = {"generate-seconds": 0.3, "create-limit": size.limit + size.limit // 20, "seed": 6}
    with local_stack(ports=free_ports(), simulator=simulator, parameters=parameters) as deployment:
        show_logs_of(deployment, request.config)
        # On AWS the message of a killed function comes back after three minutes.
        session, url = administrator(), deployment.endpoint_url
        queues = dict(Stack(STACK_NAME, session, url).resources_of("AWS::SQS::Queue"))
        for name in ("DropQueue", "SubmitQueue"):
            session.client("sqs", endpoint_url=url).set_queue_attributes(
                QueueUrl=queues[name], Attributes={"VisibilityTimeout": "10"}
            )
        yield deployment


@pytest.fixture(scope="module")
def jobs_api(deployment: Deployment) -> Iterator[JobsApi]:
    with connected(deployment.jobs_api_url, deployment.client_key, deployment.live_api_url) as api:
        yield api


def is_bad(row: int) -> bool:
    return row % 20 == 0


def is_to_succeed(row: int) -> bool:
    return row % 5 == 0 and not is_bad(row)


def a_sheet(rows: int) -> bytes:
    def cells(row: int) -> str:
        told = "" if is_to_succeed(row) else " [simulate: fail]"
        return f"{TEXT},{'' if is_bad(row) else f'kite {row}{told}'},{row}"

    lines = [cells(row) for row in range(1, rows + 1)]
    return "\r\n".join(["\ufeffmodel,input.prompt,input.seed", *lines]).encode()


def a_photo() -> bytes:
    content = BytesIO()
    Image.new("RGB", (640, 480), "red").save(content, "JPEG")
    return content.getvalue()


def receipts_so_far(deployment: Deployment, key: str) -> list[dict[str, Any]]:
    said = read(deployment, f"receipts/{key}.jsonl") or b""
    return [json.loads(line) for line in said.splitlines()]


def made_of(deployment: Deployment, source: str) -> int:
    table = administrator().client("dynamodb", endpoint_url=deployment.endpoint_url)
    pages = table.get_paginator("query").paginate(
        TableName=deployment.jobs_table,
        IndexName="by_source",
        KeyConditionExpression="#source = :source",
        ExpressionAttributeNames={"#source": "source"},
        ExpressionAttributeValues={":source": {"S": source}},
    )
    return sum(len(page["Items"]) for page in pages)


def wait_until_made(deployment: Deployment, rows: int) -> None:
    wait_for(
        lambda: made_of(deployment, SHEET),
        lambda made: made >= rows,
        what=f"{rows} jobs",
        pause=0.1,
    )


def receipted(deployment: Deployment) -> int:
    """Return how many jobs of the sheet have a receipt: all of them, unless it is being read."""
    return sum("job_id" in line for line in receipts_so_far(deployment, SHEET))


def died_at_work(deployment: Deployment) -> int:
    return len(DIED_AT_WORK.findall((deployment.logs / "aws.log").read_text(errors="replace")))


@dataclass(frozen=True)
class Kill:
    """``died_before`` was counted before the kill, ``without_receipt`` while the reader stood."""

    died_before: int
    processes: int
    without_receipt: int


def kill_on_the_way(deployment: Deployment, *, rows: int) -> Kill:
    """Kill the reader, and once more if it had just finished its message."""
    while True:
        stopped = wait_for(
            lambda: stop_on_the_way(deployment, rows=rows),
            lambda seen: bool(seen.pids),
            what=f"{rows} jobs of a sheet that is being read",
            pause=0.02,
        )
        died_before = died_at_work(deployment)
        send(signal.SIGKILL, stopped.pids)
        if was_at_work(deployment, died_before):
            return Kill(
                died_before=died_before,
                processes=len(stopped.pids),
                without_receipt=stopped.without_receipt,
            )


def was_at_work(deployment: Deployment, died_before: int) -> bool:
    """Give the emulator ten seconds to notice. If it takes longer, one kill more does no harm."""
    for _ in range(100):
        if died_at_work(deployment) > died_before:
            return True
        time.sleep(0.1)
    return False


@dataclass(frozen=True)
class Stopped:
    """``pids`` is empty if the reader was not on the way, and goes on."""

    made: int
    without_receipt: int
    pids: tuple[int, ...] = ()


def stop_on_the_way(deployment: Deployment, *, rows: int) -> Stopped:
    """Stop every process that runs the drop queue's function if it is within the sheet.

    They stand still while one looks: the rest of the sheet may take less time than that.
    """
    pids = readers(deployment)
    send(signal.SIGSTOP, pids)
    made = made_of(deployment, SHEET)
    open_jobs = made - receipted(deployment)
    if made >= rows and open_jobs:
        return Stopped(made, open_jobs, pids)
    send(signal.SIGCONT, pids)
    return Stopped(made, open_jobs)


def readers(deployment: Deployment) -> tuple[int, ...]:
    function = function_of(deployment, "DropQueue")
    return tuple(pid for pid in processes_in(deployment.logs) if function in folder_of(pid))


def send(number: signal.Signals, pids: tuple[int, ...]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def function_of(deployment: Deployment, queue: str) -> str:
    """Return the name of the function that gets the messages of a queue."""
    functions = administrator().client("lambda", endpoint_url=deployment.endpoint_url)
    mappings = functions.list_event_source_mappings()["EventSourceMappings"]
    [arn] = [each["FunctionArn"] for each in mappings if f"-{queue}-" in each["EventSourceArn"]]
    return arn.split(":")[6]


@dataclass(frozen=True)
class Drained:
    """``overtaken_by``: of each job posted meanwhile, how many rows were sent before it since.

    Rows and not seconds: a busy machine makes both wait.

    ``died`` counts functions killed while they had a message: before the first kill, between the
    kills, and after.
    """

    jobs: dict[int, Job]
    said: list[dict[str, Any]]
    summary: dict[str, Any]
    kills: list[Kill]
    died: list[int]
    overtaken_by: dict[str, int]


@pytest.fixture(scope="module")
def drained(deployment: Deployment, jobs_api: JobsApi, size: Size) -> Drained:
    drop(deployment, "recipes/late/recipe.json", a_recipe("drawn while the sheet drains"))
    drop(deployment, SHEET, a_sheet(size.rows))
    kills = [kill_on_the_way(deployment, rows=rows) for rows in size.killed_at]
    wait_until_made(deployment, size.posted_at)
    came_at = {"photo": datetime.now(UTC)}
    drop(deployment, "recipes/late/1.jpg", a_photo())
    came_at["api"] = datetime.now(UTC)
    posted = jobs_api.submit(TEXT, {"prompt": "an API call meanwhile"})
    summary = wait_for_summary(deployment, SHEET)
    between = {
        "photo": jobs_from(jobs_api, "recipes/late/1.jpg")[0],
        "api": jobs_api.get(posted["job_id"]),
    }
    rows = {job["row"]: job for job in jobs_from(jobs_api, SHEET)}
    sent = [sent_at(job) for job in rows.values()]
    return Drained(
        jobs=rows,
        said=wait_for_receipt(deployment, SHEET),
        summary=summary,
        kills=kills,
        died=[*(kill.died_before for kill in kills), died_at_work(deployment)],
        overtaken_by={
            name: sum(came_at[name] < at < sent_at(job) for at in sent)
            for name, job in between.items()
        },
    )


def sent_at(job: Job) -> datetime:
    return datetime.fromisoformat(job["submitted_at"])


def a_recipe(prompt: str) -> bytes:
    return json.dumps({"model": EDIT, "input": {"prompt": prompt}}).encode()


def jobs_from(jobs_api: JobsApi, source: str) -> list[Job]:
    found: list[Job] = []
    cursor: str | None = None
    while True:
        query = {"source": source, "limit": "99"} | ({"cursor": cursor} if cursor else {})
        answer = jobs_api.client.get(f"{jobs_api.url}/jobs", params=query).json()
        found += answer["jobs"]
        cursor = answer["cursor"]
        if cursor is None:
            return found


def test_a_long_chain_of_messages_comes_to_its_end(
    deployment: Deployment, jobs_api: JobsApi
) -> None:
    """Each try to copy an image that is gone sends the message for the next one."""
    posted = jobs_api.submit(TEXT, {"prompt": "a lost kite [simulate: gone]"})
    [job] = jobs_api.wait_until_final([posted["job_id"]])
    assert job["status"] == "archive_failed"
    assert refused_invocations(deployment) == {}


def test_each_photo_in_a_recipe_is_edited(deployment: Deployment, jobs_api: JobsApi) -> None:
    drop(deployment, "recipes/fox/recipe.json", a_recipe("as a woodcut"))
    keys = [f"recipes/fox/{name}.jpg" for name in ("red fox", "b", "c")]
    wait_for_receipt(deployment, "recipes/fox/recipe.json")
    for key in keys:
        drop(deployment, key, a_photo())
    said = [wait_for_receipt(deployment, key) for key in keys]
    jobs = jobs_api.wait_until_final([lines[0]["job_id"] for lines in said])
    assert [(job["status"], job["source"]) for job in jobs] == [("succeeded", key) for key in keys]
    assert [job["input"]["image_urls"] for job in jobs] == [
        [f"s3://{deployment.drop_bucket}/{key}"] for key in keys
    ]
    summary, *_ = [wait_for_summary(deployment, key) for key in keys]
    assert summary["jobs"] == {"succeeded": 1}
    assert summary["results"][0]["images"][0]["s3"].startswith(f"s3://{deployment.images_bucket}/")


def test_what_ringback_writes_is_not_taken_for_a_drop(deployment: Deployment) -> None:
    for key in ("requests/unknown.xlsx", "at the root.csv", "Recipes/fox/1.jpg"):
        drop(deployment, key, b"PK")
        assert "errors" in wait_for_receipt(deployment, key)[0]
    store = administrator().client("s3", endpoint_url=deployment.endpoint_url)
    listed = store.list_objects_v2(Bucket=deployment.drop_bucket, Prefix="receipts/receipts")
    assert listed["KeyCount"] == 0


def test_the_lambda_was_killed_on_the_way(drained: Drained) -> None:
    """Otherwise the tests below would prove nothing."""
    assert len(drained.kills) == 2
    assert all(kill.processes > 0 for kill in drained.kills)
    assert all(kill.without_receipt > 0 for kill in drained.kills)
    assert all(before < after for before, after in pairwise(drained.died))


def test_every_good_row_became_one_job_and_was_paid_once(
    drained: Drained, provider_of_drops: Provider, size: Size
) -> None:
    good = {row for row in range(1, size.rows + 1) if not is_bad(row)}
    assert len(good) == size.rows * 19 // 20
    assert drained.jobs.keys() == good
    tasks = Counter(job_of(task) for task in provider_of_drops.tasks())
    assert {job["job_id"]: tasks[job["job_id"]] for job in drained.jobs.values()} == {
        job["job_id"]: 1 for job in drained.jobs.values()
    }


@pytest.fixture(scope="module")
def provider_of_drops(deployment: Deployment) -> Provider:
    return Provider(deployment.simulator_url)


def test_every_row_has_its_line(drained: Drained, size: Size) -> None:
    assert [line["row"] for line in drained.said] == list(range(1, size.rows + 1))
    wrong = [line for line in drained.said if "errors" in line]
    assert [line["row"] for line in wrong] == list(range(20, size.rows + 1, 20))
    assert {error["field"] for line in wrong for error in line["errors"]} == {"input.prompt"}
    assert {line["row"]: line["job_id"] for line in drained.said if "job_id" in line} == {
        row: job["job_id"] for row, job in drained.jobs.items()
    }


def test_people_get_a_line_for_every_row(
    drained: Drained, deployment: Deployment, size: Size
) -> None:
    content = (read(deployment, f"receipts/{SHEET}.csv") or b"").decode("utf-8-sig")
    rows = {int(row["row"]): row for row in csv.DictReader(io.StringIO(content, newline=""))}
    assert list(rows) == list(range(1, size.rows + 1))
    states = {row: "refused" if is_bad(row) else drained.jobs[row]["status"] for row in rows}
    assert {row: line["state"] for row, line in rows.items()} == states
    images = {row: line["images"].count("s3://") for row, line in rows.items()}
    assert images == {row: int(is_to_succeed(row)) for row in rows}
    assert all(bool(line["errors"]) is not is_to_succeed(row) for row, line in rows.items())


def test_the_summary_is_final_and_true(drained: Drained, size: Size) -> None:
    summary, twentieths = drained.summary, size.rows // 20
    assert (summary["state"], summary["rows"], summary["bad_rows"]) == (
        "final",
        size.rows,
        twentieths,
    )
    assert summary["jobs"] == {"failed": 16 * twentieths, "succeeded": 3 * twentieths}
    assert summary["jobs"] == Counter(job["status"] for job in drained.jobs.values())
    assert summary["credits"] == sum(job["credits"] or 0 for job in drained.jobs.values())
    images = {line["row"]: len(line["images"]) for line in summary["results"]}
    assert images == {row: int(is_to_succeed(row)) for row in drained.jobs}


def test_who_comes_while_the_sheet_drains_does_not_wait_for_it(
    drained: Drained, size: Size
) -> None:
    """At most two windows of rows go first."""
    assert {
        name: rows for name, rows in drained.overtaken_by.items() if rows > 2 * size.limit
    } == {}


def test_the_providers_limit_was_kept(drained: Drained, provider_of_drops: Provider) -> None:
    assert drained.jobs
    url = f"{provider_of_drops.url}/_simulator/requests"
    asked = httpx.get(url, trust_env=False, timeout=30).json()
    created = sorted(one["at"] for one in asked if one["path"].endswith("/createTask"))
    assert len(created) == len(provider_of_drops.tasks())
