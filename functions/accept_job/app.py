"""Posted jobs, one or many, and retries: check, record, enqueue. Never calls a provider."""

import os
from collections.abc import Callable, Mapping
from functools import cache, partial
from http import HTTPStatus

from ringback.starting import Event, LambdaContext, Logger, start, time_of
from ringback.aws.accepting import input_image_check, posted_jobs, webhook_check
from ringback.catalogue.prices import estimate
from ringback.catalogue.requests import RequestRules
from ringback.domain.clock import utc_now
from ringback.domain.errors import RequestRefused, TryAgain
from ringback.domain.job_posts import JobPost
from ringback.http_api.batches import batch_post, batch_reply
from ringback.http_api.rate_limits import telling
from ringback.http_api.replies import Reply, dry_run_body, job_body, problem, reply
from ringback.http_api.requests import job_post
from ringback.images import inputs
from ringback.job_log import log_job, log_jobs
from ringback.providers.registry import EXTERNAL, configured
from ringback.settings import AcceptJobSettings
from ringback.use_cases.accept_job import PostJob
from ringback.use_cases.post_batch import PostBatch, Time
from ringback.use_cases.retry_job import RetryJob

logger = Logger(service="accept_job")
Read = Callable[[Event], JobPost]


@cache
def routes() -> Mapping[str, Callable[[Event, Time], Reply]]:
    settings = AcceptJobSettings.from_environ(os.environ, providers=EXTERNAL)
    image = input_image_check(settings, inputs)
    rules = RequestRules.of(settings, find_image=image, why_no_webhooks=webhook_check(settings))
    providers = configured(settings.providers)
    post_job, retry, limit = posted_jobs(settings, providers, rules, image, now=utc_now)
    read = partial(job_post, needs_key=settings.require_idempotency_key)
    one_post = partial(post, read, post_job, retry)
    posts = dict.fromkeys(("POST /jobs", "POST /jobs/{job_id}/retry"), one_post)
    posts |= {"POST /jobs/batch": partial(batch, post_job)}
    return telling(limit, posts)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> Reply:
    try:
        return routes()[event["routeKey"]](event, time_of(context))
    except (RequestRefused, TryAgain) as error:
        logger.info("request refused", extra={"reason": type(error).__name__})
        return problem(error)


def post(read: Read, post_job: PostJob, retry: RetryJob, event: Event, _left: Time) -> Reply:
    sent = read(event)
    if sent.dry_run:
        request = post_job.dry_run(sent)
        return reply(HTTPStatus.OK, dry_run_body(request, estimate(request)))
    job = retry(sent) if sent.retry_of else post_job(sent)
    log_job(logger, "job accepted", job)
    return reply(HTTPStatus.ACCEPTED, job_body(job), location=f"/jobs/{job.job_id}")


def batch(post_job: PostJob, event: Event, left: Time) -> Reply:
    outcomes = PostBatch(post=post_job, seconds_left=left)(batch_post(event))
    log_jobs(logger, "job accepted", outcomes)
    return batch_reply(outcomes)


start(os.environ, routes)
