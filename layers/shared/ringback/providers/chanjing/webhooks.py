"""Webhooks as Chanjing calls back, which it documents for other products only, and never signs."""

from collections.abc import Callable, Mapping
from datetime import datetime

from ringback.domain.jobs import Job
from ringback.domain.webhooks import Webhook
from ringback.providers.chanjing.task_bodies import task_body
from ringback.use_cases.webhook_forms import first_that_fits


class ChanjingWebhooks:
    def body(self, job: Job, link: Callable[[str], str]) -> str:
        """Return the whole envelope. The echo of the request is left out if it is too large."""
        task = task_body(job, link)
        envelope = {"trace_id": job.job_id, "code": 0, "msg": "success", "data": task}
        short = task | {"photo_info": {}, "ref_img_url": []}
        return first_that_fits(envelope, envelope | {"data": short})

    def headers(self, webhook: Webhook, secret: object, *, at: datetime) -> Mapping[str, str]:
        return {}
