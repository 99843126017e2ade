"""What a client sees of its webhooks, and what it can do about them."""

from dataclasses import replace

import pytest
from ringback.domain.errors import WrongState
from ringback.domain.jobs import ENDED, FINAL, Job, JobStatus
from ringback.domain.receivers import ClientWebhooks, OffReason, Receiver
from ringback.use_cases.deliveries import FindDeliveries, NotifyAgain, ReceiverUrls, SwitchOn
from ringback.use_cases.webhook_rules import RecentClients, RequireSecret

from tests.support.jobs import NOON, a_job, a_request
from tests.support.webhooks import (
    URL,
    InMemoryDeliveries,
    InMemoryReceivers,
    InMemoryWebhookClients,
    InMemoryWebhookQueue,
    Office,
    a_webhook,
    an_event,
    statuses,
)

OWN = "https://own.example/hooks"
WITH_RECEIVER = InMemoryWebhookClients({"studio": ClientWebhooks(client="studio", url=OWN)})
WITHOUT = InMemoryWebhookClients({"studio": ClientWebhooks(client="studio")})


def a_final_job(url: str | None = URL, status: JobStatus = JobStatus.SUCCEEDED) -> Job:
    return a_job(status, request=replace(a_request(), call_back_url=url))


@pytest.mark.parametrize(
    ("clients", "own", "expected"),
    [
        (WITH_RECEIVER, URL, URL),
        (WITH_RECEIVER, None, OWN),
        (WITHOUT, URL, URL),
        (WITHOUT, None, None),
        (InMemoryWebhookClients(), None, None),
    ],
)
def test_a_job_s_own_url_comes_before_its_client_s(
    clients: InMemoryWebhookClients, own: str | None, expected: str | None
) -> None:
    assert ReceiverUrls(clients=clients).url_for(a_final_job(own)) == expected


def test_the_receiver_of_a_job_is_its_client_s_by_host() -> None:
    receivers, deliveries = InMemoryReceivers(), InMemoryDeliveries()
    receivers.switch_off(
        Receiver(client="shop", host="studio.example"), at=NOON, reason=OffReason.GONE
    )
    find = FindDeliveries(
        urls=ReceiverUrls(clients=WITHOUT), receivers=receivers, deliveries=deliveries
    )
    assert find(a_final_job()) == (Receiver(client="studio", host="studio.example"), [])
    assert find(a_final_job(None)) == (None, [])


def again(queue: InMemoryWebhookQueue, clients: InMemoryWebhookClients = WITHOUT) -> NotifyAgain:
    return NotifyAgain(
        urls=ReceiverUrls(clients=clients), queue=queue, event_of=lambda job: an_event()
    )


@pytest.mark.parametrize("status", sorted(FINAL))
def test_the_last_event_of_a_final_job_is_sent_at_once(status: JobStatus) -> None:
    queue, job = InMemoryWebhookQueue(), a_final_job(status=status)
    assert again(queue)(job) == job
    assert queue.sent == [(a_webhook(is_requested=True), 0)]


@pytest.mark.parametrize("status", sorted(set(JobStatus) - ENDED))
def test_a_job_that_has_not_ended_is_not_told(status: JobStatus) -> None:
    queue = InMemoryWebhookQueue()
    with pytest.raises(WrongState, match=f"it is {status}"):
        again(queue)(a_final_job(status=status))
    assert queue.sent == []


def test_of_a_job_that_is_being_deleted_nothing_more_is_told() -> None:
    queue = InMemoryWebhookQueue()
    with pytest.raises(WrongState, match="being deleted"):
        again(queue)(a_final_job(status=JobStatus.DELETING))
    assert queue.sent == []


def test_without_a_receiver_there_is_nobody_to_tell() -> None:
    queue = InMemoryWebhookQueue()
    with pytest.raises(WrongState, match="no callBackUrl"):
        again(queue)(a_final_job(None))
    again(queue, WITH_RECEIVER)(a_final_job(None))
    assert [webhook.url for webhook, _ in queue.sent] == [OWN]


def test_a_receiver_is_switched_on_again() -> None:
    desk = Office({"studio.example": statuses(200)})
    desk.switch_off("studio.example")
    desk.run(a_webhook(), a_webhook(number=1))
    assert len(desk.received) == 0
    on = SwitchOn(receivers=desk.receivers)
    for _ in range(2):
        assert on("studio", "studio.example").is_new
    desk.run(a_webhook(number=2))
    assert len(desk.received) == 1


def test_what_a_client_has_changed_counts_after_a_minute() -> None:
    clients, now = InMemoryWebhookClients(), [0.0]
    recent = RecentClients(clients=clients, clock=lambda: now[0])
    assert recent.read("studio") is None
    clients.by_name["studio"] = ClientWebhooks(client="studio", url=OWN)
    now[0] = 59.9
    assert recent.read("studio") is None
    now[0] = 60.0
    assert recent.read("studio") == ClientWebhooks(client="studio", url=OWN)
    assert recent.read("shop") is None


def test_a_client_with_a_secret_is_looked_up_once() -> None:
    clients = InMemoryWebhookClients()
    why_not = RequireSecret(clients=clients)
    assert "make webhook-secret" in why_not("studio")
    clients.by_name["studio"] = ClientWebhooks(client="studio")
    assert why_not("studio") == ""
    clients.by_name.clear()
    assert why_not("studio") == ""
    assert why_not("shop") != ""
