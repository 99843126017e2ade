"""GET /drops and GET /drops/{file+} with whole events, and who sees the jobs of dropped files."""

import json
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import chain
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from ringback.aws.drop_list import DropList
from ringback.aws.drop_progress import DropProgressTable
from ringback.aws.job_table import JobTable
from ringback.aws.receipts import PAGE_BYTES, Receipts
from ringback.domain.drops import Drop, Progress
from ringback.domain.jobs import JobStatus

from tests.integration.test_drops import a_sheet, jobs, put
from tests.integration.test_follow_jobs import a_message, sent
from tests.integration.test_publish_events import DONE, a_record
from tests.integration.test_two_clients import ROUTES, a_request
from tests.support.aws import Cloud
from tests.support.jobs import MODEL, NOON
from tests.support.lambdas import Lambdas, a_batch, an_event

SHEET: Final = "requests/kites.csv"
BAD: Final = f"model,input.prompt,input.image_size\n{MODEL},a kite,\n{MODEL},a bad kite,huge\n"


def ask(
    lambdas: Lambdas, file: str = "", *, client: str = "drop", **query: str
) -> tuple[int, dict[str, Any]]:
    event = an_event("show_progress", "drop" if file else "drops")
    event["requestContext"]["authorizer"]["lambda"]["client"] = client
    event["queryStringParameters"] = query
    event["pathParameters"] = {"file": file} if file else {}
    reply = lambdas("show_progress", event)
    return reply["statusCode"], json.loads(reply["body"])


def summarized(cloud: Cloud, lambdas: Lambdas) -> None:
    message, _ = lambdas.sent(cloud.summary_queue)[-1]
    assert lambdas("summarize_drops", a_batch("summarize_drops", "summary", message)) == DONE


def test_a_file_is_listed_from_its_first_row_to_its_last_job(
    cloud: Cloud, lambdas: Lambdas
) -> None:
    assert ask(lambdas) == (200, {"drops": [], "cursor": None})
    lambdas("take_drops", put(cloud, SHEET, a_sheet(2)))
    _, page = ask(lambdas)
    [listed] = page["drops"]
    assert (listed["file"], listed["state"], listed["rows"], listed["jobs"]) == (
        *(SHEET, "running", 2),
        {},
    )
    summarized(cloud, lambdas)
    [running] = ask(lambdas)[1]["drops"]
    assert (running["state"], running["jobs"]) == ("running", {"accepted": 2})
    assert running["updated_at"] is not None
    for job in jobs(cloud, SHEET):
        JobTable.connect(cloud.table).move(
            job.job_id, expect=[JobStatus.ACCEPTED], to=JobStatus.CANCELLED, at=job.created_at
        )
    summarized(cloud, lambdas)
    [final] = ask(lambdas)[1]["drops"]
    assert (final["state"], final["jobs"]) == ("final", {"cancelled": 2})
    assert {each["version"] for each in (listed, running, final)} == {listed["version"]}


def test_a_file_shows_its_bad_rows_and_links_to_its_receipts(
    cloud: Cloud, lambdas: Lambdas
) -> None:
    lambdas("take_drops", put(cloud, SHEET, BAD.encode()))
    summarized(cloud, lambdas)
    status, shown = ask(lambdas, SHEET)
    assert (status, shown["rows"], shown["bad_rows"], shown["cursor"]) == (200, 2, 1, None)
    [bad] = shown["bad"]
    assert (bad["row"], bad["prompt"]) == (2, "a bad kite")
    assert [error["field"] for error in bad["errors"]] == ["input.image_size"]
    links = {each["key"]: urlsplit(each["url"]) for each in shown["receipts"]}
    assert links.keys() == {f"receipts/{SHEET}{end}" for end in (".csv", ".jsonl", ".summary.json")}
    for key, link in links.items():
        query = parse_qs(link.query)
        assert link.path == f"/{key}"
        assert "X-Amz-Signature" in query
        assert query["response-content-disposition"][0].startswith("attachment; filename*=UTF-8''")


def test_a_file_that_belongs_nowhere_is_listed_and_an_input_image_is_not(
    cloud: Cloud, lambdas: Lambdas
) -> None:
    for key in ("notes.txt", "photos/2.png"):
        lambdas("take_drops", put(cloud, key, b"hello"))
    [listed] = ask(lambdas)[1]["drops"]
    assert (listed["file"], listed["kind"], listed["state"]) == ("notes.txt", "unknown", "final")
    _, shown = ask(lambdas, "notes.txt")
    assert [each["row"] for each in shown["bad"]] == [None]


def test_a_new_version_is_another_drop(cloud: Cloud, lambdas: Lambdas) -> None:
    for body in (a_sheet(1), a_sheet(2)):
        lambdas("take_drops", put(cloud, SHEET, body))
    listed = ask(lambdas)[1]["drops"]
    assert sorted(each["rows"] for each in listed) == [1, 2]
    for each in listed:
        assert ask(lambdas, SHEET, version=each["version"])[1]["rows"] == each["rows"]


def test_pages_of_a_client_s_list_end_and_hold_no_other_client_s(cloud: Cloud) -> None:
    table, drops = DropProgressTable.connect(cloud.table), DropList.connect(cloud.table)
    for number in range(7):
        owner = "studio" if number % 2 else "shop"
        drop = Drop(bucket="drops", key=f"requests/{number}.csv", version="v")
        progress = Progress(made_at=NOON.replace(minute=number), owner=owner)
        for _ in range(2):  # also if the first attempt died after it
            table.advance(drop, seen=None, to=progress, at=NOON)
    first = drops.newest("studio", limit=2, before="")
    rest = drops.newest("studio", limit=2, before=first[-1].place)
    assert [each.drop.key for each in (*first, *rest)] == [
        *("requests/5.csv", "requests/3.csv", "requests/1.csv")
    ]
    assert drops.newest("studio", limit=2, before=rest[-1].place) == []


