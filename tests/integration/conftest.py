import json
from collections.abc import Iterator
from itertools import product

import pytest

from tests.support.aws import CALLBACK_KEY, HMAC_KEY, Cloud, a_cloud
from tests.support.jobs import PROMPT
from tests.support.lambdas import (
    Lambdas,
    permitted_actions,
    unraised_writes,
    use_lasting_clients,
)
from tests.support.loopback_provider import LoopbackProvider, a_loopback_provider
from tests.support.permissions import permits

SECRET = ["kie-key", "rb-key", CALLBACK_KEY, HMAC_KEY, PROMPT, "Signature=", "Bearer", "/callbacks"]
# All our other log lines name their job. A message that cannot be read names none.
NOT_ABOUT_A_JOB = {
    *(
        "request refused",
        "upload opened",
        "following refused",
        "unknown client key",
        "key used",
        "following",
        "malformed authorization header",
        "callback refused",
        "change refused",
        "receiver switched on",
        "message failed",
        "drop read",
        "drop summarized",
        # About an account, or all jobs of a file.
        "account paused",
        "account probed",
        "account open again",
        "jobs made again",
        # About records of the stream: of jobs, drops and accounts.
        "record failed",
        "followers not told",
        # About connections of the WebSocket API.
        "following",
        "malformed message",
        # Of which none was accepted.
        "canary failed",
    )
}


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    use_lasting_clients(monkeypatch)
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
    """Call functions; each test ends with a check of their log and of their AWS permissions."""
    # So many that no job waits for a slot, except in tests of the rate window.
    unlimited = {"KIE_CREATES_PER_WINDOW": "1000"}
    lambdas = Lambdas(cloud, monkeypatch, {"KIE_BASE_URL": provider.url} | unlimited)
    yield lambdas
    for call in lambdas.aws_calls:
        assert call.actions <= permitted_actions(call.function), call
        assert unraised_writes(call.operation, call.parameters) == [], call
        for action, key in product(call.actions, call.keys):
            assert permits(call.function, action, key=key), call
    # A traceback names our own modules, one package of which is called "callbacks".
    text = lambdas.log.getvalue().replace("ringback/callbacks/", "")
    for private in [*SECRET, provider.address]:
        assert private not in text, text
    for line in text.splitlines():
        if line.startswith('{"level"'):
            entry = json.loads(line)
            assert entry["message"] in NOT_ABOUT_A_JOB or entry["job_id"].startswith("job_"), line
