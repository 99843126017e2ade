"""What is known of the images that the provider made and that are not in the bucket."""

from typing import Any

from ringback.domain.jobs import Job


def missing_images(job: Job) -> list[dict[str, Any]]:
    """Return each missing image as a job and its ``job.json`` show it.

    The provider's link leads to it until ``error.kept_until``.
    """
    error = job.error
    reasons = dict(zip(error.missing, error.reasons, strict=False)) if error else {}
    return [
        {
            "number": number,
            "source_url": job.result_urls[number - 1] or None,
            "reason": reasons.get(number),
            "quarantined": [kept.as_json() for kept in job.quarantined if kept.number == number],
        }
        for number in job.missing_images
    ]
