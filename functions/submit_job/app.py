"""The submit queue: sends accepted jobs to their providers. The only function that pays."""

import os
from functools import cache, partial
from secrets import token_hex
from time import sleep
from typing import Any

from ringback.starting import Event, LambdaContext, Logger, Metrics, start, time_of
from ringback.aws.drop_bucket import DropBucket
from ringback.aws.provider_access import submitting_access
from ringback.aws.queues import SqsCheckQueue, SqsSubmitQueue, read_answered, read_turn
from ringback.aws.rate_window import RateWindowTable
from ringback.aws.secrets import LASTING_SECONDS, JsonSecret
from ringback.aws.submit_reads import submit_stores
from ringback.callbacks.tokens import CallbackUrls
from ringback.domain.clock import utc_now
from ringback.job_log import log_job
from ringback.job_metrics import account_reports
from ringback.lambda_events import BatchReply, process_batch
from ringback.providers.registry import EXTERNAL, Clients, configured, paces_of
from ringback.settings import SubmitJobSettings
from ringback.use_cases.record_answer import SecondsLeft
from ringback.use_cases.submit_job import SubmitJob

logger, metrics = Logger(service="submit_job"), Metrics(os.environ)


@cache
def submit_job() -> SubmitJob:
    settings = SubmitJobSettings.from_environ(os.environ, providers=EXTERNAL)
    table, providers = settings.jobs_table, configured(settings.providers)
    callback_secret = JsonSecret.connect(settings.callback_secret_arn, fresh=LASTING_SECONDS)
    return SubmitJob(
        **submit_stores(table),
        queue=SqsSubmitQueue.connect(settings.submit_queue_url),
        checks=SqsCheckQueue.connect(settings.check_queue_url),
        window=RateWindowTable.connect(table, paces_of(providers)),
        providers=providers,
        clients=Clients(submitting_access(settings, now=utc_now)),
        callback_url=CallbackUrls.signed_by(callback_secret, settings.callback_base_url),
        callback_base_url=settings.callback_base_url,
        link_to=DropBucket.connect(settings.drop_bucket).link,
        new_attempt_id=partial(token_hex, 8),
        **account_reports(logger, metrics),
        sleep=sleep,
        now=utc_now,
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> BatchReply:
    return handle(event, submit_job(), time_of(context))


def handle(event: Event, submit: SubmitJob, seconds_left: SecondsLeft) -> BatchReply:
    def process(message: dict[str, Any]) -> None:
        if answered := read_answered(message):
            job = submit.record(answered, seconds_left=seconds_left)
        else:
            job = submit(message["job_id"], seconds_left=seconds_left, **read_turn(message))
        if job:
            log_job(logger, "submit message processed", job)

    return process_batch(event, process, logger, metrics)


start(os.environ, submit_job)
