"""What two functions need of AWS to accept jobs."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from ringback.aws.job_table import JobTable
from ringback.aws.queues import SqsCheckQueue, SqsSubmitQueue
from ringback.aws.receivers import WebhookClientTable
from ringback.domain.job_ids import random_job_id
from ringback.use_cases.accept_job import AcceptJob
from ringback.use_cases.providers import Providers
from ringback.use_cases.webhook_rules import RequireSecret


class AcceptSettings(Protocol):
    @property
    def submit_queue_url(self) -> str: ...
    @property
    def check_queue_url(self) -> str: ...
    @property
    def retention(self) -> timedelta: ...


def job_acceptor(
    settings: AcceptSettings,
    jobs: JobTable,
    providers: Providers,
    *,
    now: Callable[[], datetime],
) -> AcceptJob:
    return AcceptJob(
        jobs=jobs,
        checks=SqsCheckQueue.connect(settings.check_queue_url),
        queue=SqsSubmitQueue.connect(settings.submit_queue_url),
        providers=providers,
        retention=settings.retention,
        new_job_id=random_job_id,
        now=now,
    )


def webhook_check(table: str) -> RequireSecret:
    """Return what tells why a client can't have webhooks."""
    return RequireSecret(clients=WebhookClientTable.connect(table))
