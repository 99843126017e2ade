"""The only thing that runs on a clock: has a job of the canary go the whole way, and judges it."""

import os
from functools import cache
from time import monotonic
from typing import Any

from ringback.starting import LambdaContext, Logger, Metrics, start
from ringback.aws.canary import CanaryEventQueue
from ringback.aws.secrets import JsonSecret
from ringback.domain.canary import api_key
from ringback.job_metrics import count_run
from ringback.providers.canary.http import CanaryHttp
from ringback.settings import RunCanarySettings
from ringback.use_cases.run_canary import RunCanary

logger, metrics = Logger(service="run_canary"), Metrics(os.environ)


@cache
def run_canary() -> RunCanary:
    settings = RunCanarySettings.from_environ(os.environ)
    secret = JsonSecret.connect(settings.canary_secret_arn)
    return RunCanary(
        api=CanaryHttp.connect(settings.jobs_api_url, key=lambda: api_key(secret())),
        events=CanaryEventQueue.connect(settings.canary_events_url),
        clock=monotonic,
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return handle(run_canary())


def handle(run_canary: RunCanary) -> dict[str, Any]:
    """Return what is logged, for whoever invokes the function by hand."""
    run = run_canary()
    fields = {"job_id": run.job_id, "missing_step": run.missing, "reason": run.reason}
    if run.missing:
        logger.error("canary failed", extra=fields)
    else:
        logger.info("canary came out", extra=fields)
    count_run(metrics, failed=run.missing is not None)
    return fields


start(os.environ, run_canary)
