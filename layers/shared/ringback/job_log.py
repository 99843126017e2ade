"""Log lines about jobs and accounts."""

from collections.abc import Iterable
from typing import Any, Final

from aws_lambda_powertools import Logger

from ringback.domain.accounts import Account
from ringback.domain.checks import Check
from ringback.domain.client_keys import KEY_USED, ClientKey
from ringback.domain.deliveries import Delivery
from ringback.domain.job_ids import is_job_id
from ringback.domain.jobs import Job, JobStatus
from ringback.domain.webhooks import Webhook

# Of the fields that each line has: the log group names the function, the message its place, and the
# job's id is what lines are looked for by.
UNNEEDED: Final = (
    *("location", "service", "function_name", "function_memory_size", "function_arn"),
    *("function_request_id", "cold_start"),
)


def log_job(logger: Logger, message: str, job: Job, *, is_usual: bool = False) -> None:
    """Log a fixed message with the job's ids and state.

    What is usual, and of which the job tells as much, is logged at the level DEBUG only.
    Never the input, a URL or an idempotency key: prompts are private and links are secrets.
    """
    keys: dict[str, Any] = {
        "job_id": job.job_id,
        "status": job.status,
        "provider": job.request.provider,
        "task_id": job.task_id,
        "attempts": job.attempts,
    }
    if job.status is JobStatus.ACCEPTED or job.error:
        keys["model"] = job.request.model
    if job.error:
        keys |= {"error_kind": job.error.kind, "error_code": job.error.code}
    logger.remove_keys(UNNEEDED)
    (logger.debug if is_usual else logger.info)(message, extra=keys)


def log_jobs(logger: Logger, message: str, outcomes: Iterable[object]) -> None:
    for each in outcomes:
        if isinstance(each, Job):
            log_job(logger, message, each)


def log_key(logger: Logger, key: ClientKey) -> None:
    """Log that a key was used: ``make keys`` finds the last time in the log."""
    logger.info(KEY_USED, extra={"client": key.client, "key": key.id})


def named_job(job_id: str) -> dict[str, str]:
    """Return the log field of an untrusted job id; none if it is malformed and may be anything."""
    return {"job_id": job_id} if is_job_id(job_id) else {}


def log_check(logger: Logger, check: object, outcome: object) -> None:
    """Log what a check of a job, or a probe of an account, came to; not its error."""
    if isinstance(outcome, Job):
        # A check that finds the usual end does nothing.
        is_usual = outcome.status is JobStatus.SUCCEEDED
        log_job(logger, "job checked", outcome, is_usual=is_usual)
    elif isinstance(outcome, Account):
        is_half_open = outcome.is_half_open
        fields = {"provider": outcome.provider, "one_job_may_try": is_half_open}
        logger.info("account probed", extra=fields)
    elif isinstance(check, Check) and outcome is None:
        logger.info("check of an unrecorded job", extra={"job_id": check.job_id})


def log_delivery(logger: Logger, webhook: Webhook, delivery: Delivery | None) -> None:
    """Log what came of a webhook; never its URL, its body or the receiver's answer."""
    fields = {
        "job_id": webhook.job_id,
        "event_type": webhook.type,
        "receiver": webhook.host,
        "attempt": webhook.attempt,
    }
    if delivery is None:
        logger.info("webhook put back or dropped", extra=fields)
        return
    fields |= {
        "receiver_status": delivery.status,
        "milliseconds": delivery.milliseconds,
        "is_tried_again": delivery.next_at is not None,
    }
    logger.remove_keys(UNNEEDED)
    logger.info("webhook processed", extra=fields)


def log_account(logger: Logger, account: Account) -> None:
    """Tell the owner, once, that an account was paused or is open again.

    ``account paused`` is a warning; docs/operate.md tells what to do, and an alarm may watch it.
    """
    pause = account.pause
    if pause is None:
        logger.info("account open again", extra={"provider": account.provider})
        return
    fields = {
        "provider": account.provider,
        "waits_for": pause.reason,
        "since": pause.since.isoformat(),
    }
    logger.warning("account paused", extra=fields)


def log_unsent(logger: Logger, error: Exception) -> None:
    """Log why clients that follow live were not sent something, or could not be asked again."""
    logger.error("followers not told", exc_info=error)
