"""Log lines about jobs."""

from aws_lambda_powertools import Logger

from ringback.domain.job_ids import is_job_id
from ringback.domain.jobs import Job


def log_job(logger: Logger, message: str, job: Job) -> None:
    """Log a fixed message with the job's ids and state.

    Never the input, a URL or an idempotency key: prompts are private and links are secrets.
    """
    keys = {
        "job_id": job.job_id,
        "status": job.status,
        "provider": job.request.provider,
        "model": job.request.model,
        "task_id": job.task_id,
        "attempts": job.attempts,
    }
    if job.error:
        keys |= {"error_kind": job.error.kind, "error_code": job.error.code}
    logger.info(message, extra=keys)


def named_job(job_id: str) -> dict[str, str]:
    """Return the log field of an untrusted job id; none if it is malformed and may be anything."""
    return {"job_id": job_id} if is_job_id(job_id) else {}
