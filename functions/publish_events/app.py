"""The jobs table's stream: tells what has changed."""

import os
from collections.abc import Sequence
from functools import cache, partial
from time import monotonic

from ringback.starting import Event, LambdaContext, Logger, Metrics, start
from ringback.aws.event_bus import EventBridge
from ringback.aws.live_items import FollowerTable, MissedTable
from ringback.aws.live_lines import WebSocketLines
from ringback.aws.queues import SqsNotifyQueue
from ringback.aws.receivers import WebhookClientTable
from ringback.aws.stream_records import read_change
from ringback.aws.told_marks import ToldTable
from ringback.domain.changes import Change
from ringback.domain.clock import utc_now
from ringback.http_api.replies import account_body, job_body
from ringback.job_log import log_unsent
from ringback.job_metrics import count_changes
from ringback.lambda_events import BatchReply, process_stream
from ringback.settings import PublishEventsSettings
from ringback.use_cases.deliveries import ReceiverUrls
from ringback.use_cases.make_events import MakeEvents
from ringback.use_cases.publish_events import PublishEvents
from ringback.use_cases.tell_followers import TellFollowers
from ringback.use_cases.webhook_rules import RecentClients

logger, metrics = Logger(service="publish_events"), Metrics(os.environ)


@cache
def publish_events() -> PublishEvents:
    settings = PublishEventsSettings.from_environ(os.environ)
    clients = WebhookClientTable.connect(settings.jobs_table)
    unsent = partial(log_unsent, logger)
    return PublishEvents(
        make=MakeEvents(source=settings.event_source, show_job=job_body, show_account=account_body),
        bus=EventBridge.connect(settings.event_bus),
        receivers=ReceiverUrls(clients=RecentClients(clients=clients, clock=monotonic)),
        notifications=SqsNotifyQueue.connect(settings.notify_queue_url),
        connections=TellFollowers(
            followers=FollowerTable.connect(settings.jobs_table),
            kept=MissedTable.connect(settings.jobs_table),
            lines=WebSocketLines.connect(settings.live_api_url),
            now=utc_now,
            clock=monotonic,
            unsent=unsent,
        ),
        told=ToldTable.connect(settings.jobs_table),
        unsent=unsent,
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> BatchReply:
    return handle(event, publish_events())


def handle(event: Event, publish: PublishEvents) -> BatchReply:
    def tell(changes: Sequence[Change | None]) -> list[Exception | None]:
        count_changes(metrics, changes)
        return publish(changes)

    return process_stream(event, read_change, tell, logger, metrics)


start(os.environ, publish_events)
