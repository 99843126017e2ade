"""Metrics about jobs, accounts and webhooks: what ``job_log`` logs, as numbers."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from ringback import metric_table as table
from ringback.domain import canary
from ringback.domain.accounts import Account
from ringback.domain.changes import Change, JobChange, ReceiverOff
from ringback.domain.deliveries import Delivery
from ringback.domain.errors import SignatureRejected, UnknownJob
from ringback.domain.jobs import Job
from ringback.domain.webhooks import Webhook
from ringback.job_log import log_account, log_check, log_delivery
from ringback.metrics import Metric, Metrics


def count_changes(metrics: Metrics, changes: Iterable[Change | None]) -> None:
    """Count new and ended jobs, and receivers that were switched off, in one line.

    A record of the stream that comes again is counted again.
    """
    found = Counter[Metric]()
    for change in changes:
        match change:
            case JobChange() if change.is_counted and _is_of_a_client(change.new):
                found[table.JOBS[change.new.status]] += 1
            case ReceiverOff():
                found[table.RECEIVERS_SWITCHED_OFF] += 1
    metrics.put(found)


def count_verdict(metrics: Metrics, job: Job, *, called_back: bool) -> None:
    """Count a job that its callback decided, or a check because none came."""
    if not _is_of_a_client(job):
        return
    if not called_back:
        metrics.put({table.CALLBACKS_MISSED: 1})
        return
    sent_at = job.submitted_at or job.created_at
    metrics.put({table.TIME_TO_CALLBACK: (job.updated_at - sent_at).total_seconds()})


def count_archived(metrics: Metrics, job: Job, *, since: datetime | None) -> None:
    """Count what was copied of a job, or kept in quarantine, and how long it took."""
    if not _is_of_a_client(job):
        return
    numbers: dict[Metric, float] = {
        table.BYTES_ARCHIVED: sum(image.facts.bytes for image in job.images)
    }
    if since:
        numbers[table.TIME_TO_ARCHIVE] = (job.updated_at - since).total_seconds()
    if job.quarantined:
        numbers[table.IMAGES_QUARANTINED] = len(job.quarantined)
    metrics.put(numbers)


def count_run(metrics: Metrics, *, failed: bool) -> None:
    """Count a run of the canary. Its jobs are counted nowhere else."""
    metrics.put({table.CANARY_FAILED: int(failed)})


def _is_of_a_client(job: Job) -> bool:
    return job.client != canary.CLIENT


def count_account(metrics: Metrics, account: Account) -> None:
    """Tell whether an account is paused, and its credits if they are known."""
    numbers: dict[Metric, float] = {table.ACCOUNT_PAUSED: int(account.pause is not None)}
    if account.credits_left is not None:
        numbers[table.CREDITS_LEFT] = float(account.credits_left)
    metrics.put(numbers, Provider=account.provider)


def report_check(logger: Logger, metrics: Metrics, check: object, outcome: object) -> None:
    """Log what a check came to, and count it if it was a probe of an account."""
    log_check(logger, check, outcome)
    if isinstance(outcome, Account):
        count_account(metrics, outcome)


def count_refused_callback(metrics: Metrics, error: Exception) -> None:
    """Count a callback that nobody who knows its job's address, or the key, can have sent."""
    if isinstance(error, UnknownJob | SignatureRejected):
        metrics.put({table.CALLBACKS_REFUSED: 1})


def announce_account(logger: Logger, metrics: Metrics, account: Account) -> None:
    """Tell the owner, once, that an account was paused or is open again."""
    log_account(logger, account)
    count_account(metrics, account)


def count_refusal(metrics: Metrics, provider: str) -> None:
    metrics.put({table.ACCOUNT_REFUSALS: 1}, Provider=provider)


def report_delivery(
    logger: Logger, metrics: Metrics, webhook: Webhook, delivery: Delivery | None
) -> None:
    """Log what came of a webhook, and count it if it was tried and not delivered."""
    log_delivery(logger, webhook, delivery)
    if delivery and not (delivery.status and delivery.status // 100 == 2):
        metrics.put({table.DELIVERIES_FAILED: 1})


def account_reports(logger: Logger, metrics: Metrics) -> dict[str, Any]:
    """Return what tells of accounts, by the names of ``SubmitJob``'s fields."""
    return {
        "announce": partial(announce_account, logger, metrics),
        "count_refusal": partial(count_refusal, metrics),
        "tell_credits": partial(count_account, metrics),
    }


def verdict_reports(logger: Logger, metrics: Metrics) -> dict[str, Any]:
    """Return what tells of verdicts and of the accounts that they open."""
    return {
        "announce": partial(announce_account, logger, metrics),
        "decided": partial(count_verdict, metrics),
    }
