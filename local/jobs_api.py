"""Ringback's HTTP API as a client sees it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from ringback.domain.jobs import FINAL

from local.failures import LocalFailure
from local.live_line import live_line
from local.ports import LOOPBACK
from local.waiting import STANDSTILL_SECONDS

Job = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobsApi:
    """Every method raises ``LocalFailure`` if the API cannot be reached or refuses a request."""

    client: httpx.Client
    url: str
    live_url: str
    key: str = field(repr=False)

    def submit(
        self, model: str, job_input: Mapping[str, Any], *, call_back_url: str | None = None
    ) -> Job:
        body = {"model": model, "input": dict(job_input)}
        body |= {"callBackUrl": call_back_url} if call_back_url else {}
        return self._ask("POST", "/jobs", expected=202, body=body)

    def get(self, job_id: str) -> Job:
        return self._ask("GET", f"/jobs/{job_id}", expected=200)

    def wait_until_final(
        self,
        job_ids: Iterable[str],
        *,
        standstill: float = STANDSTILL_SECONDS,
        on_change: Callable[[Job], None] = lambda _job: None,
        with_thumbnails: bool = False,
    ) -> list[Job]:
        """Return the finished jobs in the order given, told by the live line.

        ``with_thumbnails`` waits for these as well. Raises ``LocalFailure`` if nothing happens for
        ``standstill`` seconds.
        """
        is_done = has_thumbnails if with_thumbnails else is_final
        jobs: dict[str, Job] = {job_id: {} for job_id in job_ids}
        with live_line(self.live_url, self.key) as line:
            # What has happened before the line was open.
            for job_id in jobs:
                jobs[job_id] = self.get(job_id)
                on_change(jobs[job_id])
            events = line.events(standstill=standstill)
            while not all(map(is_done, jobs.values())):
                seen = next(events)["data"]
                job_id = seen.get("job_id")
                if job_id not in jobs or is_done(jobs[job_id]):
                    continue
                if seen["changes"] < jobs[job_id]["changes"]:
                    continue
                is_news = seen["changes"] > jobs[job_id]["changes"]
                # An event has no links.
                jobs[job_id] = self.get(job_id) if is_final(seen) else seen
                if is_news:
                    on_change(jobs[job_id])
        return list(jobs.values())

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


def is_final(job: Job) -> bool:
    return job.get("status") in FINAL


def has_thumbnails(job: Job) -> bool:
    return is_final(job) and all(image["thumbnail_key"] for image in job["images"])


@contextmanager
def connected(url: str, key: str, live_url: str) -> Iterator[JobsApi]:
    is_here = urlsplit(url).hostname in (LOOPBACK, "localhost")
    with httpx.Client(
        headers={"Authorization": f"Bearer {key}"},
        timeout=STANDSTILL_SECONDS,
        trust_env=not is_here,  # no proxy can reach this machine's loopback
    ) as client:
        yield JobsApi(client, url.rstrip("/"), live_url, key)
