"""Ringback on this machine, for a person: ``make run``."""

import argparse
import json
import os
import shlex
import sys
import threading
import time
from collections.abc import Sequence

from local.deployment import Deployment
from local.downloads import SavedImage, download_images
from local.drop_bucket import drop, drop_photo, read, wait_for_summary
from local.examples import EXAMPLES, RECIPE, SHEET, Example
from local.failures import LocalFailure
from local.job_table import job_table
from local.jobs_api import Job, JobsApi, connected
from local.paths import IMAGES, ROOT
from local.ports import Ports
from local.stack import Report, local_stack

JOBS_SECONDS = 90.0
THUMBNAIL_SECONDS = 30.0
RECIPE_FOLDER = "recipes/woodcut"
PHOTO_DROP, SHEET_DROP = f"{RECIPE_FOLDER}/kite.jpg", "requests/doors.csv"
NOTHING_LEFT = "Stopped. No process and no port is left behind."


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.run", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the table (RUN_ONCE=1)")
    given = parser.parse_args(words)
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
    report = clocked()
    with local_stack(ports=ports, report=report) as deployment:
        with connected(deployment.jobs_api_url, deployment.client_key) as api:
            mistakes = run_examples(api, report, photo=drop_photo(deployment))
            mistakes += run_drops(deployment, report)
        for mistake in mistakes:
            print(f"Not as expected: {mistake}", file=sys.stderr)
        if not is_once:
            print(what_to_try(deployment), flush=True)
            threading.Event().wait()
    return 1 if mistakes else 0


def run_examples(api: JobsApi, report: Report, *, photo: str) -> list[str]:
    """Run the examples, print their table and return what is not as it should be."""
    submitted = [api.submit(example.model, example.input_with(photo)) for example in EXAMPLES]
    report(f"submitted {len(submitted)} jobs, following them")
    jobs = api.wait_until_final(
        [job["job_id"] for job in submitted],
        seconds=JOBS_SECONDS,
        on_change=lambda job: report(f"{job['job_id']}  {job['status']}"),
    )
    jobs = api.wait_for_thumbnails(jobs, seconds=THUMBNAIL_SECONDS)
    rows = [(job, download_images(job, IMAGES)) for job in jobs]
    print(f"\n{job_table(rows)}\n")
    print(f"The images are in {IMAGES.relative_to(ROOT)}/<job>/.", flush=True)
    return [
        mistake
        for example, (job, images) in zip(EXAMPLES, rows, strict=True)
        for mistake in mistakes_of(example, job, images)
    ]


def run_drops(deployment: Deployment, report: Report) -> list[str]:
    """Drop a recipe, a photo for it and a sheet, and show what lies beside them then."""
    drop(deployment, f"{RECIPE_FOLDER}/recipe.json", json.dumps(RECIPE).encode())
    drop_photo(deployment, PHOTO_DROP)
    drop(deployment, SHEET_DROP, SHEET.encode())
    report(f"dropped {PHOTO_DROP} and {SHEET_DROP} into s3://{deployment.drop_bucket}")
    ended = {}
    for key in (PHOTO_DROP, SHEET_DROP):
        summary = wait_for_summary(deployment, key, seconds=JOBS_SECONDS)
        ended[key] = summary["jobs"]
        print(f"\nreceipts/{key}.jsonl")
        print((read(deployment, f"receipts/{key}.jsonl") or b"").decode().strip())
        told = {name: summary[name] for name in ("state", "rows", "bad_rows", "jobs", "credits")}
        print(f"receipts/{key}.summary.json\n{json.dumps(told)} ...", flush=True)
    expected = {PHOTO_DROP: {"succeeded": 1}, SHEET_DROP: {"succeeded": 2}}
    return [f"{key} ended as {ended[key]}" for key in expected if ended[key] != expected[key]]


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


def what_to_try(deployment: Deployment) -> str:
    jobs, key = f"{deployment.jobs_api_url}/jobs", f"Authorization: Bearer {deployment.client_key}"
    body = '{"model": "bytedance/seedream-v4-text-to-image", "input": {"prompt": "A blue door"}}'
    faults = f"{deployment.simulator_url}/_simulator/faults"
    newest = (
        f"curl -s -H {shlex.quote(key)} {shlex.quote(jobs + '?limit=1')} | "
        f"{shlex.quote(sys.executable)} -c "
        + shlex.quote(
            'import json, sys; print(json.load(sys.stdin)["jobs"][0]["images"][0]["url"])'
        )
        + " | xargs curl -s -o newest-image"
    )
    return f"""
Everything stays up until Ctrl-C. To try, in another terminal:

  Post a job:
    curl -s -H {shlex.quote(key)} -d {shlex.quote(body)} {shlex.quote(jobs)}
  See all jobs, newest first (one job: add /<job> before the last quote):
    curl -s -H {shlex.quote(key)} {shlex.quote(jobs)}
  See the jobs of the sheet that was dropped:
    curl -s -H {shlex.quote(key)} {shlex.quote(f"{jobs}?source={SHEET_DROP}")}
  Ask what a job would cost:
    curl -s -H {shlex.quote(key)} -d {shlex.quote(body)} {shlex.quote(f"{jobs}?dry_run=true")}
  Download the first image of the newest job:
    {newest}

The provider simulator is at {deployment.simulator_url}. Its faults, to rehearse an outage:
    curl -s {faults}
For one job, put the fault into its prompt: "A blue door [simulate: no_callback]".
"""


def ports_from_environment() -> Ports:
    default = Ports()
    try:
        return Ports(
            aws=int(os.environ.get("RINGBACK_AWS_PORT", default.aws)),
            simulator=int(os.environ.get("RINGBACK_SIMULATOR_PORT", default.simulator)),
        )
    except ValueError as error:
        raise LocalFailure(f"RINGBACK_AWS_PORT, RINGBACK_SIMULATOR_PORT: {error}") from error


def clocked() -> Report:
    start = time.monotonic()

    def report(line: str) -> None:
        print(f"{time.monotonic() - start:6.1f} s  {line}", flush=True)

    return report


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
