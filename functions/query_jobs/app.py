"""GET /jobs and GET /jobs/{job_id}."""

import os
from collections.abc import Callable
from functools import cache, partial
from http import HTTPStatus

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from ringback.aws.image_bucket import ImageBucket
from ringback.aws.job_table import JobTable
from ringback.domain.errors import RequestRefused
from ringback.http_replies import Reply, job_body, problem, reply
from ringback.lambda_events import Event, client_name, query_parameters
from ringback.settings import QueryJobsSettings
from ringback.use_cases.find_jobs import FindJobs

logger = Logger(service="query_jobs")


@cache
def find_jobs() -> tuple[FindJobs, Callable[[str], str]]:
    settings = QueryJobsSettings.from_environ(os.environ)
    bucket = ImageBucket.connect(settings.images_bucket)
    link = partial(bucket.link, seconds=settings.link_lifetime_seconds)
    return FindJobs(jobs=JobTable.connect(settings.jobs_table)), link


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> Reply:
    return handle(event, *find_jobs())


def handle(event: Event, find: FindJobs, link: Callable[[str], str]) -> Reply:
    client, job_id = client_name(event), (event.get("pathParameters") or {}).get("job_id")
    try:
        if job_id is not None:
            return reply(HTTPStatus.OK, job_body(find.one(job_id, client=client), link))
        jobs, cursor = find.page(query_parameters(event), client=client)
    except RequestRefused as error:
        return problem(error)
    return reply(HTTPStatus.OK, {"jobs": [job_body(job, link) for job in jobs], "cursor": cursor})
