"""The drop queue: makes jobs of files dropped into S3. Never calls a provider."""

import os
from functools import cache, partial
from typing import Any

from ringback.starting import Event, LambdaContext, Logger, Metrics, start
from ringback.aws.accepting import input_image_check, job_acceptor, webhook_check
from ringback.aws.drop_bucket import DropBucket
from ringback.aws.drop_progress import DropProgressTable
from ringback.aws.job_table import JobTable
from ringback.aws.queues import SqsDropQueue, SqsSummaryQueue, read_retry
from ringback.catalogue.prices import estimate
from ringback.domain.clock import utc_now
from ringback.drop_notifications import take_each
from ringback.images import inputs
from ringback.lambda_events import BatchReply, process_batch
from ringback.providers.registry import EXTERNAL, configured
from ringback.settings import TakeDropsSettings
from ringback.sheets.drop_rows import DropRows, RowRules
from ringback.use_cases.report_drop import ReportDrop
from ringback.use_cases.retry_drop import RetryRows
from ringback.use_cases.take_drop import TakeDrop

logger, metrics = Logger(service="take_drops"), Metrics(os.environ)


@cache
def use_cases() -> tuple[TakeDrop, RetryRows]:
    settings = TakeDropsSettings.from_environ(os.environ, providers=EXTERNAL)
    jobs, drops = JobTable.connect(settings.jobs_table), DropBucket.connect(settings.drop_bucket)
    providers = configured(settings.providers)
    accept = job_acceptor(settings, jobs, providers, now=utc_now)
    shared: dict[str, Any] = {"jobs": jobs, "accept": accept, "providers": providers}
    shared |= {"queue": SqsDropQueue.connect(settings.drop_queue_url), "now": utc_now}
    why = partial(webhook_check(settings), settings.drop_client)
    rules = RowRules(settings, check_image=input_image_check(settings, inputs), why_no_webhooks=why)
    take = TakeDrop(
        drops=drops,
        progress=DropProgressTable.connect(settings.jobs_table),
        summaries=SqsSummaryQueue.connect(settings.summary_queue_url),
        rows=DropRows(drops),
        read_request=rules,
        report=ReportDrop(jobs=jobs, drops=drops, now=utc_now),
        estimate=estimate,
        client=settings.drop_client,
        **shared,
    )
    return take, RetryRows(request_again=rules.again, **shared)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> BatchReply:
    return handle(event, *use_cases())


def handle(event: Event, take: TakeDrop, retry: RetryRows) -> BatchReply:
    def process(message: dict[str, Any]) -> None:
        if not (rows := read_retry(message)):
            return take_each(message, take, logger)
        logger.info("jobs made again", extra={"drop": rows.source, "rows": retry(rows).made})

    return process_batch(event, process, logger, metrics)


start(os.environ, use_cases)
