"""The canary's queue: the other half of its provider, which calls back."""

import os
from functools import cache
from typing import Any

from ringback.starting import Event, LambdaContext, Logger, Metrics, start
from ringback.aws.canary import CanaryPictureStore
from ringback.aws.secrets import JsonSecret
from ringback.domain.canary import signing_key
from ringback.domain.clock import utc_now
from ringback.domain.versions import of_any_version
from ringback.lambda_events import BatchReply, process_batch
from ringback.providers.canary.callback import make_callback
from ringback.providers.canary.http import CanaryHttp
from ringback.settings import AnswerCanarySettings
from ringback.use_cases.answer_canary import AnswerCanary
from ringback.use_cases.canary_ports import CanaryTask, SignedCall

logger, metrics = Logger(service="answer_canary"), Metrics(os.environ)


@cache
def answer_canary() -> AnswerCanary:
    settings = AnswerCanarySettings.from_environ(os.environ)
    secret = JsonSecret.connect(settings.canary_secret_arn)

    def sign(task_id: str, link: str) -> SignedCall:
        return make_callback(task_id, link, key=signing_key(secret()), at=utc_now())

    return AnswerCanary(
        picture=CanaryPictureStore.connect(settings.images_bucket),
        sign=sign,
        call_back=CanaryHttp.connect(),
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> BatchReply:
    return handle(event, answer_canary())


def handle(event: Event, answer: AnswerCanary) -> BatchReply:
    def process(message: dict[str, Any]) -> None:
        task = of_any_version(CanaryTask, message)
        answer(task)
        logger.info("canary called back", extra={"job_id": task.job_id})

    return process_batch(event, process, logger, metrics)


start(os.environ, answer_canary)
