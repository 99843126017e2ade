"""What three functions need of AWS to accept jobs."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from ringback.aws.drop_bucket import DropBucket
from ringback.aws.job_table import JobTable
from ringback.aws.queues import SqsCheckQueue, SqsSubmitQueue
from ringback.aws.receivers import WebhookClientTable
from ringback.domain.job_ids import random_job_id
from ringback.use_cases.accept_job import AcceptJob
from ringback.use_cases.input_images import CheckInputImage
from ringback.use_cases.ports import InputRules
from ringback.use_cases.providers import Providers
from ringback.use_cases.webhook_rules import RequireSecret, why_disabled


class AcceptSettings(Protocol):
    @property
    def jobs_table(self) -> str: ...
    @property
    def tells_events(self) -> bool: ...
    @property
    def submit_queue_url(self) -> str: ...
    @property
    def check_queue_url(self) -> str: ...
    @property
    def drop_bucket(self) -> str: ...
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


def input_image_check(settings: AcceptSettings, rules: InputRules) -> CheckInputImage:
    bucket = settings.drop_bucket
    return CheckInputImage(images=DropBucket.connect(bucket), bucket=bucket, rules=rules)


def webhook_check(settings: AcceptSettings) -> Callable[[str], str]:
    """Return what tells why a client can't have webhooks, empty if it can."""
    if not settings.tells_events:
        return partial(why_disabled, tells_events=False)
    return RequireSecret(clients=WebhookClientTable.connect(settings.jobs_table))
