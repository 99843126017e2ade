"""POST /jobs/{job_id}/cancel and POST /jobs/{job_id}/archive."""

import os
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from ringback.aws.job_table import JobTable
from ringback.aws.queues import SqsArchiveQueue, SqsCheckQueue
from ringback.domain.clock import utc_now
from ringback.domain.errors import RequestRefused
from ringback.domain.jobs import Job
from ringback.http_replies import Reply, job_body, problem, reply
from ringback.job_log import log_job, named_job
from ringback.lambda_events import Event, client_name
from ringback.settings import ChangeJobSettings
from ringback.use_cases.change_job import CancelJob, ResumeArchive
from ringback.use_cases.find_jobs import FindJobs

logger = Logger(service="change_job")

Changes = Mapping[str, Callable[[Job], Job]]


@cache
def changes() -> tuple[FindJobs, Changes]:
    settings = ChangeJobSettings.from_environ(os.environ)
    jobs = JobTable.connect(settings.jobs_table)
    return FindJobs(jobs=jobs), {
        "POST /jobs/{job_id}/cancel": CancelJob(jobs=jobs, now=utc_now),
        "POST /jobs/{job_id}/archive": ResumeArchive(
            jobs=jobs,
            checks=SqsCheckQueue.connect(settings.check_queue_url),
            archive=SqsArchiveQueue.connect(settings.archive_queue_url),
            now=utc_now,
        ),
    }


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> Reply:
    return handle(event, *changes())


def handle(event: Event, find: FindJobs, changes: Changes) -> Reply:
    change, job_id = changes[event["routeKey"]], event["pathParameters"]["job_id"]
    try:
        job = change(find.one(job_id, client=client_name(event)))
    except RequestRefused as error:
        log_fields = {"reason": type(error).__name__, **named_job(job_id)}
        logger.info("change refused", extra=log_fields)
        return problem(error)
    log_job(logger, "job changed", job)
    return reply(HTTPStatus.OK, job_body(job))
