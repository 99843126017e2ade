"""Each call of the API, described once: method, path, parameters, and what its answer is."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

from ringback_client.errors import UnusableRequest
from ringback_client.filters import between, given
from ringback_client.records.account import (
    Account,
    ClientAccount,
    Deliveries,
    ListedReceiver,
    UsagePage,
)
from ringback_client.records.drops import DropDetails, DropPage, RetriedDrop
from ringback_client.records.jobs import Job, JobPage, Outcomes, Timeline
from ringback_client.records.models import DryRun, Model, Models
from ringback_client.records.uploads import OpenedUpload

T = TypeVar("T")

JOB_ID: Final = re.compile(r"job_[0-9a-z]{26}")
_KEY: Final = re.compile(r"[ -~]{1,255}")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """``is_repeatable`` if sending it twice does no more than sending it once."""

    method: str
    path: str
    answer: type[T]
    parameters: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    changes_nothing: bool = False

    @property
    def is_repeatable(self) -> bool:
        is_read = self.method in {"GET", "DELETE"} or self.changes_nothing or bool(self.dry_run)
        return is_read or "Idempotency-Key" in self.headers

    @property
    def dry_run(self) -> str:
        return self.parameters.get("dry_run", "")


def create_job(
    model: str,
    job_input: Mapping[str, Any],
    *,
    idempotency_key: str,
    call_back_url: str | None,
    tags: str | Sequence[str] = (),
) -> Call[Job]:
    body = _request(model, job_input, call_back_url, tags)
    return Call("POST", "/jobs", Job, headers=_once(idempotency_key), body=body)


def create_jobs(requests: Sequence[Mapping[str, Any]], *, idempotency_key: str) -> Call[Outcomes]:
    body = {"jobs": [*map(dict, requests)]}
    return Call("POST", "/jobs/batch", Outcomes, headers=_once(idempotency_key), body=body)


def price_job(model: str, job_input: Mapping[str, Any]) -> Call[DryRun]:
    parameters = {"dry_run": "true"}
    body = _request(model, job_input, None, ())
    return Call("POST", "/jobs", DryRun, parameters=parameters, body=body)


def get_job(job_id: str) -> Call[Job]:
    return Call("GET", _job(job_id), Job)


def list_jobs(
    filters: Mapping[str, str], *, limit: int | None, cursor: str | None
) -> Call[JobPage]:
    parameters = {**filters, **given(limit=limit, cursor=cursor)}
    return Call("GET", "/jobs", JobPage, parameters=parameters)


def sum_usage(*, since: date, until: date | None, by: str, cursor: str | None) -> Call[UsagePage]:
    parameters = given(**between(since, until), by=by, cursor=cursor)
    return Call("GET", "/usage", UsagePage, parameters=parameters)


def cancel_job(job_id: str) -> Call[Job]:
    return Call("POST", f"{_job(job_id)}/cancel", Job)


def delete_job(job_id: str) -> Call[Job]:
    return Call("DELETE", _job(job_id), Job)


def archive_job(job_id: str) -> Call[Job]:
    return Call("POST", f"{_job(job_id)}/archive", Job)


def notify_again(job_id: str) -> Call[Job]:
    return Call("POST", f"{_job(job_id)}/notify", Job)


def retry_job(job_id: str, *, idempotency_key: str) -> Call[Job]:
    return Call("POST", f"{_job(job_id)}/retry", Job, headers=_once(idempotency_key))


def list_deliveries(job_id: str) -> Call[Deliveries]:
    return Call("GET", f"{_job(job_id)}/deliveries", Deliveries)


def get_timeline(job_id: str) -> Call[Timeline]:
    return Call("GET", f"{_job(job_id)}/timeline", Timeline)


def retry_drop(source: str) -> Call[RetriedDrop]:
    # A second request would also retry what has failed since the first: it is not repeatable.
    parameters = {"source": source, "status": "failed"}
    return Call("POST", "/jobs/retry", RetriedDrop, parameters=parameters)


def open_upload(sha256: str, size: int, content_type: str) -> Call[OpenedUpload]:
    body = {"sha256": sha256, "bytes": size, "content_type": content_type}
    return Call("POST", "/uploads", OpenedUpload, body=body, changes_nothing=True)


def list_drops(*, limit: int | None, cursor: str | None) -> Call[DropPage]:
    return Call("GET", "/drops", DropPage, parameters=given(limit=limit, cursor=cursor))


def get_drop(file: str, *, version: str | None, cursor: str | None) -> Call[DropDetails]:
    parameters = given(version=version, cursor=cursor)
    return Call("GET", f"/drops/{quote(file)}", DropDetails, parameters=parameters)


def get_account() -> Call[ClientAccount]:
    return Call("GET", "/account", ClientAccount)


def resume_receiver(receiver: str) -> Call[ListedReceiver]:
    return Call("POST", f"/account/receivers/{quote(receiver, safe='')}/resume", ListedReceiver)


def list_models() -> Call[Models]:
    return Call("GET", "/models", Models)


def get_model(model_id: str) -> Call[Model]:
    return Call("GET", f"/models/{quote(model_id)}", Model)


def resume_provider(name: str) -> Call[Account]:
    return Call("POST", f"/providers/{quote(name, safe='')}/resume", Account)


def _request(
    model: str, job_input: Mapping[str, Any], url: str | None, tags: str | Sequence[str]
) -> dict[str, Any]:
    body: dict[str, Any] = {"model": model, "input": dict(job_input)}
    body |= {"callBackUrl": url} if url is not None else {}
    return body | ({"tags": [tags] if isinstance(tags, str) else list(tags)} if tags else {})


def _job(job_id: str) -> str:
    """Return the job's path; raises ``ValueError`` for what is no job's id."""
    if not JOB_ID.fullmatch(job_id):
        raise ValueError(f"not a job's id: {job_id!r}")
    return f"/jobs/{job_id}"


def _once(idempotency_key: str) -> dict[str, str]:
    """Return the header; raises ``UnusableRequest`` for what is no key."""
    if not _KEY.fullmatch(idempotency_key):
        raise UnusableRequest("An idempotency key has 1 to 255 printable ASCII characters.")
    return {"Idempotency-Key": idempotency_key}
