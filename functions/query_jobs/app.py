"""GET /jobs and GET /jobs/{job_id}: a client's own jobs."""

import os
from collections.abc import Callable
from functools import cache, partial
from http import HTTPStatus

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from ringback.aws.accounts import AccountTable
from ringback.aws.image_bucket import ImageBucket
from ringback.aws.job_table import JobTable
from ringback.domain.clock import utc_now
from ringback.domain.errors import RequestRefused
from ringback.http_replies import Reply, job_body, page_body, problem, reply, waiting_for
from ringback.lambda_events import Event, client_name, query_parameters
from ringback.settings import QueryJobsSettings
from ringback.use_cases.find_jobs import FindJobs, FindWaits

logger = Logger(service="query_jobs")


@cache
def use_cases() -> tuple[FindJobs, FindWaits, Callable[[str], str]]:
    settings = QueryJobsSettings.from_environ(os.environ)
    bucket = ImageBucket.connect(settings.images_bucket)
    return (
        FindJobs(jobs=JobTable.connect(settings.jobs_table)),
        FindWaits(accounts=AccountTable.connect(settings.jobs_table), now=utc_now),
        partial(bucket.link, seconds=settings.link_lifetime_seconds),
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> Reply:
    return handle(event, *use_cases())


def handle(
    event: Event, find: FindJobs, find_waits: FindWaits, link: Callable[[str], str]
) -> Reply:
    job_id = (event.get("pathParameters") or {}).get("job_id")
    try:
        client = client_name(event)
        if job_id is not None:
            job = find.one(job_id, client=client)
            wait = find_waits([job]).get(job.job_id)
            return reply(HTTPStatus.OK, job_body(job, link) | waiting_for(wait))
        jobs, cursor = find.page(query_parameters(event), client=client)
    except RequestRefused as error:
        return problem(error)
    waits = find_waits(jobs)
    bodies = (job_body(job, link) | waiting_for(waits.get(job.job_id)) for job in jobs)
    return reply(HTTPStatus.OK, page_body(bodies, cursor))
