"""What the routes that change something need of AWS."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from ringback.aws.job_table import JobTable
from ringback.aws.queues import SqsArchiveQueue, SqsCheckQueue, SqsNotifyQueue
from ringback.aws.receivers import WebhookClientTable
from ringback.domain.jobs import Job
from ringback.use_cases.change_job import ResumeArchive
from ringback.use_cases.deliveries import NotifyAgain, ReceiverUrls
from ringback.use_cases.make_events import event_of_job


class ChangeSettings(Protocol):
    @property
    def jobs_table(self) -> str: ...
    @property
    def check_queue_url(self) -> str: ...
    @property
    def archive_queue_url(self) -> str: ...
    @property
    def notify_queue_url(self) -> str | None: ...
    @property
    def event_source(self) -> str: ...


def resume_archive(
    settings: ChangeSettings, jobs: JobTable, *, now: Callable[[], datetime]
) -> ResumeArchive:
    return ResumeArchive(
        jobs=jobs,
        checks=SqsCheckQueue.connect(settings.check_queue_url),
        archive=SqsArchiveQueue.connect(settings.archive_queue_url),
        now=now,
    )


def notify_again(
    settings: ChangeSettings, show_job: Callable[[Job], Mapping[str, Any]]
) -> NotifyAgain:
    url = settings.notify_queue_url
    return NotifyAgain(
        urls=ReceiverUrls(clients=WebhookClientTable.connect(settings.jobs_table)),
        queue=SqsNotifyQueue.connect(url) if url else None,
        event_of=partial(event_of_job, source=settings.event_source, show=show_job),
    )
