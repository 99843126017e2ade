"""A client's view of its webhooks: what was tried, once more, and on again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ringback.domain.deletion import refuse_while_deleting
from ringback.domain.deliveries import Delivery
from ringback.domain.errors import FieldError, InvalidRequest, WrongState
from ringback.domain.events import Event
from ringback.domain.jobs import FINAL, Job
from ringback.domain.receivers import Receiver
from ringback.domain.webhooks import host_of, webhook_of
from ringback.use_cases.webhook_ports import Deliveries, Receivers, WebhookClients, WebhookQueue
from ringback.use_cases.webhook_rules import DISABLED

NO_RECEIVER = "the job has no callBackUrl, and its client no receiver of its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverUrls:
    """Where a job's webhooks go: its own ``callBackUrl``, or its client's receiver."""

    clients: WebhookClients

    def url_for(self, job: Job) -> str | None:
        if job.request.call_back_url:
            return job.request.call_back_url
        webhooks = self.clients.read(job.client)
        return webhooks.url if webhooks else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindDeliveries:
    urls: ReceiverUrls
    receivers: Receivers
    deliveries: Deliveries

    def __call__(self, job: Job) -> tuple[Receiver | None, Sequence[Delivery]]:
        """Return the job's receiver, if it has one, and its deliveries, oldest first."""
        url = self.urls.url_for(job)
        receiver = self.receivers.read(job.client, host_of(url)) if url else None
        return receiver, self.deliveries.of(job.job_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyAgain:
    """Send the last event of a job once more, also to a receiver that is switched off.

    ``event_of`` returns that event: the same id and content as before. ``queue`` is ``None`` where
    webhooks are disabled.
    """

    urls: ReceiverUrls
    queue: WebhookQueue | None
    event_of: Callable[[Job], Event]

    def __call__(self, job: Job) -> Job:
        """Return the job, whose webhook is on its way.

        Raises ``InvalidRequest`` where webhooks are disabled, ``WrongState`` if there is nothing to
        tell or nobody to tell it to, and ``TryAgain``.
        """
        if self.queue is None:
            raise InvalidRequest([FieldError("", DISABLED)])
        refuse_while_deleting(job)
        if job.status not in FINAL:
            raise WrongState(f"the job has not ended; it is {job.status}")
        url = self.urls.url_for(job)
        if url is None:
            raise WrongState(NO_RECEIVER)
        webhook = replace(webhook_of(self.event_of(job), job=job, url=url), is_requested=True)
        self.queue.put(webhook, delay=0)
        return job


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchOn:
    """Let a receiver that was switched off have webhooks again. Safe to repeat."""

    receivers: Receivers

    def __call__(self, client: str, host: str) -> Receiver:
        receiver = self.receivers.read(client, host)
        if not receiver.is_new:
            self.receivers.forget(receiver)
        return Receiver(client=client, host=host)
