"""What both clients can do, as steps: the one place where calls, waiting and pages meet."""

import random as randomness
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ringback_client.calls import (
    create_job,
    create_jobs,
    list_drops,
    list_jobs,
    price_job,
    retry_job,
)
from ringback_client.downloading import Downloader
from ringback_client.errors import DownloadFailed
from ringback_client.local_images import ImageSource, LocalImage, OnSent
from ringback_client.records.jobs import Job, Outcome
from ringback_client.records.models import DryRun
from ringback_client.records.uploads import Upload
from ringback_client.retrying import Sender
from ringback_client.settings import Settings
from ringback_client.steps import Emit, Steps
from ringback_client.uploading import Uploader
from ringback_client.waiting import Follower
from ringback_client.webhooks import utc_now
from ringback_client.words import words_of

TRIES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Time and chance, so that tests need neither; ``tries`` of a request in all."""

    random: Callable[[], float] = randomness.random
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = utc_now
    new_key: Callable[[], str] = lambda: str(uuid.uuid4())
    tries: int = TRIES


class Operations:
    def __init__(self, settings: Settings, environment: Environment) -> None:
        self.new_key = environment.new_key
        self.send = Sender(tries=environment.tries, random=environment.random, now=environment.now)
        self.follower = Follower(
            settings=settings,
            send=self.send,
            random=environment.random,
            monotonic=environment.monotonic,
        )
        self.downloader = Downloader(send=self.send, random=environment.random)
        self.uploader = Uploader(send=self.send, random=environment.random)

    def upload(self, source: ImageSource, on_sent: OnSent | None) -> Steps[Upload]:
        return (yield from self.uploader(LocalImage(source), on_sent))

    def price(self, model: str, job_input: Mapping[str, Any]) -> Steps[DryRun]:
        job_input = yield from self.uploader.in_place(job_input)
        return (yield from self.send(price_job(model, job_input)))

    def create_many(
        self, requests: Sequence[Mapping[str, Any]], *, idempotency_key: str | None
    ) -> Steps[tuple[Outcome, ...]]:
        key = self.new_key() if idempotency_key is None else idempotency_key
        requests = yield from self.uploader.in_place(requests)
        found = yield from self.send(create_jobs(requests, idempotency_key=key))
        return found.outcomes

    def create(
        self,
        model: str,
        job_input: Mapping[str, Any],
        *,
        idempotency_key: str | None,
        call_back_url: str | None,
        tags: str | Sequence[str],
        wait: bool,
        timeout: float | None,
    ) -> Steps[Job]:
        key = self.new_key() if idempotency_key is None else idempotency_key
        job_input = yield from self.uploader.in_place(job_input)
        call = create_job(
            model, job_input, idempotency_key=key, call_back_url=call_back_url, tags=tags
        )
        job = yield from self.send(call)
        return (yield from self._awaited(job, wait=wait, timeout=timeout))

    def retry(
        self, job_id: str, *, idempotency_key: str | None, wait: bool, timeout: float | None
    ) -> Steps[Job]:
        key = self.new_key() if idempotency_key is None else idempotency_key
        job = yield from self.send(retry_job(job_id, idempotency_key=key))
        return (yield from self._awaited(job, wait=wait, timeout=timeout))

    def _awaited(self, job: Job, *, wait: bool, timeout: float | None) -> Steps[Job]:
        if not wait:
            return job
        (ended,) = yield from self.follower.until_final([job.job_id], timeout=timeout)
        return ended

    def list(self, filters: Mapping[str, str], *, limit: int | None) -> Steps[None]:
        """Emit every job, newest first; ``limit`` is for a page."""
        cursor: str | None = None
        while True:
            page = yield from self.send(list_jobs(filters, limit=limit, cursor=cursor))
            for job in page.jobs:
                yield Emit(job)
            if page.cursor is None:
                return
            cursor = page.cursor

    def list_drops(self, *, limit: int | None) -> Steps[None]:
        """Emit every dropped file, newest first; ``limit`` is for a page."""
        cursor: str | None = None
        while True:
            page = yield from self.send(list_drops(limit=limit, cursor=cursor))
            for drop in page.drops:
                yield Emit(drop)
            if page.cursor is None:
                return
            cursor = page.cursor

    def download(self, job_id: str, folder: Path) -> Steps[tuple[Path, ...]]:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DownloadFailed(f"{folder}: {words_of(error)}") from error
        return (yield from self.downloader.job(job_id, folder))
