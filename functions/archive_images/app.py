"""The archive queue: copies the images of finished tasks into the images bucket."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

from ringback.starting import Event, LambdaContext, Logger, Metrics, start
from ringback.aws.clients import TRANSFERS
from ringback.aws.image_bucket import ImageBucket
from ringback.aws.job_table import JobTable
from ringback.aws.provider_access import provider_access
from ringback.aws.queues import SqsArchiveQueue, SqsThumbnailQueue
from ringback.domain.clock import utc_now
from ringback.domain.jobs import JobId
from ringback.images.download import ImageDownloader
from ringback.job_log import log_job
from ringback.job_metrics import count_archived
from ringback.lambda_events import BatchReply, process_batch, receives_of
from ringback.outbound.guarded_http import GuardedHttp
from ringback.providers.registry import EXTERNAL, PROVIDERS, Clients
from ringback.settings import ArchiveImagesSettings
from ringback.use_cases.archive_images import ArchiveImages

logger, metrics = Logger(service="archive_images"), Metrics(os.environ)


@cache
def archive_images() -> ArchiveImages:
    settings = ArchiveImagesSettings.from_environ(os.environ, providers=EXTERNAL)
    thumbnails = settings.thumbnail_queue_url
    return ArchiveImages(
        jobs=JobTable.connect(settings.jobs_table),
        images=ImageBucket.connect(settings.images_bucket, TRANSFERS),
        queue=SqsArchiveQueue.connect(settings.archive_queue_url),
        thumbnails=SqsThumbnailQueue.connect(thumbnails) if thumbnails else None,
        download=ImageDownloader(
            http=GuardedHttp(plain_http_hosts=settings.plain_http_hosts),
            max_bytes=settings.largest_image_bytes,
        ),
        providers=PROVIDERS,
        clients=Clients(provider_access(settings, now=utc_now)),
        retry_delays=settings.archive_retry_seconds,
        now=utc_now,
        # Two at a time halve the wait for a slow host at the same CPU: docs/decisions/0014.
        for_each=ThreadPoolExecutor(2).map,
        ended=partial(count_archived, metrics),
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> BatchReply:
    return handle(event, archive_images())


def handle(event: Event, archive: ArchiveImages) -> BatchReply:
    def process(message: dict[str, Any]) -> None:
        job_id, attempt = JobId(message["job_id"]), message.get("attempt", 1)
        job = archive(job_id, attempt=attempt, receives=receives_of(event))
        log_job(logger, "archive message processed", job)

    return process_batch(event, process, logger, metrics)


start(os.environ, archive_images)
