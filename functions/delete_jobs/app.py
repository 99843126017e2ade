"""The delete queue: deletes jobs whose clients have asked for it, and all that is about them."""

import os
from functools import cache
from typing import Any

from ringback.starting import Event, LambdaContext, Logger, Metrics, start
from ringback.aws.deletions import DeletionTable
from ringback.aws.job_objects import JobObjectsBucket
from ringback.aws.job_table import JobTable
from ringback.aws.told_marks import ToldTable
from ringback.domain.clock import utc_now
from ringback.domain.jobs import JobId
from ringback.job_log import log_job
from ringback.lambda_events import BatchReply, process_batch
from ringback.settings import DeleteJobsSettings
from ringback.use_cases.delete_job import DeleteJob

logger, metrics = Logger(service="delete_jobs"), Metrics(os.environ)


@cache
def delete_job() -> DeleteJob:
    settings = DeleteJobsSettings.from_environ(os.environ)
    return DeleteJob(
        jobs=JobTable.connect(settings.jobs_table),
        objects=JobObjectsBucket.connect(settings.images_bucket),
        deletions=DeletionTable.connect(settings.jobs_table),
        told=ToldTable.connect(settings.jobs_table) if settings.tells_events else None,
        now=utc_now,
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> BatchReply:
    return handle(event, delete_job())


def handle(event: Event, delete: DeleteJob) -> BatchReply:
    def process(message: dict[str, Any]) -> None:
        if job := delete(JobId(message["job_id"])):
            log_job(logger, "delete message processed", job)

    return process_batch(event, process, logger, metrics)


start(os.environ, delete_job)
