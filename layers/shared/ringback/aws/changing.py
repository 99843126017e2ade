"""What the routes that change something need of AWS."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from ringback.aws.accounts import AccountTable
from ringback.aws.deletions import DeletionTable
from ringback.aws.job_table import JobTable
from ringback.aws.queues import (
    SqsArchiveQueue,
    SqsCheckQueue,
    SqsDeleteQueue,
    SqsNotifyQueue,
    SqsSubmitQueue,
)
from ringback.aws.receivers import WebhookClientTable
from ringback.domain.jobs import Job
from ringback.use_cases.change_job import ResumeArchive
from ringback.use_cases.delete_job import RequestDeletion
from ringback.use_cases.deliveries import NotifyAgain, ReceiverUrls
from ringback.use_cases.make_events import event_of_job
from ringback.use_cases.resume_account import ResumeAccount


class ChangeSettings(Protocol):
    @property
    def jobs_table(self) -> str: ...
    @property
    def check_queue_url(self) -> str: ...
    @property
    def archive_queue_url(self) -> str: ...
    @property
    def submit_queue_url(self) -> str: ...
    @property
    def delete_queue_url(self) -> str | None: ...
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


def request_deletion(settings: ChangeSettings, *, now: Callable[[], datetime]) -> RequestDeletion:
    url = settings.delete_queue_url
    return RequestDeletion(
        deletions=DeletionTable.connect(settings.jobs_table),
        queue=SqsDeleteQueue.connect(url) if url else None,
        now=now,
    )


def resume_account(
    settings: ChangeSettings, providers: Collection[str], *, now: Callable[[], datetime]
) -> ResumeAccount:
    return ResumeAccount(
        accounts=AccountTable.connect(settings.jobs_table),
        queue=SqsSubmitQueue.connect(settings.submit_queue_url),
        providers=providers,
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
