"""Ringback's HTTP API as a client sees it."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from local.failures import LocalFailure
from local.ports import LOOPBACK

Job = Mapping[str, Any]

FINAL = frozenset({"succeeded", "failed", "expired", "archive_failed", "cancelled"})
POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class JobsApi:
    """Every method raises ``LocalFailure`` when the API does not do as asked."""

    client: httpx.Client
    url: str

    def submit(self, model: str, job_input: Mapping[str, Any]) -> Job:
        body = {"model": model, "input": dict(job_input)}
        return self._ask("POST", "/jobs", expected=202, body=body)

    def get(self, job_id: str) -> Job:
        return self._ask("GET", f"/jobs/{job_id}", expected=200)

    def wait_until_final(
        self,
        job_ids: Iterable[str],
        *,
        seconds: float,
        on_change: Callable[[Job], None] = lambda _job: None,
    ) -> list[Job]:
        """Return the jobs in the order given; what isn't final in time is returned as it is."""
        end = time.monotonic() + seconds
        jobs: dict[str, Job] = {job_id: {} for job_id in job_ids}
        while True:
            for job_id in [key for key, job in jobs.items() if job.get("status") not in FINAL]:
                before, jobs[job_id] = jobs[job_id].get("status"), self.get(job_id)
                if jobs[job_id]["status"] != before:
                    on_change(jobs[job_id])
            is_over = all(job["status"] in FINAL for job in jobs.values())
            if is_over or time.monotonic() > end:
                return list(jobs.values())
            time.sleep(POLL_SECONDS)

    def wait_for_thumbnails(self, jobs: Sequence[Job], *, seconds: float) -> list[Job]:
        """Return the finished jobs once every image has one, or as they are when time is up."""
        end = time.monotonic() + seconds
        found = list(jobs)
        while not all(map(has_thumbnails, found)) and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
            found = [job if has_thumbnails(job) else self.get(str(job["job_id"])) for job in found]
        return found

    def _ask(
        self, method: str, path: str, *, expected: int, body: Mapping[str, Any] | None = None
    ) -> Job:
        try:
            answer = self.client.request(method, f"{self.url}{path}", json=body)
        except httpx.TransportError as error:
            raise LocalFailure(f"{method} {path}: {type(error).__name__}: {error}") from error
        if answer.status_code != expected:
            raise LocalFailure(f"{method} {path} answered {answer.status_code}: {answer.text}")
        job: Job = answer.json()
        return job


def has_thumbnails(job: Job) -> bool:
    return all(image["thumbnail_key"] for image in job["images"])


@contextmanager
def connected(url: str, key: str) -> Iterator[JobsApi]:
    is_here = urlsplit(url).hostname in (LOOPBACK, "localhost")
    with httpx.Client(
        headers={"Authorization": f"Bearer {key}"},
        timeout=httpx.Timeout(30.0, connect=5.0),
        trust_env=not is_here,  # a proxy has no way to this machine's loopback
    ) as client:
        yield JobsApi(client, url.rstrip("/"))
