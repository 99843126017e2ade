"""Keys, credits and callbacks that go wrong at a provider, and what docs/operate.md says to do."""

import json
import time
from typing import Final

import httpx

from tests.e2e.faults import CHANJING
from tests.e2e.faults import KIE as MODEL
from tests.e2e.hand_changes import set_handler
from tests.e2e.operator import Operator

RICH: Final = 1_000_000


def post(operator: Operator, fault: str = "", **given: str) -> None:
    operator.jobs_api.submit(MODEL, {"prompt": f"a kite {time.time()} {fault}"}, **given)


def call_back(operator: Operator) -> None:
    url = f"{operator.deployment.callback_api_url}/callbacks/kie/job_x/forged"
    httpx.post(url, json={}, trust_env=False)


def set_secret(operator: Operator, provider: str, **values: object) -> None:
    [account] = [each for each in operator.deployment.accounts if each.provider == provider]
    arn = operator.stack.output(account.secret_output)
    value = json.dumps({**account.secret, **values})
    operator.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=value)


def store_secret(operator: Operator, provider: str) -> None:
    """Answer with every field, in the order in which they are asked for."""
    [account] = [each for each in operator.deployment.accounts if each.provider == provider]
    fields = [account.secret[name] for name in sorted(account.secret)]
    answers = [",".join(each) if isinstance(each, list) else str(each) for each in fields]
    operator.follow("make provider-secret PROVIDER=kie", answers, provider=provider)


def resume(operator: Operator, provider: str) -> None:
    command = "curl -s -X POST -H 'Authorization: Bearer <key>' '<JobsApiUrl>/providers/kie/resume'"
    operator.follow(
        command,
        key=operator.deployment.client_key,
        api=operator.deployment.jobs_api_url,
        provider=provider,
    )


def spend_all_credits(operator: Operator) -> None:
    operator.provider.set_credits(0)
    post(operator)


def top_up(operator: Operator) -> None:
    operator.provider.set_credits(RICH)
    assert f"{RICH}" in operator.follow("make doctor")
    resume(operator, "kie")


def refuse_chanjing(operator: Operator) -> None:
    set_secret(operator, "chanjing", secret_key="wrong")
    operator.jobs_api.submit(CHANJING, {"ref_prompt": "a kite without a key"})


def store_chanjing(operator: Operator) -> None:
    store_secret(operator, "chanjing")
    time.sleep(60)  # A refused secret is read again after ten seconds.
    resume(operator, "chanjing")


def forge(operator: Operator) -> None:
    for _ in range(25):
        call_back(operator)


def read_of_forged(operator: Operator) -> None:
    command = 'make logs FUNCTION=receive_callback MATCH="callback refused"'
    assert "callback refused" in operator.follow(command)


def sign_with_another_key(operator: Operator) -> None:
    """Store a key that kie.ai doesn't have, and have the function start with it."""
    set_secret(operator, "kie", webhook_hmac_keys=["a key of at least sixteen bytes"])
    # Its containers are replaced, although nothing changes.
    set_handler(operator, "ReceiveCallbackFunction", "app.lambda_handler")
    for _ in range(4):
        post(operator)


def store_kie_key(operator: Operator) -> None:
    found = operator.follow("make logs FUNCTION=receive_callback")
    assert "SignatureRejected" in found
    store_secret(operator, "kie")