def test_what_is_forgotten_leaves_a_gap(cloud: Cloud) -> None:
    table = DropProgressTable.connect(cloud.table)
    drop = Drop(bucket="drops", key=SHEET, version="v")
    table.advance(drop, seen=None, to=Progress(made_at=NOON, owner="studio"), at=NOON)
    key = {"job_id": {"S": f"drop#{drop.fingerprint}"}}
    boto3.client("dynamodb").delete_item(TableName=cloud.table, Key=key)
    assert DropList.connect(cloud.table).newest("studio", limit=9, before="") == []
    assert DropList.connect(cloud.table).get(drop) is None


@pytest.mark.parametrize("every", [1, 7])
def test_bad_rows_of_a_long_file_come_in_parts_of_bounded_size(cloud: Cloud, every: int) -> None:
    """Parts end anywhere in the file, but no row is lost or cut."""
    drop = Drop(bucket=cloud.drop_bucket, key=SHEET, version="v")
    good, bad = {"job_id": "x" * 900}, {"errors": [{"field": "", "message": "ü" * 400}]}
    rows = [{"row": row} | (good if row % every else bad) for row in range(1, 3001)]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    assert len(lines) > 2 * PAGE_BYTES
    receipts, progress = Receipts(boto3.client("s3")), Progress(made_at=NOON)
    receipts.put(drop, lines, seen=progress, to=replace(progress, row=3001))

    def parts() -> Iterator[list[int]]:
        start: int | None = 0
        while start is not None:
            found, following = receipts.bad(drop, start=start, most=2000)
            assert following is None or start < following <= start + PAGE_BYTES
            yield [receipt["row"] for receipt in found]
            start = following

    found = [*parts()]
    assert [*chain(*found)] == [row for row in range(1, 3001) if row % every == 0]
    assert len(receipts.bad(drop, start=0, most=100)[0]) == 100
    assert receipts.bad(replace(drop, version="other"), start=0, most=9) == ([], None)
    assert receipts.bad(drop, start=len(lines), most=9) == ([], None)


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'{"jobs": {"running": 1}'])
def test_a_summary_that_somebody_has_changed_counts_nothing(
    cloud: Cloud, lambdas: Lambdas, body: bytes
) -> None:
    lambdas("take_drops", put(cloud, SHEET, a_sheet(1)))
    summarized(cloud, lambdas)
    s3, key = boto3.client("s3"), f"receipts/{SHEET}.summary.json"
    metadata = s3.head_object(Bucket=cloud.drop_bucket, Key=key)["Metadata"]
    s3.put_object(Bucket=cloud.drop_bucket, Key=key, Body=body, Metadata=metadata)
    assert ask(lambdas)[1]["drops"][0]["jobs"] == {}


KEY: Final = "rb-key-of-the-studio"


def test_nobody_but_the_drop_client_sees_a_dropped_file_s_jobs_by_any_route(
    cloud: Cloud, lambdas: Lambdas
) -> None:
    lambdas("take_drops", put(cloud, SHEET, BAD.encode()))
    summarized(cloud, lambdas)
    [job] = jobs(cloud, SHEET, client="drop")
    assert ask(lambdas, SHEET)[0] == 200
    unknown = f"job_{'0' * 26}"
    for function, route in ROUTES:
        for job_id in (job.job_id, SHEET):
            query = {} if "{" in route else {"source": SHEET, "status": "failed"}
            reply = lambdas(function, a_request(route, job_id=job_id, query=query))
            for told in (job.job_id, "a bad kite"):
                assert told not in reply["body"], route
            if "job_id" in route and job_id != SHEET:
                assert reply == lambdas(function, a_request(route, job_id=unknown)), route
    assert ask(lambdas, SHEET, client="studio")[0] == 404
    assert ask(lambdas, client="studio")[1]["drops"] == []
    [usage] = [each for each in ROUTES if each[1] == "GET /usage"]
    summed = lambdas(usage[0], a_request(usage[1], query={"from": f"{job.created_at:%Y-%m-%d}"}))
    assert (summed["statusCode"], json.loads(summed["body"])["usage"]) == (200, [])
    assert JobTable.connect(cloud.table).get(job.job_id) == job


def test_nobody_but_the_drop_client_is_told_live_of_a_dropped_file_s_jobs(
    cloud: Cloud, lambdas: Lambdas
) -> None:
    keys = {"studio": sha256(KEY.encode()).hexdigest(), "drop": sha256(b"rb-drop").hexdigest()}
    cloud.put_secret(cloud.client_keys_secret, keys)
    lambdas("take_drops", put(cloud, SHEET, a_sheet(1)))
    [job] = jobs(cloud, SHEET, client="drop")
    lambdas("follow_jobs", a_message({"key": KEY}, connection="studio="))
    lambdas("follow_jobs", a_message({"key": "rb-drop"}, connection="drop="))
    ended = replace(job, status=JobStatus.CANCELLED, changes=job.changes + 1)
    assert lambdas("publish_events", {"Records": [a_record(job, ended)]}) == DONE
    told = [connection for connection, message in sent(lambdas) if "events" in message]
    assert told == ["drop="]
