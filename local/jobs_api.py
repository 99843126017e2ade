"""Ringback's HTTP API as a client sees it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from ringback.domain.jobs import FINAL

from local.failures import LocalFailure
from local.ports import LOOPBACK
from local.waiting import STANDSTILL_SECONDS, wait_for

Job = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobsApi:
    """Every method raises ``LocalFailure`` if the API cannot be reached or refuses a request."""

    client: httpx.Client
    url: str

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
    ) -> list[Job]:
        """Return the finished jobs in the order given.

        Raises ``LocalFailure`` if none of them changes for ``standstill`` seconds.
        """
        jobs: dict[str, Job] = {job_id: {} for job_id in job_ids}

        def observe() -> list[Job]:
            for job_id in [key for key, job in jobs.items() if not is_final(job)]:
                before, jobs[job_id] = jobs[job_id].get("status"), self.get(job_id)
                if jobs[job_id]["status"] != before:
                    on_change(jobs[job_id])
            return list(jobs.values())

        return wait_for(
            observe,
            lambda found: all(map(is_final, found)),
            what="jobs to finish",
            standstill=standstill,
        )

    def wait_for_thumbnails(self, jobs: Sequence[Job]) -> list[Job]:
        """Return the finished jobs once every image has a thumbnail."""
        found = list(jobs)

        def observe() -> list[Job]:
            found[:] = [
                each if has_thumbnails(each) else self.get(each["job_id"]) for each in found
            ]
            return found.copy()

        return wait_for(
            observe, lambda seen: all(map(has_thumbnails, seen)), what="thumbnails to be made"
        )

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
    return all(image["thumbnail_key"] for image in job["images"])


@contextmanager
def connected(url: str, key: str) -> Iterator[JobsApi]:
    is_here = urlsplit(url).hostname in (LOOPBACK, "localhost")
    with httpx.Client(
        headers={"Authorization": f"Bearer {key}"},
        timeout=STANDSTILL_SECONDS,
        trust_env=not is_here,  # no proxy can reach this machine's loopback
    ) as client:
        yield JobsApi(client, url.rstrip("/"))
