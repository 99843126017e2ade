"""The client for ``asyncio``: what ``blocking`` has, awaited."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Self, Unpack

import httpx

from ringback_client import calls
from ringback_client.async_lines import AsyncConnect, connect_async
from ringback_client.async_transport import AsyncTransport
from ringback_client.filters import JobFilters, parameters_of
from ringback_client.local_images import ImageSource, OnSent
from ringback_client.operations import Environment, Operations
from ringback_client.records.account import Account, ClientAccount, Deliveries, ListedReceiver, Used
from ringback_client.records.drops import Drop, DropDetails, RetriedDrop
from ringback_client.records.jobs import Event, Image, Job, Outcome, Timeline
from ringback_client.records.models import DryRun, Model
from ringback_client.records.uploads import Upload
from ringback_client.settings import settings_of
from ringback_client.usage import read_usage


class AsyncRingback:
    """A client of one Ringback; settings that are not given are read from the environment.

    ``transport`` and ``connect`` are the HTTP and WebSocket connections, ``sleep`` and
    ``environment`` time and chance, all for tests. Raises ``NotConfigured``.
    """

    def __init__(
        self,
        api_url: str | None = None,
        key: str | None = None,
        live_url: str | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        connect: AsyncConnect = connect_async,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        environment: Environment | None = None,
    ) -> None:
        settings = settings_of(api_url, key, live_url)
        work = Operations(settings, environment or Environment())
        carrier = AsyncTransport(settings, transport, connect, sleep)
        self.jobs = AsyncJobs(work, carrier)
        self.drops = AsyncDrops(work, carrier)
        self.uploads = AsyncUploads(work, carrier)
        self.models = AsyncModels(work, carrier)
        self.providers = AsyncProviders(work, carrier)
        self._work, self._carrier = work, carrier

    async def price(self, model: str, input: Mapping[str, Any]) -> DryRun:
        """Check a request and estimate its credits; nothing is recorded or paid."""
        return await self._carrier.run(self._work.price(model, input))

    async def usage(
        self, *, since: date, until: date | None = None, by: str = "day"
    ) -> tuple[Used, ...]:
        """Sum up your jobs by ``day`` or ``model``, or those of every ``client`` as an admin."""
        return await self._carrier.run(read_usage(self._work.send, since=since, until=until, by=by))

    async def account(self) -> ClientAccount:
        """Return your scopes, the providers' accounts with their credits, and your receivers."""
        return await self._carrier.run(self._work.send(calls.get_account()))

    async def resume_receiver(self, receiver: str) -> ListedReceiver:
        """Switch a receiver of webhooks on again, by its ``id``."""
        return await self._carrier.run(self._work.send(calls.resume_receiver(receiver)))

    def events(self, *, since: str | None = None) -> AsyncIterator[Event]:
        """Yield the events of your jobs, files and receivers for ever, each once."""
        return self._carrier.iterate(self._work.follower.events(since=since))

    async def check_line(self) -> None:
        """Raise what is wrong with the live line, if anything is."""
        await self._carrier.run(self._work.follower.check())

    async def close(self) -> None:
        await self._carrier.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()


class AsyncPart:
    def __init__(self, work: Operations, carrier: AsyncTransport) -> None:
        self._work, self._carrier = work, carrier


