"""How far things have come: the timeline of a job."""

import os
from collections.abc import Callable, Mapping
from functools import cache, partial
from http import HTTPStatus

from ringback.starting import LambdaContext, Logger, start
from ringback.aws.accounts import AccountTable
from ringback.aws.deliveries import DeliveryTable
from ringback.aws.job_files import JobFiles
from ringback.aws.job_table import JobTable
from ringback.aws.told_marks import ToldTable
from ringback.domain.clock import utc_now
from ringback.domain.errors import RequestRefused
from ringback.http_replies import Reply, problem, reply
from ringback.lambda_events import Event, client_name, route_of
from ringback.progress_replies import timeline_body
from ringback.settings import ShowProgressSettings
from ringback.use_cases.find_jobs import FindJobs, FindWaits
from ringback.use_cases.find_timeline import FindTimeline

logger = Logger(service="show_progress")


@cache
def routes() -> Mapping[str, Callable[[Event, str], Reply]]:
    settings = ShowProgressSettings.from_environ(os.environ)
    table = settings.jobs_table
    find_timeline = FindTimeline(
        files=JobFiles.connect(settings.images_bucket),
        told=ToldTable.connect(table),
        deliveries=DeliveryTable.connect(table),
        waits=FindWaits(accounts=AccountTable.connect(table), now=utc_now),
    )
    find = FindJobs(jobs=JobTable.connect(table))
    return {"GET /jobs/{job_id}/timeline": partial(timeline, find, find_timeline)}


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> Reply:
    try:
        return routes()[route_of(event)](event, client_name(event))
    except RequestRefused as error:
        return problem(error)


def timeline(find: FindJobs, of: FindTimeline, event: Event, client: str) -> Reply:
    job = find.one(event["pathParameters"]["job_id"], client=client)
    return reply(HTTPStatus.OK, timeline_body(job, of(job)))


start(os.environ, routes)
