"""Dropped files, with whole events: their jobs, receipts and summaries."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import boto3
import pytest
from ringback.aws.job_table import JobTable
from ringback.domain.jobs import Job, JobStatus

from tests.support.aws import Cloud
from tests.support.image_files import image
from tests.support.jobs import MODEL
from tests.support.lambdas import Lambdas, a_batch, an_event, permitted_actions
from tests.support.loopback_provider import CREATE, LoopbackProvider
from tests.support.posts import ANY_MODEL, DONE, REQUEST, a_submit_message, the_job

JPEG = image("JPEG")
RECIPE = {
    "model": "bytedance/seedream-v4-edit",
    "input": {"prompt": "as a woodcut", "image_size": "square"},
}


def put(cloud: Cloud, key: str, body: bytes, **metadata: str) -> dict[str, Any]:
    """Put an object and return S3's event for it."""
    stored = boto3.client("s3").put_object(
        Bucket=cloud.drop_bucket, Key=key, Body=body, Metadata=metadata
    )
    event = an_event("take_drops", "drop")
    notification = json.loads(event["Records"][0]["body"])
    notification["Records"][0]["s3"]["object"] |= {"key": key, "versionId": stored["VersionId"]}
    notification["Records"][0]["s3"]["bucket"]["name"] = cloud.drop_bucket
    event["Records"][0]["body"] = json.dumps(notification)
    return event


def read(cloud: Cloud, key: str) -> bytes:
    return boto3.client("s3").get_object(Bucket=cloud.drop_bucket, Key=key)["Body"].read()


def receipts(cloud: Cloud, key: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in read(cloud, f"receipts/{key}.jsonl").splitlines()]


def jobs(cloud: Cloud, source: str, *, client: str = "drop") -> list[Job]:
    found = JobTable.connect(cloud.table).newest_of(source, client=client, limit=99, before=None)
    return sorted(found, key=lambda job: job.job_id)


def a_sheet(rows: int) -> bytes:
    lines = [f'{MODEL},"kite {n},\nred",{n}' for n in range(1, rows + 1)]
    return "\r\n".join(["\ufeffmodel,input.prompt,input.seed", *lines]).encode()


DROPPED = "requests/red kite + sea \N{CJK UNIFIED IDEOGRAPH-51E7}.json"


def drop(cloud: Cloud, body: bytes) -> dict[str, Any]:
    """Put the object of the recorded event, and return the event."""
    event = an_event("take_drops", "drop")
    notification = json.loads(event["Records"][0]["body"])
    put = boto3.client("s3").put_object(Bucket=cloud.drop_bucket, Key=DROPPED, Body=body)
    about = notification["Records"][0]["s3"]
    about["bucket"]["name"] = cloud.drop_bucket
    about["object"]["versionId"] = put["VersionId"]
    event["Records"][0]["body"] = json.dumps(notification)
    return event


def receipt(cloud: Cloud) -> dict[str, Any]:
    key = f"receipts/{DROPPED}.jsonl"
    kept = boto3.client("s3").get_object(Bucket=cloud.drop_bucket, Key=key)["Body"].read()
    line: dict[str, Any] = json.loads(kept)
    return line


