"""The check queue: jobs whose callback is overdue or unproven."""

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from ringback.aws.job_table import JobTable
from ringback.aws.queues import SqsArchiveQueue, SqsCheckQueue
from ringback.aws.secrets import JsonSecret
from ringback.callbacks.tokens import CallbackUrls, valid_secrets
from ringback.domain.checks import Check
from ringback.domain.clock import utc_now
from ringback.job_log import log_job
from ringback.lambda_events import BatchReply, Event, process_batch
from ringback.providers.clients import provider_clients
from ringback.settings import CheckJobsSettings
from ringback.use_cases.check_job import CheckJob

logger = Logger(service="check_jobs")


@cache
def check_job() -> CheckJob:
    settings = CheckJobsSettings.from_environ(os.environ)
    callback_secret = JsonSecret.connect(settings.callback_secret_arn)
    return CheckJob(
        jobs=JobTable.connect(settings.jobs_table),
        checks=SqsCheckQueue.connect(settings.check_queue_url),
        archive=SqsArchiveQueue.connect(settings.archive_queue_url),
        providers=provider_clients(
            kie_base_url=settings.kie_base_url,
            kie_secret=JsonSecret.connect(settings.kie_secret_arn),
        ),
        callback_url=CallbackUrls(
            base_url=settings.callback_base_url, secrets=lambda: valid_secrets(callback_secret())
        ),
        now=utc_now,
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> BatchReply:
    return handle(event, check_job())


def handle(event: Event, check: CheckJob) -> BatchReply:
    def process(message: dict[str, Any]) -> None:
        job = check(Check(**message))
        if job:
            log_job(logger, "job checked", job)
        else:
            logger.info(
                "check of a job that was never recorded", extra={"job_id": message["job_id"]}
            )

    return process_batch(event, process, logger)
