"""A sheet in the middle of which the account loses its credits, and gets them back.

The last file of its folder: while it runs, no other job is sent to kie.ai.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest

from local.deployment import Deployment
from local.drop_bucket import drop, wait_for_receipt
from local.jobs_api import Job, JobsApi
from local.live_line import LiveLine, live_line
from tests.e2e.provider import Provider, job_of

MODEL: Final = "bytedance/seedream-v4-text-to-image"
SHEET: Final = "requests/without-credits.csv"
PRICE: Final = 5
RICH: Final = 1_000_000

pytestmark = pytest.mark.exhaustive


@pytest.fixture
def rows(*, full_size: bool) -> int:
    return 200 if full_size else 40


@pytest.fixture
def poor_provider(provider: Provider, rows: int) -> Iterator[Provider]:
    """Have credits for half of the rows."""
    provider.set_credits(PRICE * rows // 2)
    yield provider
    provider.set_credits(RICH)


def taken_back(jobs_api: JobsApi, line: LiveLine) -> Iterator[Job]:
    """Yield jobs of the sheet that the provider has refused for now, as they are told."""
    for event in line.events():
        told = event["data"]
        if told.get("source") == SHEET and told["status"] == "accepted" and told["changes"]:
            yield jobs_api.get(told["job_id"])


def test_a_sheet_outlasts_an_account_without_credits(
    deployment: Deployment, jobs_api: JobsApi, poor_provider: Provider, rows: int
) -> None:
    lines = [f"{MODEL},kite {row} without credits" for row in range(1, rows + 1)]
    with live_line(jobs_api.live_url, jobs_api.key) as line:
        drop(deployment, SHEET, "\n".join(["model,input.prompt", *lines]).encode())
        waiting = next(job for job in taken_back(jobs_api, line) if job["waiting_for"])
    assert waiting["waiting_for"].keys() == {"reason", "provider", "since"}
    assert (waiting["waiting_for"]["reason"], waiting["status"]) == ("no_credits", "accepted")
    assert (waiting["attempts"], waiting["error"]) == (0, None)
    receipts = wait_for_receipt(deployment, SHEET)
    ids = [receipt["job_id"] for receipt in receipts]
    assert len(ids) == rows

    poor_provider.set_credits(RICH)
    ended = jobs_api.wait_until_final(ids)
    assert Counter(job["status"] for job in ended) == {"succeeded": rows}
    assert {job["attempts"] for job in ended} == {1}
    ledger = Counter(job_of(task) for task in poor_provider.tasks())
    assert {job_id: ledger[job_id] for job_id in ids} == dict.fromkeys(ids, 1)
