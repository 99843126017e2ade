"""Send one real job through a deployed stack and download its image: ``make smoke``."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from local.downloads import download_images
from local.failures import LocalFailure
from local.job_table import describe
from local.jobs_api import Job, JobsApi, connected

MODEL = "bytedance/seedream-v4-text-to-image"
INPUT = {"prompt": "A red kite over a grey sea", "image_size": "square_hd"}
COST = "The provider charges for one image: about 5 credits, or 0.03 USD."
KEY_VARIABLE = "RINGBACK_KEY"


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.smoke", description=__doc__)
    parser.add_argument(
        "--api-url",
        default=os.environ.get("RINGBACK_API_URL"),
        help="the stack's output JobsApiUrl (RINGBACK_API_URL)",
    )
    parser.add_argument(
        "--live-url",
        default=os.environ.get("RINGBACK_LIVE_URL"),
        help="the stack's output LiveApiUrl (RINGBACK_LIVE_URL)",
    )
    parser.add_argument("--yes", action="store_true", help="spend the credits without asking")
    parser.add_argument(
        "--seconds",
        type=float,
        default=900.0,
        help="give up when the job has not changed for so long",
    )
    given = parser.parse_args(words)
    key = os.environ.get(KEY_VARIABLE)
    if not given.api_url or not given.live_url or not key:
        print(
            "Usage: RINGBACK_API_URL=<JobsApiUrl> RINGBACK_LIVE_URL=<LiveApiUrl>"
            f" {KEY_VARIABLE}=<your key> make smoke",
            file=sys.stderr,
        )
        return 2
    print(f"This sends one job to {given.api_url}.\n{COST}")
    if not (given.yes or agrees()):
        print("Nothing was sent.")
        return 1
    try:
        with connected(given.api_url, key, given.live_url) as api:
            send_one_job(api, standstill=given.seconds)
    except LocalFailure as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def agrees(question: str = "Continue?") -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False


def send_one_job(api: JobsApi, *, standstill: float) -> None:
    """Raise ``LocalFailure`` unless the job succeeds with images that match its record."""
    start = time.monotonic()

    def report(job: Job) -> None:
        print(f"{time.monotonic() - start:6.1f} s  {job['job_id']}  {job['status']}", flush=True)

    job = api.submit(MODEL, INPUT)
    report(job)
    [job] = api.wait_until_final([job["job_id"]], standstill=standstill, on_change=report)
    if job["status"] != "succeeded":
        raise LocalFailure(f"{job['job_id']} is {job['status']}: {job['error']}")
    with tempfile.TemporaryDirectory() as folder:
        images = download_images(job, Path(folder))
    if not images:
        raise LocalFailure(f"{job['job_id']} succeeded without an image.")
    for image in images:
        print(f"          {describe(image)}, SHA-256 verified")
    credits_spent = "unknown" if job["credits"] is None else f"{job['credits']:g}"
    print(f"The stack works. Credits spent: {credits_spent}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
