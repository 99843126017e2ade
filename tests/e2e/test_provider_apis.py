"""Clients that were written for a provider get their images from Ringback.

Nothing of them is changed but host and key. kie.ai's is the request of its own page; Chanjing's is
the client with which Ringback itself calls Chanjing. No public Python client speaks to either.
"""

import hashlib
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from ringback.domain.verdicts import TaskState

from local.deployment import Deployment
from local.jobs_api import JobsApi
from local.simulator.kie.signatures import sign
from local.webhooks import wait_for_webhooks
from tests.e2e.conftest import SharedStack
from tests.e2e.provider import Provider
from tests.e2e.provider_clients import chanjing_client
from tests.support.seeds import SEEDS, Seed, read_seed

# Of the simulator, and what the page prints in its place.
RECEIVER = "/receivers/ok/client-of-kie"
PRINTED = b"https://your-domain.com/api/callback"


def send(deployment: Deployment, seed: Seed) -> dict[str, Any]:
    answer = httpx.request(
        seed.method,
        f"{deployment.jobs_api_url}{seed.path}",
        headers=seed.headers,
        content=seed.body,
        trust_env=False,
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    envelope: dict[str, Any] = answer.json()
    return envelope


def is_picture(url: str, provider: Provider, task_id: str) -> bool:
    """Tell whether the URL leads to the provider's image of the task, in our own bucket."""
    content = httpx.get(url, trust_env=False, timeout=30).raise_for_status().content
    made = {each["sha256"] for each in provider.pictures() if each["task"] == task_id}
    return hashlib.sha256(content).hexdigest() in made and "/images/job_" in url


def test_a_client_of_kie_is_called_back_with_its_image(
    deployment: Deployment, jobs_api: JobsApi, provider: Provider
) -> None:
    """Its own address is the client's; all else of the request is the page's."""
    [page] = [file for file in SEEDS if "text_to_image" in file.name]
    seed = read_seed(page, key=deployment.client_key)
    hook = f"{deployment.simulator_url}{RECEIVER}".encode()
    task_id = send(deployment, replace(seed, body=seed.body.replace(PRINTED, hook)))["data"][
        "taskId"
    ]
    [call] = wait_for_webhooks(deployment, RECEIVER, count=1)
    headers, told = call["headers"], json.loads(call["body"])["data"]
    sent_at = int(headers["x-webhook-timestamp"])
    assert headers["x-webhook-signature"] == sign(task_id, sent_at, deployment.webhook_secret)
    assert (told["taskId"], told["state"]) == (task_id, "success")
    [url] = json.loads(told["resultJson"])["resultUrls"]
    assert is_picture(url, provider, jobs_api.get(task_id)["task_id"])
    look_up = Seed("GET", f"/api/v1/jobs/recordInfo?taskId={task_id}", seed.headers, b"")
    record = send(deployment, look_up)["data"]
    assert (record["state"], record["model"]) == ("success", json.loads(seed.body)["model"])
    assert len(provider.tasks_of(task_id)) == 1


def test_a_client_of_chanjing_gets_its_images(
    deployment: Deployment, jobs_api: JobsApi, provider: Provider, shared_stack: SharedStack
) -> None:
    task_id = shared_stack.task_of_chanjing
    [job] = jobs_api.wait_until_final([task_id])
    report = chanjing_client(deployment).read_tasks([task_id])[task_id]
    assert (report.state, len(report.image_urls)) == (TaskState.SUCCEEDED, 2)
    assert all(is_picture(url, provider, job["task_id"]) for url in report.image_urls)


@pytest.mark.parametrize("file", SEEDS, ids=lambda file: file.stem)
def test_a_wrong_key_is_refused_in_the_provider_s_words(deployment: Deployment, file: Any) -> None:
    """API Gateway's authorizer would answer 401 or 403 in its own."""
    answer = send(deployment, read_seed(file, key="rb_of_nobody"))
    assert (answer["code"], answer["data"]) in ((401, None), (10400, None))
