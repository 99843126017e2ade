"""The requests, responses, sheets and commands in the documents match the code."""

import json
import re
import subprocess
from typing import Any, Final

import pytest
from ringback.callbacks.standard_webhooks import signed_headers, signing_keys
from ringback.catalogue.field_kinds import field_kinds
from ringback.catalogue.upload_requests import read_upload
from ringback.domain.changes import JobChange
from ringback.domain.clock import utc_now
from ringback.domain.drops import Drop
from ringback.domain.errors import InvalidRequest
from ringback.domain.jobs import JobStatus
from ringback.domain.live import FollowRequest
from ringback.domain.webhooks import body_of
from ringback.http_api.replies import account_body, job_body, problem
from ringback.live_requests import follow_request
from ringback.sheets.recipes import recipe_row
from ringback.sheets.rows import read_sheet
from ringback.use_cases.make_events import MakeEvents

from local.simulator.fault_board import rule_from
from tests.support.jobs import a_job, a_stored_image
from tests.support.lambdas import an_event as sent_live
from tests.support.openapi import undescribed
from tests.support.repository import Block, blocks, documents
from tests.support.requests import read_request
from tests.support.sheets import layout_of, parts
from tests.support.webhooks import OLD_SECRET, SECRET, a_webhook, an_event

BUCKET: Final = "ringback-drop"
SHOWN: Final = [name for name in documents() if "decisions" not in name]
JSON: Final = [block for name in SHOWN for block in blocks(name, "json")]
SHELL: Final = [block for name in SHOWN for block in blocks(name, "sh")]
POSTED: Final = re.compile(r"""-d '(\{.*?\})'""")


def in_a_bucket(text: str) -> bytes:
    return text.replace("<DropBucketName>", BUCKET).encode()


def check_request(body: bytes) -> None:
    read_request(body, find_image=lambda url: (url, "v1"))


def is_request(shown: dict[str, Any]) -> bool:
    return "model" in shown and "job_id" not in shown


def titled(title: str) -> Block:
    [block] = [block for block in JSON if block.title == title]
    return block


def test_requests_are_valid() -> None:
    requests = [block for block in JSON if not block.title and is_request(json.loads(block.text))]
    posted = [text for block in SHELL for text in POSTED.findall(block.text) if '"model"' in text]
    assert requests
    assert posted
    for text in [*(block.text for block in requests), *posted]:
        check_request(in_a_bucket(text))


def test_an_upload_is_described_as_it_is_read() -> None:
    assert read_upload(json.loads(titled("upload").text), "studio").content_type == "image/jpeg"


def test_every_json_block_is_tested() -> None:
    known = {"invalid request", "its problem", "recipe", "trust policy", "webhook body", "event"}
    known |= {"follow", "resume", "upload"} | ANSWERS.keys()
    assert {block.title for block in JSON} == {"", *known}
    for block in JSON:
        shown = json.loads(block.text)
        assert block.title or is_request(shown) or "job_id" in shown


def test_a_client_that_follows_sends_its_key_and_the_time_of_an_event() -> None:
    def read(title: str) -> FollowRequest:
        return follow_request(sent_live("follow_jobs", "follow") | {"body": titled(title).text})

    assert read("follow").since is None
    since = read("resume").since
    assert since is not None
    assert since.isoformat() == json.loads(titled("event").text)["time"]


def test_the_problem_is_the_answer_to_the_request_above_it() -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_request(titled("invalid request").text.encode())
    answer = problem(refused.value)
    shown = json.loads(titled("its problem").text)
    assert shown == json.loads(answer["body"])
    assert shown["status"] == answer["statusCode"]


def test_a_job_is_shown_with_every_field() -> None:
    [shown] = [job for block in JSON if "images" in (job := json.loads(block.text))]
    body = job_body(a_job(images=(a_stored_image(),)), lambda key: f"https://s3.example/{key}")
    # Only a waiting job has a reason here.
    assert shown.keys() == body.keys() - {"waiting_for"}
    [image], [expected] = shown["images"], body["images"]
    assert image.keys() == expected.keys()


def test_a_webhook_has_the_fields_of_its_event() -> None:
    shown = json.loads(titled("webhook body").text)
    body = json.loads(body_of(an_event()))
    assert shown.keys() == body.keys()
    assert shown["id"] == f"{shown['subject']}:{shown['data']['status']}:4"
    assert shown["type"] == f"ringback.job.{shown['data']['status']}"


def test_the_verification_of_a_webhook_runs() -> None:
    # The recipes of docs/client.md have tests of their own.
    shown = [each for name in SHOWN for each in blocks(name, "python")]
    [block] = [each for each in shown if not each.title.startswith("recipe: ")]
    assert block.title == "verification"
    program: dict[str, Any] = {}
    exec(block.text, program)  # noqa: S102 our own document
    webhook = a_webhook()
    headers = dict(signed_headers(webhook, signing_keys(SECRET), at=utc_now()))
    assert program["read_webhook"](webhook.body.encode(), headers, SECRET)["id"] == webhook.event_id
    assert program["read_webhook"](webhook.body.encode(), headers, OLD_SECRET) is None


def test_an_event_is_shown_with_every_attribute() -> None:
    shown = json.loads(titled("event").text)
    make = MakeEvents(source="/ringback/ringback", show_job=job_body, show_account=account_body)
    job = a_job(JobStatus.SUCCEEDED, changes=shown["data"]["changes"])
    event = make(JobChange(None, job))
    assert event is not None
    expected = event.cloud_event()
    assert shown.keys() == expected.keys()
    changing = ("id", "subject", "time", "data")
    assert [shown[name] for name in shown.keys() - changing] == [
        expected[name] for name in shown.keys() - changing
    ]
    assert shown["id"] == f"{shown['subject']}:succeeded:4"
    assert shown["data"].keys() - {"..."} <= expected["data"].keys()


def test_the_recipe_is_valid() -> None:
    drop = Drop(bucket=BUCKET, key="recipes/woodcut/recipe.json", version="v1")
    row = recipe_row(drop, titled("recipe").text.encode(), end=0)
    assert row.faults == ()
    check_request(row.request)


def test_the_rows_of_sheets_are_valid() -> None:
    sheets = [in_a_bucket(block.text) for name in SHOWN for block in blocks(name, "csv")]
    assert sheets
    for sheet in sheets:
        layout = layout_of(sheet)
        rest = parts(sheet[layout.start :])
        rows = read_sheet(rest, layout, kinds=field_kinds, start=layout.start)
        for row in rows:
            assert row.faults == ()
            check_request(row.request)


def test_faults_that_are_shown_exist() -> None:
    posted = [text for block in SHELL for text in POSTED.findall(block.text) if '"fault"' in text]
    assert posted
    for text in posted:
        rule_from(json.loads(text))


@pytest.mark.parametrize("block", SHELL, ids=lambda block: block.document)
def test_commands_are_shell(block: Block) -> None:
    filled_in = re.sub(r"<[^<>\n]+>", "X", block.text)
    read = subprocess.run(
        ["bash", "-n"],  # noqa: S607 whichever bash it is
        input=filled_in,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (read.returncode, read.stderr) == (0, "")


ANSWERS: Final = {
    "timeline": "GET /jobs/{job_id}/timeline",
    "account": "GET /account",
    "usage": "GET /usage",
    "drop": "GET /drops",
}


@pytest.mark.parametrize("title", ANSWERS)
def test_an_answer_is_as_the_api_describes_it(title: str) -> None:
    headers = {"content-type": "application/json"}
    reply = {"statusCode": 200, "headers": headers, "body": titled(title).text}
    assert undescribed(ANSWERS[title], reply) == []
