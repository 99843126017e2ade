"""The submit queue: sends accepted jobs to their providers. The only function that pays."""

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from ringback.aws.accounts import AccountTable
from ringback.aws.drop_bucket import DropBucket
from ringback.aws.job_table import JobTable
from ringback.aws.provider_access import provider_access
from ringback.aws.queues import SqsSubmitQueue
from ringback.aws.rate_window import RateWindowTable
from ringback.aws.secrets import JsonSecret
from ringback.callbacks.tokens import CallbackUrls, valid_secrets
from ringback.domain.clock import utc_now
from ringback.domain.jobs import JobId
from ringback.job_log import log_job
from ringback.lambda_events import BatchReply, Event, process_batch
from ringback.providers.registry import PROVIDERS, Clients, configured
from ringback.settings import SubmitJobSettings
from ringback.use_cases.submit_job import SubmitJob

logger = Logger(service="submit_job")


@cache
def submit_job() -> SubmitJob:
    settings = SubmitJobSettings.from_environ(os.environ, providers=PROVIDERS)
    providers = configured(settings.providers)
    callback_secret = JsonSecret.connect(settings.callback_secret_arn)
    return SubmitJob(
        jobs=JobTable.connect(settings.jobs_table),
        queue=SqsSubmitQueue.connect(settings.submit_queue_url),
        window=RateWindowTable.connect(
            settings.jobs_table, {name: each.pace for name, each in providers.items()}
        ),
        accounts=AccountTable.connect(settings.jobs_table),
        providers=providers,
        clients=Clients(
            provider_access(settings.providers, table=settings.jobs_table, now=utc_now)
        ),
        callback_url=CallbackUrls(
            base_url=settings.callback_base_url, secrets=lambda: valid_secrets(callback_secret())
        ),
        link_to=DropBucket.connect(settings.drop_bucket).link,
        now=utc_now,
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> BatchReply:
    return handle(event, submit_job())


def handle(event: Event, submit: SubmitJob) -> BatchReply:
    def process(message: dict[str, Any]) -> None:
        job = submit(JobId(message["job_id"]), slot=message.get("slot"))
        log_job(logger, "submit message processed", job)

    return process_batch(event, process, logger)
