"""A webhook from its first try to its last, in simulated time."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from ringback.domain.deliveries import Delivery
from ringback.domain.errors import JobDeleted, NotConfigured, ProviderUnavailable
from ringback.domain.jobs import GONE, JobId, JobStatus
from ringback.domain.receivers import OFF_AFTER, OffReason
from ringback.domain.telling import TELLING
from ringback.domain.webhooks import DELAYS, LAST_TRY, MAX_TRIES, Tried, Webhook
from ringback.outbound.webhook_sender import TIME_OUT
from ringback.use_cases.delete_job import LAST_LOOK
from ringback.use_cases.notify_client import OFF, TOO_LATE, UNSIGNED

from tests.support.jobs import NOON, a_job, a_job_id
from tests.support.lambdas import function_properties
from tests.support.notify_executions import Executions
from tests.support.webhooks import Office, a_webhook, hangs, statuses

HOST = "studio.example"
WEBHOOK = a_webhook()
DAY = timedelta(days=1)


def office(*codes: int) -> Office:
    return Office({HOST: statuses(*codes)})


def deliveries(office: Office, job_id: JobId = WEBHOOK.job_id) -> list[Delivery]:
    return list(office.deliveries.of(job_id))


def test_a_webhook_that_is_taken_is_sent_once_and_recorded() -> None:
    desk = office(204)
    desk.run(WEBHOOK)
    assert [webhook.body for _, webhook in desk.received] == [WEBHOOK.body]
    [delivery] = deliveries(desk)
    assert delivery == Delivery(
        event_id=WEBHOOK.event_id,
        type="ringback.job.succeeded",
        host=HOST,
        attempt=1,
        at=NOON,
        milliseconds=20,
        status=204,
    )
    assert desk.receivers.known == {}


@pytest.mark.parametrize("status", sorted(GONE))
def test_what_is_tried_again_of_a_deleted_job_is_dropped(status: JobStatus) -> None:
    """It would carry the prompt for three days more."""
    desk = office(500)
    desk.notify(WEBHOOK)
    [(again, _)] = desk.queue.sent
    desk.jobs.create(a_job(status))
    desk.run(again)
    assert (len(desk.received), len(deliveries(desk))) == (1, 1)


@pytest.mark.parametrize("status", sorted(GONE))
def test_a_first_try_that_comes_late_of_a_deleted_job_is_dropped(status: JobStatus) -> None:
    """The queue may be hours behind, the event told again, or asked for by its client."""
    desk = office(204, 204)
    desk.jobs.create(a_job(status))
    desk.now = NOON + TELLING + timedelta(seconds=1)
    assert desk.notify(replace(WEBHOOK, time=NOON)) is None
    assert (desk.received, desk.queue.sent, deliveries(desk)) == ([], [], [])


def test_a_first_try_that_is_recorded_is_made_before_the_last_look() -> None:
    """Without looking whether the job is deleted; that deletes its record then."""
    lasts = timedelta(seconds=function_properties("notify_client")["Timeout"])
    assert TELLING + lasts < timedelta(seconds=LAST_LOOK)


def test_a_deletion_is_told_until_it_is_taken_and_nothing_is_recorded() -> None:
    desk = office(500, 204)
    desk.jobs.create(a_job(JobStatus.DELETED))
    desk.run(replace(WEBHOOK, type="ringback.job.deleted"))
    assert (len(desk.received), deliveries(desk)) == (2, [])


def test_a_provider_s_form_of_a_deleted_job_is_dropped() -> None:
    def deleted(webhook: Webhook) -> Tried:
        raise JobDeleted(a_job_id())

    desk = office()
    assert replace(desk.notify, send=deleted)(WEBHOOK) is None
    assert (desk.queue.sent, deliveries(desk)) == ([], [])


def test_a_receiver_that_fails_five_times_is_served_on_the_sixth() -> None:
    desk = office(*[500] * 5, 200)
    desk.run(WEBHOOK)
    assert [each.status for each in deliveries(desk)] == [500] * 5 + [200]
    assert [each.attempt for each in deliveries(desk)] == [1, 2, 3, 4, 5, 6]
    waited = sum(DELAYS[:5], timedelta(0))
    assert waited <= desk.now - NOON <= waited * 1.2
    assert {webhook.body for _, webhook in desk.received} == {WEBHOOK.body}
    assert {webhook.event_id for _, webhook in desk.received} == {WEBHOOK.event_id}
    assert desk.receivers.known == {}


def test_each_delivery_says_when_the_next_one_is_due() -> None:
    desk = office(500, 200)
    desk.run(WEBHOOK)
    first, last = deliveries(desk)
    assert first.next_at == NOON + timedelta(seconds=5.5)
    assert last.next_at is None


def test_a_receiver_that_always_fails_is_given_up_after_nine_tries() -> None:
    desk = office(500)
    desk.run(WEBHOOK)
    assert len(deliveries(desk)) == MAX_TRIES
    assert desk.now - NOON < LAST_TRY
    receiver = desk.receivers.read("studio", HOST)
    assert (receiver.given_up, receiver.off_since) == (1, None)


def test_a_hook_that_is_gone_costs_others_of_its_host_nothing() -> None:
    """On automation platforms every hook has a path of its own, and may be deleted."""
    desk = office(410, 200)
    desk.run(WEBHOOK, a_webhook(f"https://{HOST}/other", number=1))
    assert [each.status for each in deliveries(desk)] == [410]
    assert [each.status for each in deliveries(desk, a_job_id(1))] == [200]
    assert desk.receivers.known == {}


def test_a_receiver_where_everything_is_gone_is_switched_off_after_days() -> None:
    desk = office(410)
    desk.run(*[a_webhook(number=number) for number in range(7)], every=DAY)
    receiver = desk.receivers.read("studio", HOST)
    assert (receiver.off_since, receiver.off_reason) == (NOON + OFF_AFTER, OffReason.GONE)
    assert len(desk.received) == 6
    assert [each.error for each in deliveries(desk, a_job_id(6))] == [OFF]


def test_a_receiver_that_is_off_for_one_client_is_on_for_another() -> None:
    desk = office(200)
    desk.switch_off(HOST)
    desk.run(WEBHOOK, a_webhook(client="shop"))
    assert [webhook.client for _, webhook in desk.received] == ["shop"]


def test_one_that_is_asked_for_is_sent_to_a_receiver_that_is_off_and_switches_it_on() -> None:
    desk = office(500, 200)
    desk.switch_off(HOST)
    desk.run(a_webhook(is_requested=True))
    assert [each.status for each in deliveries(desk)] == [500, 200]
    assert desk.receivers.known == {}
    desk.run(a_webhook(number=1))
    assert len(desk.received) == 3


def test_a_receiver_that_is_off_has_no_further_record_of_its_failures() -> None:
    desk = office(500)
    desk.switch_off(HOST)
    before = desk.receivers.read("studio", HOST)
    desk.run(a_webhook(is_requested=True))
    assert len(desk.received) == MAX_TRIES
    assert desk.receivers.read("studio", HOST) == before


def test_a_receiver_that_is_off_and_hangs_is_put_aside_as_well() -> None:
    """Otherwise a client that asks again and again would hold up all others."""
    desk = Office({HOST: hangs})
    desk.switch_off(HOST)
    desk.run(*[a_webhook(number=number, is_requested=True) for number in range(20)])
    minute = timedelta(minutes=1)
    assert sum(at < NOON + minute for at, _ in desk.received) == 3
    assert desk.received_by[HOST] < LAST_TRY / timedelta(minutes=15) + 10
    receiver = desk.receivers.read("studio", HOST)
    assert (receiver.off_since, receiver.given_up) == (NOON, 0)


def test_a_message_that_is_put_aside_waits_for_the_receiver_s_pause() -> None:
    desk = Office({HOST: hangs})
    for number in range(3):
        desk.notify(a_webhook(number=number))
    desk.queue.sent.clear()
    waiting = a_webhook(number=9)
    assert desk.notify(waiting) is None
    [(sent, delay)] = desk.queue.sent
    assert (sent.attempt, sent.first_at, delay) == (1, NOON, 66)
    # When the pause is over, one message tries it, and the next waits for another minute.
    desk.now = NOON + timedelta(seconds=60)
    assert desk.notify(a_webhook(number=10)) is not None
    desk.queue.sent.clear()
    assert desk.notify(waiting) is None
    [(_, delay)] = desk.queue.sent
    assert delay == 132


def test_a_receiver_that_fails_for_days_is_switched_off() -> None:
    """Every six hours an event, and no answer but 500."""
    desk = office(500)
    desk.run(*[a_webhook(number=number) for number in range(40)], every=timedelta(hours=6))
    receiver = desk.receivers.read("studio", HOST)
    assert receiver.off_reason is OffReason.FAILING
    assert receiver.off_since is not None
    assert OFF_AFTER == 5 * DAY
    assert OFF_AFTER <= receiver.off_since - NOON <= OFF_AFTER + DAY
    last, _ = desk.received[-1]
    assert last <= receiver.off_since
    assert deliveries(desk, a_job_id(39))[-1].error == OFF


def test_one_event_alone_never_switches_a_receiver_off() -> None:
    desk = office(500)
    desk.run(WEBHOOK)
    desk.now = NOON + 10 * DAY
    desk.run(a_webhook(number=1))
    receiver = desk.receivers.read("studio", HOST)
    # The second one was given up, too: after so long that counts.
    assert receiver.given_up == 2
    assert receiver.off_since is not None
    assert receiver.off_since - NOON > 11 * DAY


def test_a_success_in_between_clears_the_record() -> None:
    desk = office(*[500] * MAX_TRIES, 200, 500)
    desk.run(WEBHOOK)
    desk.run(a_webhook(number=1))
    desk.now = NOON + 10 * DAY
    desk.run(a_webhook(number=2))
    assert desk.receivers.read("studio", HOST).off_since is None


# So many that most of them are put aside again and again, until it is too late.
HANGING = 60


@cache
def hanging() -> Office:
    """Return what became of many webhooks for a receiver that always hangs, and of others."""
    desk = Office({HOST: hangs, "other.example": statuses(200)})
    good = [a_webhook("https://other.example/", number=100 + n) for n in range(HANGING)]
    desk.run(*[a_webhook(number=number) for number in range(HANGING)], *good)
    return desk


def test_a_receiver_that_hangs_is_put_aside_after_three_time_outs() -> None:
    desk = hanging()
    assert desk.received_by["other.example"] == HANGING
    minute = timedelta(minutes=1)
    assert sum(webhook.host == HOST and at < NOON + minute for at, webhook in desk.received) == 3
    # From then on it is tried by one message a quarter of an hour.
    assert desk.received_by[HOST] < LAST_TRY / timedelta(minutes=15) + 10


def test_what_waits_for_three_days_is_given_up() -> None:
    ends = [deliveries(hanging(), a_job_id(number))[-1] for number in range(HANGING)]
    assert all(each.next_at is None for each in ends)
    assert {each.error for each in ends if not each.milliseconds} == {TOO_LATE}
    assert hanging().receivers.read("studio", HOST).given_up == HANGING
    assert max(each.at for each in ends) <= NOON + LAST_TRY + timedelta(minutes=20)


def test_being_put_aside_is_no_try() -> None:
    for number in range(HANGING):
        found = deliveries(hanging(), a_job_id(number))
        attempts = [each.attempt for each in found if each.milliseconds]
        assert attempts == list(range(1, len(attempts) + 1))


def test_what_was_put_aside_is_delivered_once_the_receiver_answers() -> None:
    desk = Office({HOST: lambda nth: hangs(nth) if nth <= 4 else {"status": 200}})
    desk.run(*[a_webhook(number=number) for number in range(50)])
    delivered = [
        number for number in range(50) if deliveries(desk, a_job_id(number))[-1].status == 200
    ]
    assert delivered == list(range(50))
    assert desk.now - NOON < timedelta(hours=1)
    assert desk.receivers.known == {}


def test_time_outs_count_only_in_a_row() -> None:
    def sometimes(nth: int) -> dict[str, Any]:
        return hangs(nth) if nth % 3 else {"status": 500}

    desk = Office({HOST: sometimes})
    desk.run(*[a_webhook(number=number) for number in range(6)])
    assert desk.receivers.read("studio", HOST).waits_until is None
    assert desk.received_by[HOST] == 6 * MAX_TRIES


def test_a_client_without_a_secret_has_its_webhooks_when_it_has_one() -> None:
    desk = office(200)
    send, missing = desk.send, iter([True, True])

    def sign(webhook: Webhook) -> Any:
        if next(missing, False):
            raise NotConfigured("no secret")
        return send(webhook)

    object.__setattr__(desk.notify, "send", sign)
    desk.notify(WEBHOOK)
    # That is not the receiver's fault.
    assert desk.receivers.known == {}
    [(following, _)] = desk.queue.sent
    desk.queue.sent.clear()
    desk.run(following)
    assert [each.error for each in deliveries(desk)] == [UNSIGNED, UNSIGNED, ""]
    assert deliveries(desk)[-1].status == 200


def test_secrets_that_cannot_be_read_leave_the_message_to_the_queue() -> None:
    desk = office(200)

    def fail(webhook: Webhook) -> Any:
        raise ProviderUnavailable("throttled")

    object.__setattr__(desk.notify, "send", fail)
    with pytest.raises(ProviderUnavailable):
        desk.notify(WEBHOOK)
    assert desk.queue.sent == []
    assert deliveries(desk) == []


def test_a_message_that_is_not_due_is_put_back_untouched() -> None:
    desk = office(200)
    later = replace(WEBHOOK, due_at=NOON + timedelta(hours=1), attempt=3, first_at=NOON)
    assert desk.notify(later) is None
    assert desk.queue.sent == [(later, 3600)]
    assert desk.received == []


def test_a_crash_before_the_follow_up_repeats_the_try() -> None:
    desk = office(500, 500, 200)

    def lose(webhook: Webhook, *, delay: int) -> None:
        raise OSError

    put = desk.queue.put
    desk.queue.put = lose  # type: ignore[method-assign]
    with pytest.raises(OSError):
        desk.notify(WEBHOOK)
    desk.queue.put = put  # type: ignore[method-assign]
    # What came of it is recorded before anything follows from it.
    assert [each.status for each in deliveries(desk)] == [500]
    assert desk.receivers.read("studio", HOST).failing_since == NOON
    desk.run(WEBHOOK)
    assert [each.status for each in deliveries(desk)] == [500, 500, 200]


def test_others_are_hardly_held_up_by_a_receiver_that_hangs() -> None:
    """Half of a burst is for a receiver that hangs; two executions with ten threads each."""
    desk = Executions(frozenset({HOST}), speed=50)
    webhooks = [
        a_webhook(f"https://{host}/", event_id=f"{host} {number}")
        for number in range(100)
        for host in (HOST, "other.example")
    ]
    desk.run(webhooks)
    # Without being put aside, the hundred would take up all threads for 75 s.
    assert max(desk.delivered.values()) - NOON < timedelta(seconds=4 * TIME_OUT)
    # Those that were on their way before the third time-out, and nobody for a minute after it.
    assert sum(host == HOST for _, host in desk.tries) <= 20