def test_duplicate_events_make_one_job(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    event = drop(cloud, json.dumps(REQUEST).encode())
    for _ in range(2):
        assert lambdas("take_drops", event) == DONE
    job = the_job(cloud, receipt(cloud)["job_id"])
    assert (job.status, job.client, job.request.sent) == (JobStatus.ACCEPTED, "drop", REQUEST)
    assert lambdas.sent(cloud.submit_queue) == [({"job_id": job.job_id, "slot": None}, 0)]
    assert provider.requests == []


def test_any_model_is_accepted_with_pass_through(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    lambdas.settings["PASS_THROUGH"] = "true"
    lambdas("take_drops", drop(cloud, json.dumps(ANY_MODEL).encode()))
    assert the_job(cloud, receipt(cloud)["job_id"]).request.checked is False


def test_an_invalid_request_gets_a_receipt_with_every_error(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    event = drop(cloud, json.dumps({"model": MODEL, "input": {"seed": "x"}}).encode())
    assert lambdas("take_drops", event) == DONE
    assert {error["field"] for error in receipt(cloud)["errors"]} == {"input.prompt", "input.seed"}
    assert (jobs(cloud, DROPPED), provider.requests) == ([], [])


def test_a_sheet_makes_waiting_jobs_and_their_receipts(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    event = put(cloud, "requests/für Anna.csv", a_sheet(12) + b"\r\n,no model,1\r\n")
    assert lambdas("take_drops", event) == lambdas("take_drops", event) == DONE
    made, lines = jobs(cloud, "requests/für Anna.csv"), receipts(cloud, "requests/für Anna.csv")
    assert [job.row for job in made] == list(range(1, 13))
    assert [line["row"] for line in lines] == list(range(1, 14))
    assert [line.get("job_id") for line in lines] == [*(job.job_id for job in made), None]
    assert lines[-1]["errors"][0]["field"] == "model"
    assert made[0].request.input["prompt"] == "kite 1,\nred"
    assert {job.status for job in made} == {JobStatus.ACCEPTED}
    assert provider.requests == []
    waits = [(message["job_id"], delay) for message, delay in lambdas.sent(cloud.submit_queue)]
    assert [job_id for job_id, _ in waits] == [job.job_id for job in made]
    assert all(1 <= delay <= 900 for _, delay in waits)


def test_a_row_is_sent_once_it_is_due(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.will_answer(CREATE, {"code": 200, "data": {"taskId": "task_1"}})
    lambdas(
        "take_drops",
        put(
            cloud,
            "requests/a.jsonl",
            json.dumps({"model": MODEL, "input": {"prompt": "a kite"}}).encode(),
        ),
    )
    (job,) = jobs(cloud, "requests/a.jsonl")
    # moto uses the real clock, by which the job is due in a moment.
    boto3.client("dynamodb").update_item(
        TableName=cloud.table,
        Key={"job_id": {"S": job.job_id}},
        UpdateExpression="SET due_at = created_at",
    )
    turn = a_batch("submit_job", "queue_turn", {"job_id": job.job_id, "slot": None})
    assert lambdas("submit_job", turn) == DONE
    assert jobs(cloud, "requests/a.jsonl")[0].status is JobStatus.RUNNING


def test_a_long_sheet_continues_in_another_message(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, monkeypatch: Any
) -> None:
    monkeypatch.setattr("ringback.use_cases.take_drop.MAX_ROWS", 5)
    lambdas("take_drops", put(cloud, "requests/a.csv", a_sheet(12)))
    assert len(jobs(cloud, "requests/a.csv")) == 5
    for _ in range(2):
        ((message, _),) = lambdas.sent(cloud.drop_queue)
        lambdas.aws_calls.clear()
        assert lambdas("take_drops", a_batch("take_drops", "drop_goes_on", message)) == DONE
    assert lambdas.sent(cloud.drop_queue) == []
    assert [job.row for job in jobs(cloud, "requests/a.csv")] == list(range(1, 13))
    assert len(receipts(cloud, "requests/a.csv")) == 12


def test_a_photo_is_edited_by_its_recipe(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.will_answer(CREATE, {"code": 200, "data": {"taskId": "task_1"}})
    assert lambdas("take_drops", put(cloud, "recipes/fox/recipe.json", json.dumps(RECIPE).encode()))
    event = put(cloud, "recipes/fox/a b.jpg", JPEG, prompt="=?UTF-8?Q?gr=C3=BCn?=")
    assert lambdas("take_drops", event) == DONE
    (job,) = jobs(cloud, "recipes/fox/a b.jpg")
    assert receipts(cloud, "recipes/fox/a b.jpg") == [{"job_id": job.job_id}]
    assert lambdas("submit_job", a_submit_message(job.job_id)) == DONE
    (call,) = provider.at(CREATE)
    assert call.body["input"]["prompt"] == "grün"
    assert call.body["input"]["image_size"] == "square"
    (link,) = call.body["input"]["image_urls"]
    assert f"versionId={job.request.input_images[job.request.input['image_urls'][0]]}" in link


def test_a_replaced_photo_keeps_the_version_of_its_event(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.will_answer(CREATE, {"code": 200, "data": {"taskId": "task_1"}})
    put(cloud, "recipes/fox/recipe.json", json.dumps(RECIPE).encode())
    key = "recipes/fox/1.jpg"
    event = put(cloud, key, JPEG)
    put(cloud, key, image("JPEG", size=(40, 20)))
    assert lambdas("take_drops", event) == DONE
    (job,) = jobs(cloud, key)
    dropped = json.loads(event["Records"][0]["body"])["Records"][0]["s3"]["object"]["versionId"]
    assert job.request.input_images == {f"s3://{cloud.drop_bucket}/{key}": dropped}


def test_rows_are_due_at_their_provider_s_pace(cloud: Cloud, lambdas: Lambdas) -> None:
    # So slow that every row is due after the read-ahead time.
    lambdas.settings |= {"KIE_CREATES_PER_WINDOW": "2", "KIE_WINDOW_SECONDS": "400"}
    key = "requests/a.csv"
    lambdas("take_drops", put(cloud, key, a_sheet(3)))
    made_at = boto3.client("s3").head_object(Bucket=cloud.drop_bucket, Key=key)["LastModified"]
    due = [job.due_at - made_at for job in jobs(cloud, key) if job.due_at]
    assert due == [timedelta(seconds=224.4 * row) for row in (1, 2, 3)]


@pytest.mark.parametrize("client", ["drop", "studio"])
def test_dropped_jobs_belong_to_the_configured_client(
    cloud: Cloud, lambdas: Lambdas, client: str
) -> None:
    lambdas.settings["DROP_CLIENT"] = client
    lambdas("take_drops", put(cloud, "requests/a.csv", a_sheet(1)))
    assert len(jobs(cloud, "requests/a.csv", client=client)) == 1


def test_a_summary_is_updated_until_the_last_job_ends(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    lambdas("take_drops", put(cloud, "requests/a.csv", a_sheet(3)))
    ((message, delay),) = lambdas.sent(cloud.summary_queue)
    assert delay == 5
    lambdas.aws_calls.clear()
    assert lambdas("summarize_drops", a_batch("summarize_drops", "summary", message)) == DONE
    summary = json.loads(read(cloud, "receipts/requests/a.csv.summary.json"))
    assert (summary["state"], summary["jobs"], summary["rows"]) == ("running", {"accepted": 3}, 3)
    assert [again for again, _ in lambdas.sent(cloud.summary_queue)] == [message]
    used = {action for call in lambdas.aws_calls for action in call.actions}
    assert used <= permitted_actions("summarize_drops")
    for job in jobs(cloud, "requests/a.csv"):
        JobTable.connect(cloud.table).move(
            job.job_id, expect=[JobStatus.ACCEPTED], to=JobStatus.CANCELLED, at=job.created_at
        )
    lambdas.aws_calls.clear()
    lambdas("summarize_drops", a_batch("summarize_drops", "summary", message))
    summary = json.loads(read(cloud, "receipts/requests/a.csv.summary.json"))
    assert (summary["state"], summary["jobs"]) == ("final", {"cancelled": 3})
    assert lambdas.sent(cloud.summary_queue) == []


def test_a_dry_run_spends_nothing(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    lambdas("take_drops", put(cloud, "requests/a.dry-run.csv", a_sheet(3)))
    assert [line["estimate"]["credits_low"] for line in receipts(cloud, "requests/a.dry-run.csv")]
    lines = read(cloud, "receipts/requests/a.dry-run.csv.csv").decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + 3 * 2  # each prompt has two lines
    summary = json.loads(read(cloud, "receipts/requests/a.dry-run.csv.summary.json"))
    assert (summary["dry_run"], summary["estimate"]["credits_high"]) == (True, 15.0)
    assert jobs(cloud, "requests/a.dry-run.csv") == []
    sends = [call for call in lambdas.aws_calls if call.service == "sqs"]
    assert (sends, provider.requests) == ([], [])


def test_an_unusable_file_gets_a_receipt(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    put(cloud, "recipes/fox/recipe.json", json.dumps(RECIPE).encode())
    for key, body, message in (
        ("recipes/fox/empty.jpg", b"", "the image is empty"),
        ("recipes/fox/half.jpg", JPEG[:200], "the image is damaged"),
        ("recipes/fox/large.jpg", JPEG + bytes(11 * 2**20), "the maximum is 10485760"),
        ("requests/a.xlsx", b"PK", "requests/ accepts .json, .jsonl and .csv files"),
        (
            "requests/a.csv",
            "model,input.prompt\nm,größe\n".encode("latin-1"),
            "line 2 is not UTF-8",
        ),
        ("requests/b.csv", b"", "the file is empty"),
        ("kites.csv", b"", "upload the file as requests/kites.csv"),
        ("Recipes/fox/1.jpg", b"", "upload the file as recipes/fox/1.jpg"),
    ):
        assert lambdas("take_drops", put(cloud, key, body)) == DONE
        (line,) = receipts(cloud, key)
        assert message in line["errors"][0]["message"], key
    assert provider.requests == []


def test_a_file_of_a_bucket_without_versions_gets_a_receipt(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    boto3.client("s3").put_bucket_versioning(
        Bucket=cloud.drop_bucket, VersioningConfiguration={"Status": "Suspended"}
    )
    key = "requests/a.json"
    boto3.client("s3").put_object(Bucket=cloud.drop_bucket, Key=key, Body=b"{}")
    what = {"bucket": {"name": cloud.drop_bucket}, "object": {"key": key, "size": 2}}
    record = {"eventName": "ObjectCreated:Put", "s3": what}
    assert lambdas("take_drops", a_batch("take_drops", "drop", {"Records": [record]})) == DONE
    assert "enable the bucket's versioning" in receipts(cloud, key)[0]["errors"][0]["message"]
    assert (jobs(cloud, key), provider.requests) == ([], [])


def test_a_sheet_that_excel_saved_has_receipts_that_excel_opens(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    """In Germany, as Unicode text; the second row would run as a formula."""
    key = "requests/Drachen.txt"
    sheet = f"Model\tinput.prompt\tinput.seed\t\r\n{MODEL}\t=1+1; größer\t7,0\t\r\n{MODEL}\t\tx\t"
    lambdas("take_drops", put(cloud, key, sheet.encode("utf-16")))
    (job,) = jobs(cloud, key)
    assert (job.request.input["prompt"], job.request.input["seed"]) == ("=1+1; größer", 7)
    ((message, _),) = lambdas.sent(cloud.summary_queue)
    lambdas("summarize_drops", a_batch("summarize_drops", "summary", message))
    written = read(cloud, f"receipts/{key}.csv")
    assert written.startswith(b"\xef\xbb\xbf")
    good, bad = csv.DictReader(io.StringIO(written.decode("utf-8-sig"), newline=""))
    assert good | {"row": "1", "state": "accepted", "prompt": "'=1+1; größer"} == good
    assert good["job_id"] == job.job_id
    assert (bad["state"], bad["errors"].count("\n"), bad["credits"]) == ("refused", 1, "")


def test_a_photo_waits_for_its_recipe(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.will_answer(CREATE, {"code": 200, "data": {"taskId": "task_1"}})
    assert lambdas("take_drops", put(cloud, "recipes/fox/1.jpg", JPEG)) == DONE
    assert "recipes/fox/recipe.json" in receipts(cloud, "recipes/fox/1.jpg")[0]["waits_for"]
    ((message, delay),) = lambdas.sent(cloud.drop_queue)
    assert 10 <= delay < 60
    put(cloud, "recipes/fox/recipe.json", json.dumps(RECIPE).encode())
    assert lambdas("take_drops", a_batch("take_drops", "drop_goes_on", message)) == DONE
    (receipt,) = receipts(cloud, "recipes/fox/1.jpg")
    assert lambdas("submit_job", a_submit_message(receipt["job_id"])) == DONE
    assert len(provider.at(CREATE)) == 1
