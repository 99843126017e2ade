"""A sheet in the middle of which the account loses its credits, and gets them back.

The last file of its folder: while it runs, no other job is sent to kie.ai.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest

from local.deployment import Deployment
from local.drop_bucket import drop, wait_for_receipt
from local.jobs_api import JobsApi
from local.waiting import wait_for
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


def test_a_sheet_outlasts_an_account_without_credits(
    deployment: Deployment, jobs_api: JobsApi, poor_provider: Provider, rows: int
) -> None:
    lines = [f"{MODEL},kite {row} without credits" for row in range(1, rows + 1)]
    drop(deployment, SHEET, "\n".join(["model,input.prompt", *lines]).encode())
    receipts = wait_for(
        lambda: wait_for_receipt(deployment, SHEET),
        lambda lines: len(lines) == rows,
        what="the sheet to be read",
    )
    ids = [line["job_id"] for line in receipts]
    waiting = wait_for(
        lambda: next((job for job in map(jobs_api.get, ids) if job["waiting_for"]), None),
        lambda job: job is not None,
        what="a row to wait for credits",
    )
    assert waiting is not None
    assert waiting["waiting_for"].keys() == {"reason", "provider", "since"}
    assert (waiting["waiting_for"]["reason"], waiting["status"]) == ("no_credits", "accepted")
    assert (waiting["attempts"], waiting["error"]) == (0, None)

    poor_provider.set_credits(RICH)
    ended = jobs_api.wait_until_final(ids)
    assert Counter(job["status"] for job in ended) == {"succeeded": rows}
    assert {job["attempts"] for job in ended} == {1}
    ledger = Counter(job_of(task) for task in poor_provider.tasks())
    assert {job_id: ledger[job_id] for job_id in ids} == dict.fromkeys(ids, 1)
