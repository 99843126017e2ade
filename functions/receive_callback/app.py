"""POST /callbacks/{provider}/{job_id}/{token}: the only route without a client key."""

import os
from functools import cache, partial
from http import HTTPStatus

from ringback.starting import Event, LambdaContext, Logger, Metrics, start
from ringback.aws.provider_access import signing_secrets
from ringback.aws.queues import SqsCheckQueue
from ringback.aws.recording import verdict_recorder
from ringback.aws.secrets import LASTING_SECONDS, JsonSecret, refresh_all
from ringback.callbacks.tokens import CallbackTokens, valid_secrets
from ringback.domain.clock import utc_now
from ringback.domain.errors import RequestRefused
from ringback.http_api.replies import Reply, problem, reply
from ringback.http_api.requests import callback_request
from ringback.job_log import log_job, named_job
from ringback.job_metrics import count_refused_callback, verdict_reports
from ringback.providers.registry import PROVIDERS
from ringback.settings import ReceiveCallbackSettings
from ringback.use_cases.accept_callback import AcceptCallback

logger, metrics = Logger(service="receive_callback"), Metrics(os.environ)


@cache
def accept_callback() -> AcceptCallback:
    settings = ReceiveCallbackSettings.from_environ(os.environ, providers=PROVIDERS)
    callback_secret = JsonSecret.connect(settings.callback_secret_arn, fresh=LASTING_SECONDS)
    tokens = CallbackTokens(secrets=lambda: valid_secrets(callback_secret()))
    secrets = signing_secrets(settings.providers)
    return AcceptCallback(
        is_genuine=tokens.is_genuine,
        refresh=partial(refresh_all, [callback_secret, *secrets.values()]),
        readers={name: PROVIDERS[name].listen(secret) for name, secret in secrets.items()},
        checks=SqsCheckQueue.connect(settings.check_queue_url),
        record=verdict_recorder(settings, now=utc_now, **verdict_reports(logger, metrics)),
        now=utc_now,
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> Reply:
    return handle(event, accept_callback())


def handle(event: Event, accept: AcceptCallback) -> Reply:
    try:
        call = callback_request(event)
        job = accept(call)
    except RequestRefused as error:
        job_id = event["pathParameters"]["job_id"]
        log_fields = {"reason": type(error).__name__, **named_job(job_id)}
        logger.warning("callback refused", extra=log_fields)
        count_refused_callback(metrics, error)
        return problem(error)
    if job:
        log_job(logger, "callback recorded", job)
    else:
        logger.info("callback needs confirmation", extra={"job_id": call.job_id})
    # The reply that the provider's documentation asks for.
    return reply(HTTPStatus.OK, {"code": 200, "msg": "success"})


start(os.environ, accept_callback)
