"""How far things have come: the timeline of a job, and a client's dropped files."""

import os
from collections.abc import Callable, Mapping
from functools import cache, partial
from http import HTTPStatus

from ringback.starting import Event, LambdaContext, Logger, start
from ringback.aws.job_table import JobTable
from ringback.aws.showing import find_drops, find_timeline
from ringback.domain.clock import utc_now
from ringback.domain.errors import RequestRefused
from ringback.http_api.progress import drop_details_body, drop_page_body, timeline_body
from ringback.http_api.replies import Reply, problem, reply
from ringback.http_api.requests import client_name, query_parameters, route_of
from ringback.settings import ShowProgressSettings
from ringback.use_cases.find_drops import FindDrops
from ringback.use_cases.find_jobs import FindJobs
from ringback.use_cases.find_timeline import FindTimeline

logger = Logger(service="show_progress")


@cache
def routes() -> Mapping[str, Callable[[Event, str], Reply]]:
    settings = ShowProgressSettings.from_environ(os.environ)
    jobs, drops = FindJobs(jobs=JobTable.connect(settings.jobs_table)), find_drops(settings)
    return {
        "GET /jobs/{job_id}/timeline": partial(
            timeline, jobs, find_timeline(settings, now=utc_now)
        ),
        "GET /drops": partial(dropped_files, drops),
        "GET /drops/{file+}": partial(dropped_file, drops),
    }


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> Reply:
    try:
        return routes()[route_of(event)](event, client_name(event))
    except RequestRefused as error:
        return problem(error)


def timeline(find: FindJobs, of: FindTimeline, event: Event, client: str) -> Reply:
    job = find.one(event["pathParameters"]["job_id"], client=client)
    return reply(HTTPStatus.OK, timeline_body(job, of(job)))


def dropped_files(find: FindDrops, event: Event, client: str) -> Reply:
    drops, cursor = find.page(query_parameters(event), client=client)
    return reply(HTTPStatus.OK, drop_page_body(drops, cursor))


def dropped_file(find: FindDrops, event: Event, client: str) -> Reply:
    file = event["pathParameters"]["file"]
    found = find.one(file, query_parameters(event), client=client)
    return reply(HTTPStatus.OK, drop_details_body(found))


start(os.environ, routes)
