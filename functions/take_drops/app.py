"""The drop queue: makes jobs of files dropped into S3. Never calls a provider."""

import os
from functools import cache

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from ringback.aws.drop_bucket import DropBucket
from ringback.aws.drop_progress import DropProgressTable
from ringback.aws.job_table import JobTable
from ringback.aws.queues import SqsCheckQueue, SqsDropQueue, SqsSubmitQueue, SqsSummaryQueue
from ringback.catalogue.prices import estimate
from ringback.domain.clock import utc_now
from ringback.domain.drops import Drop
from ringback.domain.job_ids import random_job_id
from ringback.images import inputs
from ringback.lambda_events import BatchReply, Event, process_drops
from ringback.providers.registry import PROVIDERS, configured
from ringback.settings import TakeDropsSettings
from ringback.sheets.drop_rows import DropRows, RowRules
from ringback.use_cases.accept_job import AcceptJob
from ringback.use_cases.input_images import CheckInputImage
from ringback.use_cases.report_drop import ReportDrop
from ringback.use_cases.take_drop import TakeDrop

logger = Logger(service="take_drops")


@cache
def take_drop() -> TakeDrop:
    settings = TakeDropsSettings.from_environ(os.environ, providers=PROVIDERS)
    jobs, drops = JobTable.connect(settings.jobs_table), DropBucket.connect(settings.drop_bucket)
    providers = configured(settings.providers)
    image = CheckInputImage(images=drops, bucket=settings.drop_bucket, rules=inputs)
    return TakeDrop(
        drops=drops,
        progress=DropProgressTable.connect(settings.jobs_table),
        jobs=jobs,
        queue=SqsDropQueue.connect(settings.drop_queue_url),
        summaries=SqsSummaryQueue.connect(settings.summary_queue_url),
        rows=DropRows(drops),
        read_request=RowRules(check_image=image, pass_through=settings.pass_through),
        report=ReportDrop(jobs=jobs, drops=drops, now=utc_now),
        estimate=estimate,
        accept=AcceptJob(
            jobs=jobs,
            checks=SqsCheckQueue.connect(settings.check_queue_url),
            queue=SqsSubmitQueue.connect(settings.submit_queue_url),
            providers=providers,
            retention=settings.retention,
            new_job_id=random_job_id,
            now=utc_now,
        ),
        providers=providers,
        client=settings.drop_client,
        now=utc_now,
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> BatchReply:
    return handle(event, take_drop())


def handle(event: Event, take: TakeDrop) -> BatchReply:
    def process(drop: Drop) -> None:
        progress = take(drop)
        logger.info("drop read", extra={"drop": drop.key, "row": progress and progress.row})

    return process_drops(event, process, logger)
