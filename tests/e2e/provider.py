"""The provider's view: the simulator's own endpoints."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import httpx

Fault = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Provider:
    url: str

    def tasks(self) -> list[dict[str, Any]]:
        tasks: list[dict[str, Any]] = self._ask("GET", "tasks").json()
        return tasks

    def tasks_of(self, job_id: str) -> list[dict[str, Any]]:
        return [task for task in self.tasks() if job_of(task) == job_id]

    def tasks_by_callback_url(self) -> dict[str, list[str]]:
        by_url: dict[str, list[str]] = self._ask("GET", "callback_urls").json()
        return by_url

    def pictures(self) -> list[dict[str, Any]]:
        """Return every image of every task, with the SHA-256 of its bytes."""
        pictures: list[dict[str, Any]] = self._ask("GET", "pictures").json()
        return pictures

    def requests(self) -> list[dict[str, Any]]:
        requests: list[dict[str, Any]] = self._ask("GET", "requests").json()
        return requests

    def reads(self) -> list[str]:
        """Return the task id of each recordInfo, in order."""
        asked = [one for one in self.requests() if one["path"].endswith("/recordInfo")]
        return [parse_qs(one["query"])["taskId"][0] for one in asked]

    def tokens_issued(self) -> int:
        """Return how many access tokens Chanjing has issued."""
        return int(self._ask("GET", "tokens").json()["issued"])

    def set_credits(self, credits: float) -> None:
        """Take kie.ai's credits away, or give them back."""
        self._ask("POST", "credits", {"credits": credits})

    @contextmanager
    def troubled_by(self, *faults: Fault) -> Iterator[None]:
        """Apply the faults to every task created meanwhile."""
        try:
            for fault in faults:
                self._ask("POST", "faults", fault)
            yield
        finally:
            self._ask("DELETE", "faults")

    def _ask(self, method: str, what: str, body: Fault | None = None) -> httpx.Response:
        url = f"{self.url}/_simulator/{what}"
        return httpx.request(method, url, json=body, trust_env=False, timeout=30).raise_for_status()


def job_of(task: Mapping[str, Any]) -> str:
    """Return the job that a task was created for."""
    return job_in(task["callBackUrl"])


def job_in(callback_url: str) -> str:
    """Return the job that a callback is for: the last but one part of its path."""
    return callback_url.split("/")[-2]
