"""Jobs posted while much of what can go wrong does, each with faults of its own."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from random import Random

from local.jobs_api import JobsApi

MODEL = "bytedance/seedream-v4-text-to-image"
CLIENTS = 4
# Each strikes three jobs in ten, independently of the others. A late callback comes after its job's
# deadline of 30 seconds.
FAULTS = (
    "no_callback",
    "late_callback=32",
    "double_callback",
    "status_429",
    "error_500_before",
    "error_500_after",
    "dead_link",
)
SHARE = 0.3
# Every fortieth job's images are gone for good: all tries to copy them are waited for.
GONE_EVERY = 40

Faults = frozenset[str]
StormPosts = Mapping[str, Faults]
"""Each job's faults, by its id."""


def post_storm(jobs_api: JobsApi, *, jobs: int) -> StormPosts:
    drawn = drawn_faults(jobs)

    def post(number: int) -> str:
        asked = ", ".join(fault for fault in (*FAULTS, "gone") if fault in drawn[number])
        prompt = f"kite {number} in a storm [simulate: {asked}]"
        return str(jobs_api.submit(MODEL, {"prompt": prompt})["job_id"])

    with ThreadPoolExecutor(CLIENTS) as clients:
        return dict(zip(clients.map(post, range(jobs)), drawn, strict=True))


def drawn_faults(jobs: int) -> list[Faults]:
    """Return each job's faults, the same in every run."""
    chance = Random(66)  # noqa: S311
    drawn = [{fault for fault in FAULTS if chance.random() < SHARE} for _ in range(jobs)]
    for faults in drawn[::GONE_EVERY]:
        faults.add("gone")
    return [frozenset(faults) for faults in drawn]


def expected_end(faults: Faults) -> tuple[str, int]:
    """Return how a job ends under its faults, and how many tasks the provider makes for it."""
    if "error_500_before" in faults:
        return "expired", 0
    if {"error_500_after", "no_callback"} <= faults:
        # Paid, and nothing connects it to its job.
        return "expired", 1
    return "archive_failed" if "gone" in faults else "succeeded", 1
