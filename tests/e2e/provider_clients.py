"""A client that was written for a provider, with Ringback's address and a client's key."""

import httpx
from ringback.domain.clock import utc_now
from ringback.domain.jobs import JobRequest, ProviderTaskId
from ringback.domain.verdicts import TaskCreated
from ringback.providers.chanjing.client import ChanjingClient

from local.deployment import Deployment
from local.stack import CLIENT
from tests.support.in_memory import InMemoryTokens
from tests.support.jobs import a_job


def chanjing_client(deployment: Deployment) -> ChanjingClient:
    return ChanjingClient(
        deployment.jobs_api_url,
        lambda: {"app_id": CLIENT, "secret_key": deployment.client_key},
        InMemoryTokens(),
        now=utc_now,
    )


def post_to_chanjing(deployment: Deployment) -> ProviderTaskId:
    """Have two images made, and return the id of their task."""
    # On a busy machine the function starts more slowly than this client waits for a token.
    httpx.post(
        f"{deployment.jobs_api_url}/open/v1/access_token", json={}, trust_env=False, timeout=60
    ).raise_for_status()
    model = "chanjing/doubao-seedream-4.0"
    given = {"ref_prompt": "a fox in the snow", "clarity": 1024, "number_of_images": 2}
    request = JobRequest(model=model, provider="chanjing", input=given, sent={})
    created = chanjing_client(deployment).create_task(a_job(request=request), "")
    assert isinstance(created, TaskCreated), created
    return created.task_id
