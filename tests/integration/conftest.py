import json
from collections.abc import Iterator

import boto3
import pytest

from tests.support.aws import CALLBACK_KEY, HMAC_KEY, Cloud, a_cloud
from tests.support.jobs import PROMPT
from tests.support.lambdas import Lambdas, lasting_client, permitted_actions
from tests.support.loopback_provider import LoopbackProvider, a_loopback_provider

SECRET = ["kie-key", "rb-key", CALLBACK_KEY, HMAC_KEY, PROMPT, "Signature=", "Bearer", "/callbacks"]
# All other lines of ours are about a job, and say which. A batch that cannot be read names none.
NOT_ABOUT_A_JOB = {
    *(
        "request refused",
        "no such key",
        "callback refused",
        "change refused",
        "message failed",
        "drop read",
        "drop summed up",
    )
}


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setattr(boto3, "client", lasting_client)
    with a_cloud(monkeypatch) as cloud:
        yield cloud


@pytest.fixture
def provider() -> Iterator[LoopbackProvider]:
    with a_loopback_provider() as provider:
        yield provider


@pytest.fixture
def lambdas(
    cloud: Cloud, provider: LoopbackProvider, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Lambdas]:
    """Functions to call. After each test: nothing private was logged, nothing forbidden done."""
    # So many that no job waits for its turn, but where a test is about that.
    unlimited = {"KIE_CREATES_PER_WINDOW": "1000"}
    lambdas = Lambdas(cloud, monkeypatch, {"KIE_BASE_URL": provider.url} | unlimited)
    yield lambdas
    for call in lambdas.aws_calls:
        assert call.actions <= permitted_actions(call.function), call
    text = lambdas.log.getvalue()
    for private in [*SECRET, provider.address]:
        assert private not in text, text
    for line in text.splitlines():
        if line.startswith('{"level"'):
            said = json.loads(line)
            assert said["message"] in NOT_ABOUT_A_JOB or said["job_id"].startswith("job_"), line
