"""What a log line may tell of a job."""

from aws_lambda_powertools import Logger

from ringback.domain.job_ids import is_job_id
from ringback.domain.jobs import Job


def log_job(logger: Logger, sentence: str, job: Job) -> None:
    """Write a fixed sentence and the job's keys.

    Never the input, a URL or an idempotency key: prompts are private and links are secrets.
    """
    told = {
        "job_id": job.job_id,
        "status": job.status,
        "provider": job.request.provider,
        "model": job.request.model,
        "task_id": job.task_id,
        "attempts": job.attempts,
    }
    if job.error:
        told |= {"error_kind": job.error.kind, "error_code": job.error.code}
    logger.info(sentence, extra=told)


def named_job(job_id: str) -> dict[str, str]:
    """Return the log key of a job that somebody names; other words of a stranger are not told."""
    return {"job_id": job_id} if is_job_id(job_id) else {}
