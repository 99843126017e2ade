"""The check queue: jobs whose callback is overdue or unproven."""

import os
from collections.abc import Sequence
from functools import cache

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from ringback.aws.job_table import JobTable
from ringback.aws.provider_access import provider_access
from ringback.aws.queues import SqsArchiveQueue, SqsCheckQueue, SqsSubmitQueue
from ringback.aws.secrets import JsonSecret
from ringback.callbacks.tokens import CallbackUrls, valid_secrets
from ringback.domain.checks import Check, from_message
from ringback.domain.clock import utc_now
from ringback.domain.jobs import Job
from ringback.job_log import log_job
from ringback.lambda_events import BatchReply, Event, process_together
from ringback.providers.registry import PROVIDERS, Clients
from ringback.settings import CheckJobsSettings
from ringback.use_cases.check_jobs import CheckJobs
from ringback.use_cases.record_verdict import RecordVerdict

logger = Logger(service="check_jobs")


@cache
def check_jobs() -> CheckJobs:
    settings = CheckJobsSettings.from_environ(os.environ, providers=PROVIDERS)
    callback_secret = JsonSecret.connect(settings.callback_secret_arn)
    jobs = JobTable.connect(settings.jobs_table)
    checks = SqsCheckQueue.connect(settings.check_queue_url)
    archive = SqsArchiveQueue.connect(settings.archive_queue_url)
    return CheckJobs(
        jobs=jobs,
        checks=checks,
        archive=archive,
        queue=SqsSubmitQueue.connect(settings.submit_queue_url),
        record=RecordVerdict(jobs=jobs, checks=checks, archive=archive, now=utc_now),
        providers=PROVIDERS,
        clients=Clients(
            provider_access(settings.providers, table=settings.jobs_table, now=utc_now)
        ),
        callback_urls=CallbackUrls(
            base_url=settings.callback_base_url, secrets=lambda: valid_secrets(callback_secret())
        ).of,
        now=utc_now,
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> BatchReply:
    return handle(event, check_jobs())


def handle(event: Event, check_jobs: CheckJobs) -> BatchReply:
    def process(checks: Sequence[Check]) -> list[Exception | None]:
        outcomes = check_jobs(checks)
        for check, outcome in zip(checks, outcomes, strict=True):
            if isinstance(outcome, Job):
                log_job(logger, "job checked", outcome)
            elif outcome is None:
                log_fields = {"job_id": check.job_id}
                logger.info("check of an unrecorded job", extra=log_fields)
        return [outcome if isinstance(outcome, Exception) else None for outcome in outcomes]

    return process_together(event, from_message, process, logger)
