"""The notify queue, with whole batches; the receivers are the simulator's."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from threading import Barrier
from typing import Any

import httpx
import pytest
from ringback.aws.deliveries import DeliveryTable
from ringback.aws.job_table import JobTable
from ringback.aws.receivers import ReceiverTable, WebhookClientTable
from ringback.domain.clock import utc_now
from ringback.domain.deliveries import Delivery
from ringback.domain.jobs import Job, JobStatus
from ringback.domain.receivers import ClientWebhooks, OffReason, Receiver
from ringback.domain.webhooks import Webhook, from_message, to_message
from standardwebhooks import Webhook as Verifier

from local.simulator.settings import Settings
from local.simulator.simulator import Simulator
from tests.support.aws import Cloud
from tests.support.jobs import a_job, a_job_id, a_request
from tests.support.lambdas import Lambdas, a_batch, an_event, function_properties
from tests.support.webhooks import OLD_SECRET, SECRET, a_webhook

DONE: dict[str, Any] = {"batchItemFailures": []}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(Settings(kie_api_key="k")) as simulator:
        yield simulator


@pytest.fixture
def desk(cloud: Cloud, lambdas: Lambdas, simulator: Simulator) -> "Desk":
    lambdas.settings["PLAIN_HTTP_HOSTS"] = simulator.url.removeprefix("http://")
    return Desk(cloud, lambdas, simulator)


class Desk:
    """A job with a receiver; each test has receivers of its own by a part of their path."""

    paths = 0

    def __init__(self, cloud: Cloud, lambdas: Lambdas, simulator: Simulator) -> None:
        self.cloud, self.lambdas, self.simulator = cloud, lambdas, simulator
        Desk.paths += 1

    def url(self, behaviour: str) -> str:
        return f"{self.simulator.url}/receivers/{behaviour}/{Desk.paths}"

    @property
    def batch_size(self) -> int:
        event = function_properties("notify_client")["Events"]["Notify"]
        size: int = event["Properties"]["BatchSize"]
        return size

    @property
    def host(self) -> str:
        return self.simulator.url.removeprefix("http://")

    def deliver(self, *messages: dict[str, Any]) -> list[tuple[dict[str, Any], int]]:
        """Return what the function sent to its own queue."""
        before = len(self.lambdas.sent(self.cloud.notify_queue))
        reply = self.lambdas("notify_client", a_batch("notify_client", "first_try", *messages))
        assert reply == DONE
        return self.lambdas.sent(self.cloud.notify_queue)[before:]

    def received(self, url: str) -> list[dict[str, Any]]:
        path = url.removeprefix(self.simulator.url)
        found = httpx.get(f"{self.simulator.url}/_simulator/webhooks", params={"path": path})
        listed: list[dict[str, Any]] = found.json()
        return listed

    def deliveries(self, number: int = 0) -> list[Delivery]:
        return list(DeliveryTable.connect(self.cloud.table).of(a_job_id(number)))

    def switch_off(self) -> None:
        off = Receiver(client="studio", host=self.host)
        table = ReceiverTable.connect(self.cloud.table)
        table.switch_off(off, at=utc_now(), reason=OffReason.GONE)


def a_message(url: str, **changes: Any) -> dict[str, Any]:
    return to_message(a_webhook(url, **changes))


def overdue(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message as if its time had come."""
    return to_message(replace(from_message(message), due_at=None))


def test_a_webhook_arrives_signed(desk: Desk) -> None:
    url = desk.url("ok")
    message = a_message(url)
    assert desk.deliver(message) == []
    [received] = desk.received(url)
    assert received["body"] == message["body"]
    assert received["headers"]["content-type"] == "application/json"
    assert received["headers"]["webhook-id"] == message["event_id"]
    assert Verifier(SECRET).verify(received["body"], received["headers"])
    [delivery] = desk.deliveries()
    assert (delivery.status, delivery.answer, delivery.attempt) == (200, "thanks", 1)
    assert desk.lambdas.written() == ["UpdateItem"]


