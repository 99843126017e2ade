"""POST /jobs, POST /jobs/{job_id}/retry, files dropped into S3, jobs that waited their turn."""

import os
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from ringback.aws.drop_bucket import DropBucket
from ringback.aws.drop_progress import DropProgressTable
from ringback.aws.job_table import JobTable
from ringback.aws.queues import SqsCheckQueue, SqsDropQueue, SqsSubmitQueue, SqsSummaryQueue
from ringback.aws.rate_window import RateWindowTable
from ringback.aws.secrets import JsonSecret
from ringback.aws.shared_token import SharedToken
from ringback.callbacks.tokens import CallbackUrls, valid_secrets
from ringback.catalogue.prices import estimate
from ringback.catalogue.requests import (
    json_object,
    read_dry_run,
    read_idempotency_key,
    read_request,
    refuse_query,
)
from ringback.domain.clock import utc_now
from ringback.domain.drops import Drop
from ringback.domain.errors import NotConfigured, RequestRefused, TryAgain, UnknownJob
from ringback.domain.job_ids import RANDOM_BYTES, new_job_id
from ringback.domain.jobs import Job, JobId, JobRequest
from ringback.domain.pace import Pace
from ringback.http_replies import Reply, dry_run_body, job_body, problem, reply
from ringback.images.inputs import fault_of
from ringback.job_log import log_job
from ringback.lambda_events import (
    BatchReply,
    Event,
    client_name,
    dropped_objects,
    lower_headers,
    process_batch,
    query_parameters,
    raw_body,
)
from ringback.providers.clients import provider_clients
from ringback.settings import SubmitJobSettings
from ringback.sheets.drop_rows import DropRows
from ringback.use_cases.change_job import RetryJob
from ringback.use_cases.find_jobs import FindJobs
from ringback.use_cases.input_images import CheckInputImage
from ringback.use_cases.submit_job import AcceptJob, SendJob, TakeTurn, as_before
from ringback.use_cases.take_drop import TakeDrop

logger = Logger(service="submit_job")


@cache
def settings() -> SubmitJobSettings:
    return SubmitJobSettings.from_environ(os.environ)


def paces() -> dict[str, Pace]:
    return {
        "kie": Pace(limit=settings().kie_creates_per_window, seconds=settings().kie_window_seconds),
        "chanjing": Pace(
            limit=settings().chanjing_creates_per_window, seconds=settings().chanjing_window_seconds
        ),
    }


@cache
def accept_job() -> AcceptJob:
    callback_secret = JsonSecret.connect(settings().callback_secret_arn)
    jobs = JobTable.connect(settings().jobs_table)
    deadlines = {
        "kie": timedelta(seconds=settings().job_deadline_seconds),
        "chanjing": timedelta(seconds=settings().chanjing_deadline_seconds),
    }
    send = SendJob(
        jobs=jobs,
        queue=SqsSubmitQueue.connect(settings().submit_queue_url),
        window=RateWindowTable.connect(settings().jobs_table, paces()),
        providers=provider_clients(
            kie_base_url=settings().kie_base_url,
            kie_secret=JsonSecret.connect(settings().kie_secret_arn),
            chanjing_base_url=settings().chanjing_base_url,
            chanjing_secret=JsonSecret.connect(settings().chanjing_secret_arn),
            chanjing_tokens=SharedToken.connect(settings().jobs_table, "chanjing"),
            now=utc_now,
        ),
        callback_url=CallbackUrls(
            base_url=settings().callback_base_url, secrets=lambda: valid_secrets(callback_secret())
        ),
        deadlines=deadlines,
        link_to=link_to,
        now=utc_now,
    )
    return AcceptJob(
        jobs=jobs,
        checks=SqsCheckQueue.connect(settings().check_queue_url),
        send=send,
        retention=settings().retention,
        new_job_id=lambda now: new_job_id(now, secrets.token_bytes(RANDOM_BYTES)),
    )


@cache
def drop_bucket() -> DropBucket:
    """Connect on the first use: most containers never need an S3 client."""
    return DropBucket.connect(settings().drop_bucket)


def link_to(url: str, version: str, lifetime: timedelta) -> str:
    return drop_bucket().link(url, version, seconds=int(lifetime.total_seconds()))


def look(url: str, version: str | None = None) -> str:
    check = CheckInputImage(images=drop_bucket(), bucket=settings().drop_bucket, fault_of=fault_of)
    return check(url, version=version)


def read_body(body: bytes) -> JobRequest:
    return read_request(body, pass_through=settings().kie_pass_through, version_of=look)


def read_row(body: bytes, drop: Drop) -> JobRequest:
    """Look at the very version that was dropped, if that is the image which the job is about."""

    def version_of(url: str) -> str:
        return look(url, drop.version if url == drop.url else None)

    return read_request(body, pass_through=settings().kie_pass_through, version_of=version_of)


@cache
def take_drop() -> TakeDrop:
    return TakeDrop(
        drops=drop_bucket(),
        book=DropProgressTable.connect(settings().jobs_table),
        queue=SqsDropQueue.connect(settings().drop_queue_url),
        summaries=SqsSummaryQueue.connect(settings().summary_queue_url),
        rows=DropRows(drop_bucket()),
        read_request=read_row,
        estimate=estimate,
        accept=accept_job(),
        spacing={provider: pace.sustained for provider, pace in paces().items()},
        client=settings().drop_client,
        now=utc_now,
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> Reply | BatchReply:
    accept = accept_job()
    if "Records" in event:
        return handle_messages(event, TakeTurn(send=accept.send), take_drop)
    return handle_request(event, accept, pass_through=settings().kie_pass_through)


def handle_request(event: Event, accept: AcceptJob, *, pass_through: bool) -> Reply:
    try:
        client, key = client_name(event), read_idempotency_key(lower_headers(event))
        query = query_parameters(event)
        if job_id := (event.get("pathParameters") or {}).get("job_id"):
            refuse_query(query)
            old = FindJobs(jobs=accept.jobs).one(job_id, client=client)
            retry = RetryJob(accept=accept, pass_through=pass_through, look=look)
            job = retry(old, idempotency_key=key)
        elif read_dry_run(query):
            request = read_body(raw_body(event))
            return reply(HTTPStatus.OK, dry_run_body(request, estimate(request)))
        else:
            body = raw_body(event)
            request = as_before(
                lambda: read_body(body), lambda: earlier_job(accept, body, client=client, key=key)
            )
            job = accept(request, client=client, idempotency_key=key)
    except (RequestRefused, NotConfigured, TryAgain) as error:
        logger.info("request refused", extra={"reason": type(error).__name__})
        return problem(error)
    log_job(logger, "job taken in", job)
    return reply(HTTPStatus.ACCEPTED, job_body(job))


def earlier_job(accept: AcceptJob, body: bytes, *, client: str, key: str | None) -> Job:
    """Return the job that this very body has made under this key. Raises ``UnknownJob``."""
    job = accept.jobs.with_key(client, key)
    if job.request.sent != json_object(body):
        raise UnknownJob("another request")
    return job


def handle_messages(
    event: Event, take_turn: TakeTurn, take_drop: Callable[[], TakeDrop]
) -> BatchReply:
    def process(message: dict[str, Any]) -> None:
        if "job_id" in message:
            sent = take_turn(JobId(message["job_id"]), slot=message.get("slot"))
            log_job(logger, "job had its turn", sent)
        for drop in dropped_objects(message):
            progress = take_drop()(drop)
            told = {"row": progress.row, "bad_rows": progress.bad_rows} if progress else {}
            logger.info("drop read", extra={"drop": drop.key, **told})

    return process_batch(event, process, logger)
