"""The ports of the use cases about webhooks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ringback.domain.deliveries import Delivery
from ringback.domain.jobs import JobId
from ringback.domain.receivers import ClientWebhooks, OffReason, Receiver
from ringback.domain.webhooks import Tried, Webhook


class WebhookQueue(Protocol):
    def put(self, webhook: Webhook, *, delay: int) -> None:
        """Deliver the webhook after so many seconds, or earlier if that is too long for the queue.

        Raises ``TryAgain`` if the queue did not confirm the message.
        """
        ...


class WebhookSender(Protocol):
    def __call__(self, webhook: Webhook) -> Tried:
        """Sign and send a webhook once. Whatever goes wrong at the receiver is the result.

        Raises ``NotConfigured`` if its client has no secret, ``ProviderUnavailable`` if secrets
        can't be read now.
        """
        ...


class WebhookClients(Protocol):
    def read(self, client: str) -> ClientWebhooks | None:
        """Return what is known of a client's webhooks, ``None`` if it has no secret."""
        ...


class Receivers(Protocol):
    """Stores how receivers answer; those that answer 2xx have no record."""

    def read(self, client: str, host: str) -> Receiver: ...

    def claim(self, receiver: Receiver, *, at: datetime) -> bool:
        """Put a receiver aside anew, as after a time-out, so that only this message tries it.

        Tell whether that worked: of several messages that have read the same, one wins.
        """
        ...

    def failed(self, receiver: Receiver, *, at: datetime, timed_out: bool) -> Receiver:
        """Record a failed try. Enough time-outs in a row put the receiver aside."""
        ...

    def gave_up(self, receiver: Receiver, *, at: datetime) -> Receiver:
        """Count an event that is not tried again."""
        ...

    def switch_off(self, receiver: Receiver, *, at: datetime, reason: OffReason) -> None:
        """Switch it off, unless it is already."""
        ...

    def failing(self, client: str) -> Sequence[Receiver]:
        """Return the client's receivers that have a record, 100 at most, by host."""
        ...

    def forget(self, receiver: Receiver) -> None:
        """Remove the record: the receiver answers, or its client has switched it on."""
        ...


class Deliveries(Protocol):
    """Stores the newest ``MAX_KEPT`` deliveries of each job."""

    def add(self, job_id: JobId, delivery: Delivery) -> None: ...

    def of(self, job_id: JobId) -> Sequence[Delivery]:
        """Return a job's deliveries, oldest first."""
        ...
