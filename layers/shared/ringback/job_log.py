"""The log line of a job: a fixed sentence, and what may be told of the job."""

from aws_lambda_powertools import Logger

from ringback.domain.jobs import Job


def log_job(logger: Logger, sentence: str, job: Job) -> None:
    """Never the input, a URL or an idempotency key: prompts are private and links are secrets."""
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
