"""Webhooks as kie.ai calls back: https://docs.kie.ai/common-api/webhook-verification."""

from collections.abc import Callable, Mapping
from datetime import datetime

from ringback.callbacks.signatures import signature_of, usable_keys
from ringback.domain.jobs import Job, JobId
from ringback.providers.kie.task_bodies import callback
from ringback.use_cases.webhook_forms import first_that_fits


class KieWebhooks:
    def body(self, job: Job, link: Callable[[str], str]) -> str:
        """Return kie.ai's callback. The echo of the request is left out if it is too large."""
        full = callback(job, link)
        return first_that_fits(full, full | {"data": full["data"] | {"param": ""}})

    def headers(self, job_id: JobId, secret: object, *, at: datetime) -> Mapping[str, str]:
        """Sign the task id and the time with the secret's text, the first one in a rotation.

        kie.ai calls without a signature if an account has no key.
        """
        keys = usable_keys("the client's webhook secret", secret)
        if not keys:
            return {}
        sent_at = str(int(at.timestamp()))
        signature = signature_of(f"{job_id}.{sent_at}".encode(), keys[0])
        return {"X-Webhook-Timestamp": sent_at, "X-Webhook-Signature": signature.decode()}
