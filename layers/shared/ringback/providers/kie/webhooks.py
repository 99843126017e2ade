"""Webhooks as kie.ai calls back: https://docs.kie.ai/common-api/webhook-verification."""

from collections.abc import Callable, Mapping
from datetime import datetime

from ringback.callbacks.signatures import signature_of, usable_keys
from ringback.domain.jobs import Job
from ringback.domain.webhooks import Webhook
from ringback.providers.kie.task_bodies import callback
from ringback.use_cases.webhook_forms import first_that_fits


class KieWebhooks:
    def body(self, job: Job, link: Callable[[str], str]) -> str:
        """Return kie.ai's callback. The echo of the request is left out if it is too large."""
        full = callback(job, link)
        return first_that_fits(full, full | {"data": full["data"] | {"param": ""}})

    def headers(self, webhook: Webhook, secret: object, *, at: datetime) -> Mapping[str, str]:
        """Sign the task id and the time with the secret's text; without a secret, with nothing.

        There is room for one signature. During a rotation one try is signed with the new secret,
        the next with the old one, so that a receiver with either takes the webhook.
        """
        keys = usable_keys("the client's webhook secret", secret)
        if not keys:
            return {}
        sent_at = str(int(at.timestamp()))
        key = keys[(webhook.attempt - 1) % len(keys)]
        signature = signature_of(f"{webhook.job_id}.{sent_at}".encode(), key)
        return {"X-Webhook-Timestamp": sent_at, "X-Webhook-Signature": signature.decode()}
