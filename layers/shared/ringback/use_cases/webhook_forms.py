"""Webhooks in the form of a provider's own callbacks, for clients that were written for it.

Such a callback's signature doesn't cover its body, so that each try has fresh links.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from ringback.domain.deletion import kept
from ringback.domain.jobs import FINAL, Job
from ringback.domain.webhooks import MAX_BODY_BYTES, Tried, Webhook
from ringback.use_cases.ports import JobReader
from ringback.use_cases.webhook_ports import WebhookSender

GOES_ON: Final = "the job has gone on since; its end is told when it has ended"


class WebhookForm(Protocol):
    def body(self, job: Job, link: Callable[[str], str]) -> str:
        """Return the callback about a final job; ``link`` returns the URL of an image's key."""
        ...

    def headers(self, webhook: Webhook, secret: object, *, at: datetime) -> Mapping[str, str]:
        """Return the headers that sign it at this time, none without a secret.

        ``secret`` is what is stored for the client: a text, or a list of two during a rotation.
        Raises ``NotConfigured`` for one that can't be used.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SendInForm:
    """Write a webhook in its form, and send it. One in Ringback's own form is sent as it is."""

    send: WebhookSender
    forms: Mapping[str, WebhookForm]
    jobs: JobReader
    link: Callable[[str], str]
    now: Callable[[], datetime]

    def __call__(self, webhook: Webhook) -> Tried:
        form = self.forms.get(webhook.form)
        if form is None:
            return self.send(webhook)
        job = kept(self.jobs.get(webhook.job_id))
        if job.status not in FINAL:
            return Tried(at=self.now(), duration=timedelta(0), error=GOES_ON, is_ours=True)
        return self.send(replace(webhook, body=form.body(job, self.link)))


def first_that_fits(*bodies: Mapping[str, Any]) -> str:
    """Return the first of the bodies, from the fullest on, that is not too large, as JSON."""
    texts = [json.dumps(body, ensure_ascii=False, separators=(",", ":")) for body in bodies]
    return next((text for text in texts if len(text.encode()) <= MAX_BODY_BYTES), texts[-1])