def test_both_secrets_sign_during_a_rotation(desk: Desk) -> None:
    desk.cloud.put_secret(desk.cloud.webhook_secret, {"studio": [SECRET, OLD_SECRET]})
    url = desk.url("ok")
    desk.deliver(a_message(url))
    [received] = desk.received(url)
    for secret in (SECRET, OLD_SECRET):
        assert Verifier(secret).verify(received["body"], received["headers"])


def test_a_receiver_that_fails_five_times_is_served_on_the_sixth(desk: Desk) -> None:
    url = desk.url("fail-5")
    message, delays = a_message(url), list[int]()
    for _ in range(6):
        for sent, delay in desk.deliver(message):
            delays.append(delay)
            message = overdue(sent)
    received = desk.received(url)
    assert [each["status"] for each in received] == [500] * 5 + [200]
    assert {each["body"] for each in received} == {message["body"]}
    assert Verifier(SECRET).verify(received[-1]["body"], received[-1]["headers"])
    assert [each.status for each in desk.deliveries()] == [500] * 5 + [200]
    # Whole seconds, and up to a fifth at random; what is longer than 900 s comes in parts.
    for delay, planned in zip(delays, (5, 60, 300), strict=False):
        assert planned <= delay <= planned * 1.2 + 1
    assert len(delays) == 5
    assert max(delays) <= 900
    receiver = ReceiverTable.connect(desk.cloud.table).read("studio", desk.host)
    assert receiver.is_new


def test_a_message_that_is_not_due_waits_without_a_call(desk: Desk) -> None:
    url, due_at = desk.url("ok"), utc_now() + timedelta(hours=2, seconds=20)
    [(sent, delay)] = desk.deliver(a_message(url, due_at=due_at, attempt=6, first_at=utc_now()))
    assert from_message(sent).due_at == due_at
    assert 10 <= delay <= 21
    assert desk.received(url) == []
    assert [call.operation for call in desk.lambdas.aws_calls] == ["SendMessage"]


def test_a_busy_receiver_is_tried_when_it_says(desk: Desk) -> None:
    [(sent, delay)] = desk.deliver(a_message(desk.url("busy-200")))
    assert 199 <= delay <= 200
    desk.deliver(overdue(sent))
    assert [each.status for each in desk.deliveries()] == [429, 200]


def test_a_redirect_is_a_failure_and_not_followed(desk: Desk) -> None:
    url = desk.url("redirect")
    assert len(desk.deliver(a_message(url))) == 1
    assert [each.status for each in desk.deliveries()] == [302]
    assert desk.received(f"{desk.simulator.url}/receivers/ok/moved") == []


def test_a_hook_that_is_gone_is_not_tried_again(desk: Desk) -> None:
    assert desk.deliver(a_message(desk.url("gone"))) == []
    assert [each.status for each in desk.deliveries()] == [410]
    other = desk.url("ok")
    assert desk.deliver(a_message(other, number=1)) == []
    assert len(desk.received(other)) == 1


def test_a_receiver_that_is_off_gets_nothing_more(desk: Desk) -> None:
    desk.switch_off()
    other = desk.url("ok")
    assert desk.deliver(a_message(other, number=1)) == []
    assert desk.received(other) == []
    assert desk.deliveries(1)[0].error == "this receiver is switched off"
    assert desk.deliver(a_message(other, number=1, is_requested=True)) == []
    assert len(desk.received(other)) == 1


