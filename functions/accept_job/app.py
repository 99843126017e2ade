"""Posted jobs, one or many, and retries: check, record, enqueue. Never calls a provider."""

import os
from functools import cache
from http import HTTPStatus

from ringback.starting import LambdaContext, Logger, start
from ringback.aws.accepting import input_image_check, job_acceptor, webhook_check
from ringback.aws.job_table import JobTable
from ringback.catalogue.prices import estimate
from ringback.catalogue.requests import RequestRules
from ringback.domain.clock import utc_now
from ringback.domain.errors import RequestRefused, TryAgain
from ringback.http_replies import Reply, dry_run_body, job_body, problem, reply
from ringback.images import inputs
from ringback.job_batches import batch_post, batch_reply
from ringback.job_log import log_job, log_jobs
from ringback.lambda_events import Event, job_post, time_of
from ringback.providers.registry import EXTERNAL, configured
from ringback.settings import AcceptJobSettings
from ringback.use_cases.accept_job import PostJob
from ringback.use_cases.find_jobs import FindJobs
from ringback.use_cases.post_batch import PostBatch, Time
from ringback.use_cases.retry_job import RetryJob

logger = Logger(service="accept_job")


@cache
def use_cases() -> tuple[PostJob, RetryJob]:
    settings = AcceptJobSettings.from_environ(os.environ, providers=EXTERNAL)
    jobs = JobTable.connect(settings.jobs_table)
    providers = configured(settings.providers)
    accept = job_acceptor(settings, jobs, providers, now=utc_now)
    image = input_image_check(settings, inputs)
    allowed, find = settings.pass_through, FindJobs(jobs=jobs)
    rules = RequestRules.of(settings, find_image=image, why_no_webhooks=webhook_check(settings))
    return (
        PostJob(read_request=rules, jobs=jobs, accept=accept),
        RetryJob(find=find, jobs=jobs, accept=accept, pass_through=allowed, check_image=image),
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> Reply:
    return handle(event, *use_cases(), time_of(context))


def handle(event: Event, post_job: PostJob, retry_job: RetryJob, seconds_left: Time) -> Reply:
    try:
        if event["routeKey"] == "POST /jobs/batch":
            outcomes = PostBatch(post=post_job, seconds_left=seconds_left)(batch_post(event))
            log_jobs(logger, "job accepted", outcomes)
            return batch_reply(outcomes)
        post = job_post(event)
        if post.dry_run:
            request = post_job.dry_run(post)
            return reply(HTTPStatus.OK, dry_run_body(request, estimate(request)))
        job = retry_job(post) if post.retry_of else post_job(post)
    except (RequestRefused, TryAgain) as error:
        logger.info("request refused", extra={"reason": type(error).__name__})
        return problem(error)
    log_job(logger, "job accepted", job)
    return reply(HTTPStatus.ACCEPTED, job_body(job), location=f"/jobs/{job.job_id}")


start(os.environ, use_cases)
