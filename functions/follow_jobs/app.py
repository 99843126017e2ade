"""The WebSocket API: clients that follow their jobs live."""

import os
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from ringback.starting import Event, LambdaContext, Logger, start, time_of
from ringback.aws.job_table import JobTable
from ringback.aws.live_items import FollowerTable, MissedTable
from ringback.aws.live_lines import WebSocketLines
from ringback.aws.secrets import JsonSecret
from ringback.domain.clock import utc_now
from ringback.domain.errors import InvalidRequest
from ringback.http_api.replies import job_body
from ringback.job_log import log_key
from ringback.live_requests import connection_of, follow_request, is_message
from ringback.settings import FollowJobsSettings
from ringback.use_cases.follow_jobs import FollowJobs
from ringback.use_cases.make_events import last_events_of_job
from ringback.use_cases.webhook_rules import why_disabled

logger = Logger(service="follow_jobs")


@cache
def follow_jobs() -> FollowJobs:
    settings = FollowJobsSettings.from_environ(os.environ)
    return FollowJobs(
        keys=JsonSecret.connect(settings.client_keys_secret_arn),
        followers=FollowerTable.connect(settings.jobs_table),
        kept=MissedTable.connect(settings.jobs_table),
        jobs=JobTable.connect(settings.jobs_table),
        lines=WebSocketLines.connect(settings.live_api_url),
        make=partial(last_events_of_job, source=settings.event_source, show=job_body),
        now=utc_now,
        why_not=why_disabled(tells_events=settings.tells_events),
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> dict[str, Any]:
    # The local AWS also reports that clients connect and leave, on the only route that there is.
    if is_message(event):
        handle(event, follow_jobs(), time_of(context))
    return {"statusCode": 200}


def handle(event: Event, follow: FollowJobs, seconds_left: Callable[[], float]) -> None:
    try:
        request = follow_request(event)
    except InvalidRequest as error:
        follow.refuse(connection_of(event), error.errors[0].message)
        logger.info("malformed message")
        return
    key = follow(request, seconds_left=seconds_left)
    if key:
        log_key(logger, key)
    logger.info("following" if key else "following refused")


start(os.environ, follow_jobs)