def test_a_receiver_that_hangs_is_put_aside(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringback.outbound.webhook_sender.TIME_OUT", 0.1)
    # One after the other: moto loses one of two writes to an item at the same time.
    for number in range(3):
        assert len(desk.deliver(a_message(desk.url("hang"), number=number))) == 1
    assert all("no complete answer" in desk.deliveries(number)[0].error for number in range(3))
    receiver = ReceiverTable.connect(desk.cloud.table).read("studio", desk.host)
    assert receiver.timeouts == 3
    [(sent, delay)] = desk.deliver(a_message(desk.url("ok"), number=11))
    assert from_message(sent).attempt == 1
    assert delay >= 59
    assert desk.deliveries(11) == []


def test_all_messages_of_a_batch_are_sent_at_the_same_time(desk: Desk) -> None:
    size = desk.batch_size
    together = Barrier(size, timeout=60)

    def wait_for_the_others(webhook: Webhook) -> None:
        together.wait()

    batch = a_batch("notify_client", "first_try", *[a_message(desk.url("ok"))] * size)
    app = import_module("functions.notify_client.app")
    assert app.handle(batch, wait_for_the_others) == DONE


def test_a_client_without_a_secret_gets_nothing_unsigned(desk: Desk) -> None:
    desk.cloud.put_secret(desk.cloud.webhook_secret, {})
    url = desk.url("ok")
    assert len(desk.deliver(a_message(url))) == 1
    assert desk.received(url) == []
    assert "no usable webhook secret" in desk.deliveries()[0].error


def test_one_bad_message_fails_alone(desk: Desk) -> None:
    url = desk.url("ok")
    batch = a_batch("notify_client", "first_try", {"job_id": a_job_id()}, a_message(url))
    assert desk.lambdas("notify_client", batch) == {
        "batchItemFailures": [{"itemIdentifier": "message-0"}]
    }
    assert len(desk.received(url)) == 1


def test_nothing_private_is_logged(desk: Desk) -> None:
    url = desk.url("fail-1") + "?token=of-the-client"
    desk.deliver(a_message(url, body='{"prompt": "a red kite over the sea"}'))
    log = desk.lambdas.log.getvalue()
    assert "webhook processed" in log
    for private in ("of-the-client", SECRET, "red kite", "not today", "/receivers/"):
        assert private not in log


# ---------------------------------------------------------------- what clients ask


def ask(desk: Desk, function: str, case: str, **changes: Any) -> tuple[int, dict[str, Any]]:
    reply = desk.lambdas(function, an_event(function, case) | changes)
    return reply["statusCode"], json.loads(reply["body"])


def a_final_job(desk: Desk, url: str | None = None, **changes: Any) -> Job:
    request = replace(a_request(), call_back_url=url)
    job = a_job(JobStatus.SUCCEEDED, request=request, finished_at=utc_now(), **changes)
    return JobTable.connect(desk.cloud.table).create(job).job


def test_the_deliveries_of_a_job_are_listed_with_its_receiver(desk: Desk) -> None:
    url = desk.url("fail-1")
    a_final_job(desk, url)
    [(sent, _)] = desk.deliver(a_message(url))
    status, body = ask(desk, "query_jobs", "deliveries")
    assert status == 200
    assert body["receiver"] | {"since": ""} == {
        "host": desk.host,
        "state": "on",
        "reason": None,
        "since": "",
    }
    [delivery] = body["deliveries"]
    assert (delivery["status"], delivery["answer"], delivery["error"]) == (500, "not today", None)
    assert delivery["next_at"] == sent["due_at"]
    desk.deliver(overdue(sent))
    _, body = ask(desk, "query_jobs", "deliveries")
    assert [each["status"] for each in body["deliveries"]] == [500, 200]
    assert body["receiver"]["since"] is None


def test_a_receiver_that_is_off_is_shown_with_its_reason(desk: Desk) -> None:
    a_final_job(desk, desk.url("ok"))
    desk.switch_off()
    _, body = ask(desk, "query_jobs", "deliveries")
    assert (body["receiver"]["state"], body["receiver"]["reason"]) == ("off", OffReason.GONE)


def test_a_job_without_a_receiver_has_no_deliveries(desk: Desk) -> None:
    a_final_job(desk)
    status, body = ask(desk, "query_jobs", "deliveries")
    assert (status, body) == (200, {"job_id": a_job_id(), "receiver": None, "deliveries": []})


def test_the_last_event_is_sent_again(desk: Desk) -> None:
    url = desk.url("ok")
    job = a_final_job(desk, url, changes=4)
    status, body = ask(desk, "change_job", "notify")
    assert (status, body["job_id"], body["status"]) == (200, job.job_id, "succeeded")
    [(message, delay)] = desk.lambdas.sent(desk.cloud.notify_queue)
    assert (message["event_id"], delay) == (f"{job.job_id}:succeeded:4", 0)
    desk.deliver(message)
    [received] = desk.received(url)
    event = Verifier(SECRET).verify(received["body"], received["headers"])
    assert (event["subject"], event["source"]) == (job.job_id, "/ringback/test")
    assert event["data"]["status"] == "succeeded"
    assert "url" not in json.dumps(event["data"]["images"])


def test_it_is_sent_to_the_client_s_own_receiver(desk: Desk) -> None:
    url = desk.url("ok")
    a_final_job(desk)
    status, body = ask(desk, "change_job", "notify")
    assert (status, "no callBackUrl" in body["detail"]) == (409, True)
    WebhookClientTable.connect(desk.cloud.table).put(ClientWebhooks(client="studio", url=url))
    status, _ = ask(desk, "change_job", "notify")
    [(message, _)] = desk.lambdas.sent(desk.cloud.notify_queue)
    assert (status, message["url"]) == (200, url)


@pytest.mark.parametrize("state", [JobStatus.ACCEPTED, JobStatus.RUNNING, JobStatus.ARCHIVING])
def test_a_job_that_has_not_ended_has_nothing_to_tell(desk: Desk, state: JobStatus) -> None:
    JobTable.connect(desk.cloud.table).create(a_job(state))
    status, body = ask(desk, "change_job", "notify")
    assert (status, "has not ended" in body["detail"]) == (409, True)
    assert desk.lambdas.sent(desk.cloud.notify_queue) == []


@pytest.mark.parametrize(
    ("function", "case"), [("query_jobs", "deliveries"), ("change_job", "notify")]
)
def test_another_client_s_job_is_unknown(desk: Desk, function: str, case: str) -> None:
    a_final_job(desk, desk.url("ok"), client="shop")
    status, _ = ask(desk, function, case)
    assert status == 404
    assert desk.lambdas.written() == []


# ---------------------------------------------------------------- acceptance


def post(desk: Desk, client: str = "studio") -> dict[str, Any]:
    event = an_event("accept_job", "post_with_call_back")
    event["requestContext"]["authorizer"]["lambda"]["client"] = client
    return desk.lambdas("accept_job", event)


def test_a_job_may_say_where_its_end_is_told(desk: Desk) -> None:
    WebhookClientTable.connect(desk.cloud.table).put(ClientWebhooks(client="studio"))
    reply = post(desk)
    job_id = json.loads(reply["body"])["job_id"]
    assert reply["statusCode"] == 202
    assert reply["headers"]["location"] == f"/jobs/{job_id}"
    job = JobTable.connect(desk.cloud.table).get(job_id)
    assert job.request.call_back_url == "https://studio.example/hooks?order=66"


def test_a_client_without_a_secret_is_told_at_once(desk: Desk) -> None:
    reply = post(desk)
    [error] = json.loads(reply["body"])["errors"]
    assert (reply["statusCode"], error["field"]) == (400, "callBackUrl")
    assert "make webhook-secret" in error["message"]
    assert desk.lambdas.written() == []
    # As soon as there is one, it counts.
    WebhookClientTable.connect(desk.cloud.table).put(ClientWebhooks(client="studio"))
    assert post(desk)["statusCode"] == 202
    assert post(desk, client="shop")["statusCode"] == 400
