"""The notify queue: webhooks in the form of a provider's own callbacks."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from ringback.aws.deliveries import DeliveryTable
from ringback.aws.job_table import JobTable
from ringback.domain.clock import utc_now
from ringback.domain.jobs import Job, JobStatus
from ringback.domain.webhooks import to_message, webhook_of
from ringback.use_cases.webhook_forms import GOES_ON

from local.simulator.kie.signatures import sign
from local.simulator.settings import Settings
from local.simulator.simulator import Simulator
from tests.support.aws import Cloud
from tests.support.jobs import a_job, a_stored_image
from tests.support.lambdas import Lambdas, a_batch
from tests.support.webhooks import SECRET, an_event

PATH = "/receivers/ok/provider-form"


@pytest.fixture
def simulator(lambdas: Lambdas) -> Iterator[Simulator]:
    with Simulator(Settings(kie_api_key="k")) as simulator:
        lambdas.settings["PLAIN_HTTP_HOSTS"] = simulator.url.removeprefix("http://")
        yield simulator


def told(
    cloud: Cloud, lambdas: Lambdas, simulator: Simulator, job: Job, *, form: str
) -> list[dict[str, Any]]:
    """Store the job, deliver the webhook about it, and return what its receiver got."""
    url = f"{simulator.url}{PATH}"
    job = replace(job, request=replace(job.request, provider=form, form=form, call_back_url=url))
    JobTable.connect(cloud.table).create(job)
    message = to_message(webhook_of(an_event(), job=job, url=url))
    reply = lambdas("notify_client", a_batch("notify_client", "first_try", message))
    assert reply == {"batchItemFailures": []}
    found = httpx.get(f"{simulator.url}/_simulator/webhooks", params={"path": PATH})
    received: list[dict[str, Any]] = found.json()
    return received


DONE = a_job(JobStatus.SUCCEEDED, images=(a_stored_image(),), finished_at=utc_now())


def test_a_client_of_kie_is_called_back_as_by_kie(
    cloud: Cloud, lambdas: Lambdas, simulator: Simulator
) -> None:
    [received] = told(cloud, lambdas, simulator, DONE, form="kie")
    body, headers = json.loads(received["body"]), received["headers"]
    assert (body["code"], body["data"]["state"]) == (200, "success")
    [link] = json.loads(body["data"]["resultJson"])["resultUrls"]
    assert f"/{a_stored_image().key}?" in link
    assert "X-Amz-Signature=" in link
    sent_at = int(headers["x-webhook-timestamp"])
    assert headers["x-webhook-signature"] == sign(DONE.job_id, sent_at, SECRET)
    assert "webhook-signature" not in headers


def test_a_client_without_a_secret_is_called_back_unsigned(
    cloud: Cloud, lambdas: Lambdas, simulator: Simulator
) -> None:
    cloud.put_secret(cloud.webhook_secret, {})
    [received] = told(cloud, lambdas, simulator, DONE, form="kie")
    assert "x-webhook-signature" not in received["headers"]


def test_a_client_of_chanjing_gets_the_task(
    cloud: Cloud, lambdas: Lambdas, simulator: Simulator
) -> None:
    [received] = told(cloud, lambdas, simulator, DONE, form="chanjing")
    body = json.loads(received["body"])
    assert (body["code"], body["data"]["progress_desc"]) == (0, "Success")
    assert "X-Amz-Signature=" in body["data"]["output_url"][0]


def test_a_job_that_has_gone_on_is_told_later(
    cloud: Cloud, lambdas: Lambdas, simulator: Simulator
) -> None:
    job = a_job(JobStatus.ARCHIVING)
    assert told(cloud, lambdas, simulator, job, form="kie") == []
    [delivery] = DeliveryTable.connect(cloud.table).of(job.job_id)
    assert (delivery.status, delivery.error) == (None, GOES_ON)
    assert len(lambdas.sent(cloud.notify_queue)) == 1
