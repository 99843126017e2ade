"""Deliver webhooks to clients' receivers, and try again those that were not taken."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ringback.domain.delays import whole_seconds
from ringback.domain.deliveries import Delivery, delivery_of
from ringback.domain.errors import JobDeleted, NotConfigured, UnknownJob
from ringback.domain.jobs import GONE, JobId
from ringback.domain.receivers import FIRST_PAUSE, OffReason, Receiver
from ringback.domain.telling import TELLING
from ringback.domain.webhooks import JITTER, Tried, Webhook, is_too_late, next_try
from ringback.use_cases.ports import JobReader
from ringback.use_cases.webhook_ports import Deliveries, Receivers, WebhookQueue, WebhookSender

OFF = "this receiver is switched off"
TOO_LATE = "the receiver could not be tried in time"
UNSIGNED = "not sent: this client has no usable webhook secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyClient:
    """Each message is one event for one URL. Safe to repeat, but for the request itself.

    ``random`` returns a number from 0 to 1. The follow-up message is sent last, so that a crash
    repeats a try and loses none. Of a job that is deleted by now, only its deletion is told, and
    nothing is recorded.
    """

    receivers: Receivers
    deliveries: Deliveries
    jobs: JobReader
    queue: WebhookQueue
    send: WebhookSender
    random: Callable[[], float]
    now: Callable[[], datetime]

    def __call__(self, webhook: Webhook) -> Delivery | None:
        """Return what came of this message; ``None`` if it was only put back, or is dropped."""
        at = self.now()
        if not webhook.is_due(at=at):
            self._later(webhook)
            return None
        # The first try comes within seconds of the event, as a rule: that is not looked up.
        is_late = webhook.first_at or at - webhook.time > TELLING
        if is_late and not webhook.is_of_deletion and self._is_deleted(webhook.job_id):
            return None
        try:
            return self._deliver(webhook, at=at)
        except JobDeleted:
            return None

    def _is_deleted(self, job_id: JobId) -> bool:
        try:
            return self.jobs.get(job_id).status in GONE
        except UnknownJob:
            return False

    def _deliver(self, webhook: Webhook, *, at: datetime) -> Delivery | None:
        """Try to deliver a webhook that is due. Raises ``JobDeleted``."""
        webhook = replace(webhook, first_at=webhook.first_at or at)
        receiver = self.receivers.read(webhook.client, webhook.host)
        if receiver.off_since and not webhook.is_requested:
            return self._end(webhook, OFF)
        if is_too_late(webhook, at=at):
            self._give_up(receiver)
            return self._end(webhook, TOO_LATE)
        until = receiver.waits_until
        if until and (at < until or not self.receivers.claim(receiver, at=at)):
            # This loop ends at LAST_TRY.
            self._later(self._put_aside(webhook, until, at=at))
            return None
        return self._try(webhook, receiver)

    def _put_aside(self, webhook: Webhook, until: datetime, *, at: datetime) -> Webhook:
        wait = max(until - at, FIRST_PAUSE)
        return replace(webhook, due_at=at + wait * (1 + JITTER * self.random()))

    def _try(self, webhook: Webhook, receiver: Receiver) -> Delivery:
        tried = self._sent(webhook)
        following = next_try(webhook, tried, chance=self.random())
        delivery = self._recorded(webhook, delivery_of(webhook, tried, following))
        self._note(receiver, tried, is_last=following is None)
        if following:
            self._later(following)
        return delivery

    def _sent(self, webhook: Webhook) -> Tried:
        began = self.now()
        try:
            return self.send(webhook)
        except NotConfigured:
            # Never unsigned. The owner may put it right while the schedule goes on.
            return Tried(at=began, duration=timedelta(0), error=UNSIGNED, is_ours=True)

    def _note(self, receiver: Receiver, tried: Tried, *, is_last: bool) -> None:
        """Record how the receiver answers, if that is news."""
        if tried.is_delivered:
            if not receiver.is_new:
                self.receivers.forget(receiver)
        elif not tried.is_ours and (tried.timed_out or not receiver.off_since):
            # Time-outs count also if it is off: what is asked for must not hold up others either.
            failed = self.receivers.failed(receiver, at=tried.at, timed_out=tried.timed_out)
            if is_last:
                self._give_up(failed, OffReason.GONE if tried.is_gone else OffReason.FAILING)

    def _give_up(self, receiver: Receiver, reason: OffReason = OffReason.FAILING) -> None:
        """Count an event that is not tried again; the last of too many is why it is switched off.

        A 410 is about the URL: others of the same host, and client, may be well.
        """
        at = self.now()
        if receiver.off_since:
            return
        if self.receivers.gave_up(receiver, at=at).is_dead(at=at):
            self.receivers.switch_off(receiver, at=at, reason=reason)

    def _later(self, webhook: Webhook) -> None:
        at = self.now()
        self.queue.put(webhook, delay=max(0, whole_seconds((webhook.due_at or at) - at)))

    def _end(self, webhook: Webhook, why: str) -> Delivery:
        tried = Tried(at=self.now(), duration=timedelta(0), error=why)
        return self._recorded(webhook, delivery_of(webhook, tried, None))

    def _recorded(self, webhook: Webhook, delivery: Delivery) -> Delivery:
        if not webhook.is_of_deletion:
            self.deliveries.add(webhook.job_id, delivery)
        return delivery
