"""Routes of the providers' own APIs: read, check, record and enqueue as they do. Calls none."""

import os
from functools import cache, partial

from ringback.starting import Event, LambdaContext, Logger, start
from ringback.aws.accepting import input_image_check, limited_acceptor
from ringback.aws.accounts import AccountTable
from ringback.aws.image_links import image_link
from ringback.aws.job_table import JobTable
from ringback.aws.secrets import JsonSecret
from ringback.callbacks.tokens import valid_secrets
from ringback.catalogue.models import models_of
from ringback.catalogue.requests import RequestRules
from ringback.domain.clock import utc_now
from ringback.http_api.replies import Reply, reply
from ringback.http_api.requests import api_call
from ringback.images import inputs
from ringback.job_log import log_job, log_key
from ringback.providers.registry import EXTERNAL, PROVIDERS, apis_of, configured
from ringback.settings import ServeProviderApisSettings
from ringback.use_cases.accept_job import PostJob
from ringback.use_cases.client_tokens import ClientTokens
from ringback.use_cases.find_jobs import FindJobs
from ringback.use_cases.provider_apis import ApiAccess, Routes, routes_of
from ringback.use_cases.webhook_rules import why_disabled

logger = Logger(service="serve_provider_apis")


@cache
def routes() -> Routes:
    given = ServeProviderApisSettings.from_environ(os.environ, providers=EXTERNAL)
    jobs = JobTable.connect(given.jobs_table)
    accept, _ = limited_acceptor(given, jobs, configured(given.providers), now=utc_now)
    rules = partial(
        RequestRules.of,
        given,
        find_image=input_image_check(given, inputs),
        why_no_webhooks=partial(why_disabled, tells_events=given.tells_events),
    )
    keys, own = map(JsonSecret.connect, [given.client_keys_secret_arn, given.callback_secret_arn])
    access = partial(
        ApiAccess,
        keys=keys,
        key_used=partial(log_key, logger),
        tokens=ClientTokens(secrets=lambda: valid_secrets(own()), keys=keys, now=utc_now),
        find=FindJobs(jobs=jobs),
        account=AccountTable.connect(given.jobs_table).read,
        link=image_link(given),
    )

    def of_provider(name: str) -> ApiAccess:
        own = rules(models=models_of(name))
        return access(post_job=PostJob(read_request=own, jobs=jobs, accept=accept))

    return routes_of(apis_of(PROVIDERS, of_provider))


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> Reply:
    answer = routes()[event["routeKey"]](api_call(event, context))
    if answer.refused:
        logger.info("request refused", extra={"reason": answer.refused})
    if answer.accepted:
        log_job(logger, "job accepted", answer.accepted)
    return reply(answer.status, answer.body)


start(os.environ, routes)