class AsyncJobs(AsyncPart):
    async def create(
        self,
        model: str,
        input: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        call_back_url: str | None = None,
        tags: str | Sequence[str] = (),
        wait: bool = False,
        timeout: float | None = None,
    ) -> Job:
        """Post a job, exactly once however often it has to be sent; ``timeout`` of waiting.

        Paths, bytes and open files in the input are uploaded first; text is never a path.
        """
        return await self._carrier.run(
            self._work.create(
                model,
                input,
                idempotency_key=idempotency_key,
                call_back_url=call_back_url,
                tags=tags,
                wait=wait,
                timeout=timeout,
            )
        )

    async def create_many(
        self, requests: Sequence[Mapping[str, Any]], *, idempotency_key: str | None = None
    ) -> tuple[Outcome, ...]:
        """Post up to 100 jobs, each a body of ``POST /jobs``; returns an outcome each, in order.

        Send them again with the same key if an outcome is 503: what was accepted is bought once.
        """
        return await self._carrier.run(
            self._work.create_many(requests, idempotency_key=idempotency_key)
        )

    async def get(self, job_id: str) -> Job:
        return await self._carrier.run(self._work.send(calls.get_job(job_id)))

    def list(
        self, *, page_size: int | None = None, **filters: Unpack[JobFilters]
    ) -> AsyncIterator[Job]:
        """Yield jobs, newest first; pages are read as they are needed.

        ``status`` and ``tag`` take one or several: jobs have one of the states and all tags.
        ``search`` are words of the prompt. A moment without an offset is this computer's.
        """
        return self._carrier.iterate(self._work.list(parameters_of(filters), limit=page_size))

    def wait(
        self,
        *job_ids: str,
        timeout: float | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> AsyncIterator[Job]:
        """Yield each job when it has ended; ``on_event`` is told each change before."""
        return self._carrier.iterate(
            self._work.follower.until_final(job_ids, timeout=timeout, on_event=on_event)
        )

    async def cancel(self, job_id: str) -> Job:
        return await self._carrier.run(self._work.send(calls.cancel_job(job_id)))

    async def delete(self, job_id: str) -> Job:
        """Delete a job that has ended, and all that is about it; from then on it is a 410."""
        return await self._carrier.run(self._work.send(calls.delete_job(job_id)))

    async def retry(
        self,
        job_id: str,
        *,
        idempotency_key: str | None = None,
        wait: bool = False,
        timeout: float | None = None,
    ) -> Job:
        """Make a job that has ended once more, paid for again."""
        return await self._carrier.run(
            self._work.retry(job_id, idempotency_key=idempotency_key, wait=wait, timeout=timeout)
        )

    async def archive(self, job_id: str) -> Job:
        """Copy what is missing, without paying again."""
        return await self._carrier.run(self._work.send(calls.archive_job(job_id)))

    async def notify(self, job_id: str) -> Job:
        """Send the job's last webhook again."""
        return await self._carrier.run(self._work.send(calls.notify_again(job_id)))

    async def deliveries(self, job_id: str) -> Deliveries:
        return await self._carrier.run(self._work.send(calls.list_deliveries(job_id)))

    async def timeline(self, job_id: str) -> Timeline:
        """Return every step of a job with its time, as far as it is known."""
        return await self._carrier.run(self._work.send(calls.get_timeline(job_id)))

    async def download(self, job_id: str, folder: Path | str) -> tuple[Path, ...]:
        """Download the job's images as ``{job_id}-{n}.{ext}``; raises ``DownloadFailed``."""
        return await self._carrier.run(self._work.download(job_id, Path(folder)))

    async def download_image(self, job_id: str, image: Image, path: Path) -> Path:
        return await self._carrier.run(self._work.downloader.image(job_id, image, path))


class AsyncDrops(AsyncPart):
    def list(self, *, page_size: int | None = None) -> AsyncIterator[Drop]:
        """Yield your dropped files of the last 30 days, newest first."""
        return self._carrier.iterate(self._work.list_drops(limit=page_size))

    async def get(
        self, file: str, *, version: str | None = None, cursor: str | None = None
    ) -> DropDetails:
        """Return a file with links to its receipts, and 100 bad rows at most from ``cursor`` on."""
        call = calls.get_drop(file, version=version, cursor=cursor)
        return await self._carrier.run(self._work.send(call))

    async def retry(self, source: str) -> RetriedDrop:
        """Make the failed jobs of a dropped file once more, paid for again."""
        return await self._carrier.run(self._work.send(calls.retry_drop(source)))


class AsyncUploads(AsyncPart):
    async def create(self, image: ImageSource, *, on_sent: OnSent | None = None) -> Upload:
        """Upload an image: a path, its bytes or an open file. The same one is uploaded once.

        ``on_sent`` is called with how many of how many bytes have been sent. Raises
        ``UnusableFile`` or ``UploadFailed``.
        """
        return await self._carrier.run(self._work.upload(image, on_sent))


class AsyncModels(AsyncPart):
    async def list(self) -> tuple[Model, ...]:
        found = await self._carrier.run(self._work.send(calls.list_models()))
        return found.models

    async def get(self, model_id: str) -> Model:
        return await self._carrier.run(self._work.send(calls.get_model(model_id)))


class AsyncProviders(AsyncPart):
    async def resume(self, name: str) -> Account:
        """Let one job try a paused account now."""
        return await self._carrier.run(self._work.send(calls.resume_provider(name)))
