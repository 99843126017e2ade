"""Run Ringback on this machine with example jobs and dropped files: ``make run``."""

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Sequence

from ringback.domain.drops import RECEIPTS

from local.commands import what_to_try
from local.deployment import Deployment
from local.downloads import SavedImage, download_images
from local.drop_bucket import drop, drop_photo, read, wait_for_summary
from local.example_job import Example
from local.examples import EXAMPLES, RECIPE, SHEET, TOLD
from local.failures import LocalFailure
from local.job_table import job_table
from local.jobs_api import Job, JobsApi, connected
from local.parent import end_with_make
from local.paths import IMAGES, ROOT
from local.ports import Ports, ports_from_environment
from local.stack import Report, local_stack
from local.webhooks import is_verified, wait_for_webhooks

RECIPE_FOLDER = "recipes/woodcut"
# Of the simulator; it answers 500 to the first webhook.
RECEIVER = "/receivers/fail-1/make-run"
PHOTO_DROP, SHEET_DROP = f"{RECIPE_FOLDER}/kite.jpg", "requests/doors.csv"
NOTHING_LEFT = "Stopped: no process is left running, and both ports are free."


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.run", description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop after the examples (RUN_ONCE=1)")
    given = parser.parse_args(words)
    end_with_make()
    is_once = given.once or os.environ.get("RUN_ONCE", "") not in ("", "0")
    try:
        return run(ports_from_environment(), is_once=is_once)
    except LocalFailure as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\n{NOTHING_LEFT}")
        return 130 if is_once else 0


def run(ports: Ports, *, is_once: bool) -> int:
    report = timed_report()
    with local_stack(ports=ports, report=report) as deployment:
        with connected(
            deployment.jobs_api_url, deployment.client_key, deployment.live_api_url
        ) as api:
            mistakes = run_examples(api, report, photo=drop_photo(deployment))
            mistakes += run_drops(deployment, report)
            mistakes += run_webhook(api, deployment, report)
        for mistake in mistakes:
            print(f"Unexpected: {mistake}", file=sys.stderr)
        if not is_once:
            print(what_to_try(deployment, source=SHEET_DROP), flush=True)
            threading.Event().wait()
    return 1 if mistakes else 0


def run_examples(api: JobsApi, report: Report, *, photo: str) -> list[str]:
    """Run the examples, print their table and return the deviations from what is expected."""
    submitted = [api.submit(example.model, example.input_with(photo)) for example in EXAMPLES]
    report(f"submitted {len(submitted)} jobs; waiting for them to finish")
    jobs = api.wait_until_final(
        [job["job_id"] for job in submitted],
        on_change=lambda job: report(f"{job['job_id']}  {job['status']}"),
        with_thumbnails=True,
    )
    rows = [(job, download_images(job, IMAGES)) for job in jobs]
    print(f"\n{job_table(rows)}\n")
    print(f"The images are in {IMAGES.relative_to(ROOT)}/<job>/.", flush=True)
    return [
        mistake
        for example, (job, images) in zip(EXAMPLES, rows, strict=True)
        for mistake in mistakes_of(example, job, images)
    ]


def run_drops(deployment: Deployment, report: Report) -> list[str]:
    """Drop a recipe, a photo for it and a sheet; print their receipts and summaries."""
    drop(deployment, f"{RECIPE_FOLDER}/recipe.json", json.dumps(RECIPE).encode())
    drop_photo(deployment, PHOTO_DROP)
    drop(deployment, SHEET_DROP, SHEET.encode())
    report(f"uploaded {PHOTO_DROP} and {SHEET_DROP} to s3://{deployment.drop_bucket}")
    ended = {}
    for key in (PHOTO_DROP, SHEET_DROP):
        summary = wait_for_summary(deployment, key)
        ended[key] = summary["jobs"]
        print(f"\n{RECEIPTS}{key}.jsonl")
        print((read(deployment, f"{RECEIPTS}{key}.jsonl") or b"").decode().strip())
        shown = {name: summary[name] for name in ("state", "rows", "bad_rows", "jobs", "credits")}
        print(f"{RECEIPTS}{key}.summary.json\n{json.dumps(shown)} ...", flush=True)
    expected = {PHOTO_DROP: {"succeeded": 1}, SHEET_DROP: {"succeeded": 2}}
    return [f"{key} ended as {ended[key]}" for key in expected if ended[key] != expected[key]]


def run_webhook(api: JobsApi, deployment: Deployment, report: Report) -> list[str]:
    """Have the end of a job told to a receiver that fails once; verify what arrives there."""
    url = f"{deployment.simulator_url}{RECEIVER}"
    job = api.submit(TOLD["model"], TOLD["input"], call_back_url=url)
    report(f"submitted {job['job_id']} with callBackUrl {url}")
    webhooks = wait_for_webhooks(deployment, RECEIVER, count=2)
    for webhook in webhooks:
        verified = is_verified(webhook, deployment.webhook_secret)
        words = "its signature is good" if verified else "ITS SIGNATURE IS WRONG"
        report(f"webhook {webhook['headers']['webhook-id']} answered {webhook['status']}; {words}")
    good = [is_verified(each, deployment.webhook_secret) for each in webhooks]
    return [] if good == [True, True] else [f"webhooks of {job['job_id']}: {good}"]


def mistakes_of(example: Example, job: Job, images: Sequence[SavedImage]) -> list[str]:
    if job["status"] != example.status:
        return [f"{job['job_id']} is {job['status']}, not {example.status}"]
    mistakes = (
        [] if len(images) == example.images else [f"{job['job_id']} has {len(images)} images"]
    )
    width, height = example.size
    mistakes += [
        f"{image.path} is {image.width} x {image.height}, not {width} x {height}"
        for image in images
        if (image.width, image.height) != example.size
    ]
    return mistakes + [f"{image.path} has no thumbnail" for image in images if not image.thumbnail]


def timed_report() -> Report:
    start = time.monotonic()

    def report(line: str) -> None:
        print(f"{time.monotonic() - start:6.1f} s  {line}", flush=True)

    return report


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
