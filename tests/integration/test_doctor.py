"""``make doctor`` asks the simulated providers, and disturbs no job by it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from ringback.aws.shared_token import SharedToken
from ringback.domain.clock import utc_now
from ringback.domain.tokens import AccessToken

from local.chosen_stack import Stack
from local.health import providers
from local.health.findings import Level
from local.simulator.accounts import new_accounts
from local.simulator.settings import Settings
from local.simulator.simulator import Simulator
from tests.support.aws import Cloud
from tests.support.lambdas import lasting_client


class Session:
    def client(self, service: str) -> Any:
        return lasting_client(service)


@pytest.fixture
def stack(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    accounts = new_accounts()
    options = {
        name.replace("-", "_"): value for each in accounts for name, value in each.options.items()
    }
    given: Any = options
    with Simulator(Settings(**given)) as simulator:
        outputs, parameters = {"JobsTableName": cloud.table}, {}
        for each in accounts:
            arn = getattr(cloud, f"{each.provider}_secret")
            cloud.put_secret(arn, dict(each.secret))
            outputs[each.secret_output] = arn
            parameters[each.base_url_parameter] = f"{simulator.url}{each.path}"
        session: Any = Session()
        stack = Stack("ringback", session)
        # As if they had been read.
        vars(stack).update(outputs=outputs, parameters=parameters)
        yield stack


def levels(stack: Stack) -> dict[str, Level]:
    return {found.text.partition(":")[0]: found.level for found in providers.keys(stack)}


def the_token(cloud: Cloud) -> AccessToken:
    token = SharedToken.connect(cloud.table, "chanjing").read()
    assert token
    return token


def test_keys_that_work_are_good_and_the_next_token_is_shared(cloud: Cloud, stack: Stack) -> None:
    assert levels(stack) == {"kie": Level.OK, "chanjing": Level.OK}
    first = the_token(cloud)
    assert levels(stack)["chanjing"] is Level.OK
    second = the_token(cloud)
    assert first.value != second.value
    assert second.expires_at > utc_now() + timedelta(hours=1)


@pytest.mark.parametrize(
    ("provider", "wrong"),
    [("kie", {"api_key": "revoked"}), ("chanjing", {"app_id": "app", "secret_key": "revoked"})],
)
def test_a_key_that_is_refused_fails(
    cloud: Cloud, stack: Stack, provider: str, wrong: dict[str, str]
) -> None:
    levels(stack)
    boto3.client("secretsmanager").put_secret_value(
        SecretId=getattr(cloud, f"{provider}_secret"), SecretString=json.dumps(wrong)
    )
    assert levels(stack) == {"kie": Level.OK, "chanjing": Level.OK} | {provider: Level.FAIL}
