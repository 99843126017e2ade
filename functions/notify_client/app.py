"""The notify queue: delivers signed webhooks to clients' receivers."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from random import random

from ringback.starting import Event, LambdaContext, Logger, Metrics, start
from ringback.aws.deliveries import DeliveryTable
from ringback.aws.image_links import image_link
from ringback.aws.job_table import JobTable
from ringback.aws.queues import SqsNotifyQueue
from ringback.aws.receivers import ReceiverTable
from ringback.aws.secrets import LASTING_SECONDS, JsonSecret
from ringback.callbacks.standard_webhooks import WebhookHeaders
from ringback.domain.clock import utc_now
from ringback.domain.webhooks import Webhook, from_message
from ringback.job_metrics import report_delivery
from ringback.lambda_events import BatchReply, failure_of, process_together
from ringback.outbound.guarded_http import GuardedHttp
from ringback.outbound.webhook_sender import SendWebhook
from ringback.providers.registry import PROVIDERS, forms_of
from ringback.settings import NotifyClientSettings
from ringback.use_cases.notify_client import NotifyClient
from ringback.use_cases.webhook_forms import SendInForm

logger, metrics = Logger(service="notify_client"), Metrics(os.environ)


@cache
def threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(10)  # one for each message: a receiver that hangs holds up no other


@cache
def notify_client() -> NotifyClient:
    settings, forms = NotifyClientSettings.from_environ(os.environ), forms_of(PROVIDERS)
    jobs, link = JobTable.connect(settings.jobs_table), image_link(settings)
    http = GuardedHttp(plain_http_hosts=settings.plain_http_hosts)
    secret = JsonSecret.connect(settings.webhook_secret_arn, fresh=LASTING_SECONDS)
    headers = WebhookHeaders(secret, forms, refresh=secret.refresh)
    send = SendWebhook(http=http, headers_of=headers, now=utc_now)
    return NotifyClient(
        receivers=ReceiverTable.connect(settings.jobs_table),
        deliveries=DeliveryTable.connect(settings.jobs_table),
        jobs=jobs,
        queue=SqsNotifyQueue.connect(settings.notify_queue_url),
        send=SendInForm(send=send, forms=forms, jobs=jobs, link=link, now=utc_now),
        random=random,
        now=utc_now,
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> BatchReply:
    return handle(event, notify_client())


def handle(event: Event, notify: NotifyClient) -> BatchReply:
    def deliver(webhook: Webhook) -> None:
        report_delivery(logger, metrics, webhook, notify(webhook))

    def process(webhooks: Sequence[Webhook]) -> list[Exception | None]:
        return list(threads().map(partial(failure_of, deliver), webhooks))

    return process_together(event, from_message, process, logger, metrics)


start(os.environ, threads, notify_client)
