"""Routes that change what is there: a job, a dropped file's failed jobs, a paused account."""

import os
from collections.abc import Callable, Mapping
from functools import cache, partial
from http import HTTPStatus

from ringback.starting import Event, LambdaContext, Logger, start
from ringback.aws.changing import notify_again, request_deletion, resume_account, resume_archive
from ringback.aws.job_table import JobTable
from ringback.aws.queues import SqsDropQueue
from ringback.domain.clock import utc_now
from ringback.domain.errors import RequestRefused, TryAgain
from ringback.domain.jobs import GONE, Job
from ringback.http_api.replies import Reply, account_body, job_body, problem, reply, retry_body
from ringback.http_api.requests import client_name, path_alone, query_parameters
from ringback.job_log import log_job, named_job
from ringback.providers.registry import PROVIDERS
from ringback.settings import ChangeJobSettings
from ringback.use_cases.change_job import CancelJob
from ringback.use_cases.find_jobs import FindJobs
from ringback.use_cases.resume_account import ResumeAccount
from ringback.use_cases.retry_drop import RequestRetry

logger = Logger(service="change_job")


@cache
def routes() -> Mapping[str, Callable[[Event, str], Reply]]:
    given = ChangeJobSettings.from_environ(os.environ)
    jobs = JobTable.connect(given.jobs_table)
    drops = SqsDropQueue.connect(given.drop_queue_url) if given.drop_queue_url else None
    account = resume_account(given, PROVIDERS, now=utc_now)
    of_client = partial(change, FindJobs(jobs=jobs))
    return {
        "DELETE /jobs/{job_id}": partial(of_client, request_deletion(given, now=utc_now)),
        "POST /jobs/{job_id}/cancel": partial(of_client, CancelJob(jobs=jobs, now=utc_now)),
        "POST /jobs/{job_id}/archive": partial(of_client, resume_archive(given, jobs, now=utc_now)),
        "POST /jobs/{job_id}/notify": partial(of_client, notify_again(given, job_body)),
        "POST /jobs/retry": partial(retry, RequestRetry(jobs=jobs, queue=drops, now=utc_now)),
        "POST /providers/{name}/resume": partial(resume, account),
    }


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> Reply:
    try:
        return routes()[event["routeKey"]](event, client_name(event))
    except (RequestRefused, TryAgain) as error:
        job = named_job((event.get("pathParameters") or {}).get("job_id", ""))
        logger.info("change refused", extra={"reason": type(error).__name__, **job})
        return problem(error)


def change(find: FindJobs, make: Callable[[Job], Job], event: Event, client: str) -> Reply:
    job = make(find.one(path_alone(event, "job_id"), client=client))
    log_job(logger, "job changed", job)
    status = HTTPStatus.ACCEPTED if job.status in GONE else HTTPStatus.OK
    return reply(status, job_body(job))


def retry(request: RequestRetry, event: Event, client: str) -> Reply:
    return reply(HTTPStatus.ACCEPTED, retry_body(request(query_parameters(event), client=client)))


def resume(account: ResumeAccount, event: Event, _client: str) -> Reply:
    return reply(HTTPStatus.OK, account_body(account(path_alone(event, "name"))))


start(os.environ, routes)
