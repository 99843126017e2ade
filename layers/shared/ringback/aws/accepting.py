"""What three functions need of AWS to accept jobs."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from ringback.aws.drop_bucket import DropBucket
from ringback.aws.job_counts import JobCountTable
from ringback.aws.job_table import JobTable
from ringback.aws.queues import SqsCheckQueue, SqsSubmitQueue
from ringback.aws.receivers import WebhookClientTable
from ringback.domain.job_ids import random_job_id
from ringback.domain.jobs import Job, JobRequest
from ringback.use_cases.accept_job import AcceptJob, NewJob, PostJob
from ringback.use_cases.find_jobs import FindJobs
from ringback.use_cases.input_images import CheckInputImage
from ringback.use_cases.limit_jobs import LimitJobs
from ringback.use_cases.ports import InputRules
from ringback.use_cases.providers import Providers
from ringback.use_cases.retry_job import RetryJob
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


class LimitSettings(AcceptSettings, Protocol):
    @property
    def client_jobs_per_minute(self) -> int: ...


class PostSettings(LimitSettings, Protocol):
    @property
    def pass_through(self) -> bool: ...


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


def limited_acceptor(
    settings: LimitSettings, jobs: JobTable, providers: Providers, *, now: Callable[[], datetime]
) -> tuple[Callable[[NewJob], Job], LimitJobs | None]:
    """Return what accepts jobs of clients, and their limit if they have one."""
    accept = job_acceptor(settings, jobs, providers, now=now)
    most = settings.client_jobs_per_minute
    if not most:
        return accept, None
    counts = JobCountTable.connect(settings.jobs_table)
    limit = LimitJobs(accept=accept, jobs=jobs, counts=counts, most=most, now=now)
    return limit, limit


def posted_jobs(
    settings: PostSettings,
    providers: Providers,
    read_request: Callable[[Mapping[str, Any], str], JobRequest],
    check_image: CheckInputImage,
    *,
    now: Callable[[], datetime],
) -> tuple[PostJob, RetryJob, LimitJobs | None]:
    jobs = JobTable.connect(settings.jobs_table)
    accept, limit = limited_acceptor(settings, jobs, providers, now=now)
    find, allowed = FindJobs(jobs=jobs), settings.pass_through
    return (
        PostJob(read_request=read_request, jobs=jobs, accept=accept),
        RetryJob(
            find=find, jobs=jobs, accept=accept, pass_through=allowed, check_image=check_image
        ),
        limit,
    )


def input_image_check(settings: AcceptSettings, rules: InputRules) -> CheckInputImage:
    bucket = settings.drop_bucket
    return CheckInputImage(images=DropBucket.connect(bucket), bucket=bucket, rules=rules)


def webhook_check(settings: AcceptSettings) -> Callable[[str], str]:
    """Return what tells why a client can't have webhooks, empty if it can."""
    if not settings.tells_events:
        return partial(why_disabled, tells_events=False)
    return RequireSecret(clients=WebhookClientTable.connect(settings.jobs_table))
