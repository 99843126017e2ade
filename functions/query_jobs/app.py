"""What clients read: their own jobs, and the deliveries of their webhooks."""

import os
from collections.abc import Callable, Mapping
from functools import cache, partial
from http import HTTPStatus

from ringback.starting import Event, LambdaContext, Logger, start
from ringback.aws.accounts import AccountTable
from ringback.aws.deliveries import DeliveryTable
from ringback.aws.image_links import Link, image_link
from ringback.aws.job_table import JobTable
from ringback.aws.receivers import ReceiverTable, WebhookClientTable
from ringback.domain.clock import utc_now
from ringback.domain.errors import RequestRefused
from ringback.http_api.etags import unless_known
from ringback.http_api.lists import list_reply
from ringback.http_api.replies import Reply, problem, reply, shown_job
from ringback.http_api.requests import client_name, route_of
from ringback.http_api.webhooks import deliveries_body
from ringback.settings import QueryJobsSettings
from ringback.use_cases.deliveries import FindDeliveries, ReceiverUrls
from ringback.use_cases.find_jobs import FindJobs, FindWaits
from ringback.use_cases.list_jobs import ListJobs

logger = Logger(service="query_jobs")


@cache
def routes() -> Mapping[str, Callable[[Event, str], Reply]]:
    settings = QueryJobsSettings.from_environ(os.environ)
    table, link = settings.jobs_table, image_link(settings)
    find = FindJobs(jobs=JobTable.connect(table))
    waits = FindWaits(accounts=AccountTable.connect(table), now=utc_now)
    find_deliveries = FindDeliveries(
        urls=ReceiverUrls(clients=WebhookClientTable.connect(table)),
        receivers=ReceiverTable.connect(table),
        deliveries=DeliveryTable.connect(table),
    )
    return {
        "GET /jobs": partial(list_reply, ListJobs(jobs=find.jobs), waits, link),
        "GET /jobs/{job_id}": partial(one, find, waits, link),
        "GET /jobs/{job_id}/deliveries": partial(deliveries, find, find_deliveries),
    }


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> Reply:
    try:
        return routes()[route_of(event)](event, client_name(event))
    except RequestRefused as error:
        return problem(error)


def one(find: FindJobs, find_waits: FindWaits, link: Link, event: Event, client: str) -> Reply:
    job = find.one(event["pathParameters"]["job_id"], client=client)
    shown = shown_job(job, link, find_waits([job]).get(job.job_id))
    return unless_known(shown, event, revision=job.revision)


def deliveries(find: FindJobs, of: FindDeliveries, event: Event, client: str) -> Reply:
    job = find.one(event["pathParameters"]["job_id"], client=client)
    return reply(HTTPStatus.OK, deliveries_body(job, *of(job)))


start(os.environ, routes)
