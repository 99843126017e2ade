"""The thumbnail queue: makes thumbnails of the stored images of a job."""

import os
from functools import cache
from typing import Any

from ringback.starting import Event, LambdaContext, Logger, Metrics, start
from ringback.aws.image_bucket import ImageBucket
from ringback.aws.job_table import JobTable
from ringback.domain.jobs import JobId
from ringback.job_log import log_job
from ringback.lambda_events import BatchReply, images_named_in, process_batch, receives_of
from ringback.settings import MakeThumbnailsSettings
from ringback.thumbnails import shrink
from ringback.use_cases.make_thumbnail import MakeThumbnail

logger, metrics = Logger(service="make_thumbnails"), Metrics(os.environ)


@cache
def make_thumbnail() -> MakeThumbnail:
    settings = MakeThumbnailsSettings.from_environ(os.environ)
    return MakeThumbnail(
        jobs=JobTable.connect(settings.jobs_table),
        images=ImageBucket.connect(settings.images_bucket),
        shrink=shrink,
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> BatchReply:
    return handle(event, make_thumbnail())


def handle(event: Event, make: MakeThumbnail) -> BatchReply:
    def process(message: dict[str, Any]) -> None:
        job_id, numbers = JobId(message["job_id"]), images_named_in(message)
        job, refused = make(job_id, numbers, receives=receives_of(event))
        for number, error in refused.items():
            log_fields = {"job_id": job_id, "number": number, "reason": str(error)}
            logger.warning("thumbnail refused", extra=log_fields)
        log_job(logger, "thumbnail message processed", job, is_usual=not refused)

    return process_batch(event, process, logger, metrics)


start(os.environ, make_thumbnail)
