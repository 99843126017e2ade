"""A job whose receiver fails twice, from its post to the third webhook.

It is posted before the first test: the schedule takes a minute.
"""

from typing import Any

from standardwebhooks import Webhook

from local.deployment import Deployment
from local.jobs_api import JobsApi
from local.webhooks import wait_for_webhooks
from tests.e2e.conftest import TOLD_AT, SharedStack


def test_a_receiver_that_fails_twice_has_its_webhook_verified(
    shared_stack: SharedStack, deployment: Deployment, jobs_api: JobsApi
) -> None:
    job = shared_stack.told
    received = wait_for_webhooks(deployment, TOLD_AT, count=3)
    assert [each["status"] for each in received] == [500, 500, 200]
    assert len({each["body"] for each in received}) == 1
    last = received[-1]
    event = Webhook(deployment.webhook_secret).verify(last["body"], last["headers"])
    assert (event["type"], event["subject"]) == ("ringback.job.succeeded", job["job_id"])
    assert event["id"] == last["headers"]["webhook-id"]
    stored = jobs_api.get(job["job_id"])
    assert event["data"]["status"] == stored["status"]
    assert [each["key"] for each in event["data"]["images"]] == [
        each["key"] for each in stored["images"]
    ]
    listed = ask(jobs_api, "GET", f"/jobs/{job['job_id']}/deliveries")
    assert [each["status"] for each in listed["deliveries"]] == [500, 500, 200]
    assert {each["event_id"] for each in listed["deliveries"]} == {event["id"]}

    ask(jobs_api, "POST", f"/jobs/{job['job_id']}/notify")
    again = wait_for_webhooks(deployment, TOLD_AT, count=4)[-1]
    assert again["headers"]["webhook-id"] == event["id"]
    assert Webhook(deployment.webhook_secret).verify(again["body"], again["headers"])


def ask(jobs_api: JobsApi, method: str, path: str) -> dict[str, Any]:
    answer = jobs_api.client.request(method, f"{jobs_api.url}{path}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
