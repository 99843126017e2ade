"""The summary queue: keeps the summary of each dropped file up to date."""

import os
from functools import cache, partial
from typing import Any

from ringback.starting import Event, LambdaContext, Logger, Metrics, start
from ringback.aws.drop_bucket import DropBucket
from ringback.aws.drop_progress import DropProgressTable
from ringback.aws.image_bucket import image_links
from ringback.aws.job_table import JobTable
from ringback.aws.queues import SqsSummaryQueue
from ringback.domain.clock import utc_now
from ringback.domain.drops import Drop
from ringback.domain.versions import of_any_version
from ringback.lambda_events import BatchReply, process_batch
from ringback.settings import SummarizeDropsSettings
from ringback.use_cases.report_drop import ReportDrop
from ringback.use_cases.summarize_drop import SummarizeDrop

logger, metrics = Logger(service="summarize_drops"), Metrics(os.environ)


@cache
def summarize_drop() -> SummarizeDrop:
    settings = SummarizeDropsSettings.from_environ(os.environ)
    drops = DropBucket.connect(settings.drop_bucket)
    jobs = JobTable.connect(settings.jobs_table)
    return SummarizeDrop(
        progress=DropProgressTable.connect(settings.jobs_table),
        jobs=jobs,
        drops=drops,
        queue=SqsSummaryQueue.connect(settings.summary_queue_url),
        report=ReportDrop(
            jobs=jobs,
            drops=drops,
            image_links=partial(image_links, settings.images_bucket),
            now=utc_now,
        ),
        client=settings.drop_client,
        now=utc_now,
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> BatchReply:
    return handle(event, summarize_drop())


def handle(event: Event, summarize: SummarizeDrop) -> BatchReply:
    def process(message: dict[str, Any]) -> None:
        drop = of_any_version(Drop, message["drop"])
        is_final = summarize(drop)
        logger.info("drop summarized", extra={"drop": drop.key, "is_final": is_final})

    return process_batch(event, process, logger, metrics)


start(os.environ, summarize_drop)
