"""The canary's own requests: to the public API as a client, to the callback URL as a provider."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx

from ringback.domain import canary
from ringback.domain.errors import ProviderUnavailable
from ringback.domain.job_ids import is_job_id
from ringback.domain.jobs import JobId
from ringback.providers.api_calls import api_client, read_object
from ringback.use_cases.canary_ports import SignedCall


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryHttp:
    """``key`` returns the canary's API key."""

    http: httpx.Client
    key: Callable[[], str] = str

    @classmethod
    def connect(cls, base_url: str = "", *, key: Callable[[], str] = str) -> Self:
        return cls(http=api_client(base_url, None), key=key)

    def post(self) -> JobId:
        body = {"model": canary.MODEL, "input": {}}
        response = self._send("POST", "/jobs", json=body, headers=self._authorization())
        job_id = str(_job_in(response, httpx.codes.ACCEPTED).get("job_id"))
        if not is_job_id(job_id):
            raise ProviderUnavailable("POST /jobs: no job id")
        return JobId(job_id)

    def get(self, job_id: JobId) -> Mapping[str, Any]:
        response = self._send("GET", f"/jobs/{job_id}", headers=self._authorization())
        return _job_in(response, httpx.codes.OK)

    def download(self, url: str) -> bytes:
        response = self._send("GET", url)
        if response.status_code != httpx.codes.OK:
            raise ProviderUnavailable(f"HTTP {response.status_code}")
        return response.content

    def __call__(self, url: str, call: SignedCall) -> int:
        headers = {**call.headers, "Content-Type": "application/json"}
        return self._send("POST", url, content=call.body, headers=headers).status_code

    def _send(self, method: str, url: str, **content: Any) -> httpx.Response:
        try:
            return self.http.request(method, url, **content)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderUnavailable(type(error).__name__) from error

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key()}"}


def _job_in(response: httpx.Response, expected: int) -> Mapping[str, Any]:
    job = read_object(response)
    if response.status_code != expected or job is None:
        request = response.request
        raise ProviderUnavailable(f"{request.method} /jobs: HTTP {response.status_code}")
    return job
