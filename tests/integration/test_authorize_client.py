"""The authorizer, with whole events."""

import json
from hashlib import sha256
from typing import Any

import boto3
import pytest
from ringback.aws.secrets import FRESH_SECONDS
from ringback.domain import canary
from ringback.use_cases.authorize_client import NO_SCHEME

from functions.authorize_client.app import KEYS_SECONDS
from tests.support.aws import CANARY_SECRET, Cloud
from tests.support.client_keys import scoped
from tests.support.lambdas import Lambdas, an_event
from tests.support.template import resources

KEY = "rb-key-of-the-studio"
KEYS = {
    "shop": sha256(b"rb-key-of-the-shop").hexdigest(),
    "studio": sha256(KEY.encode()).hexdigest(),
}


def a_request(header: str | None, *, name: str = "authorization") -> dict[str, Any]:
    event = an_event("authorize_client", "bearer_key")
    others = {key: value for key, value in event["headers"].items() if key != "authorization"}
    return event | {
        "headers": others | ({name: header} if header is not None else {}),
        "identitySource": [header],
    }


@pytest.mark.parametrize("name", ["authorization", "Authorization"])
def test_a_valid_key_is_authorized_for_its_client(
    cloud: Cloud, lambdas: Lambdas, name: str
) -> None:
    cloud.put_secret(cloud.client_keys_secret, KEYS)
    assert lambdas("authorize_client", a_request(f"Bearer {KEY}", name=name)) == {
        "isAuthorized": True,
        "context": {"client": "studio", "scopes": "jobs:read jobs:write"},
    }


def test_any_other_header_is_unauthorized(cloud: Cloud, lambdas: Lambdas) -> None:
    cloud.put_secret(cloud.client_keys_secret, KEYS)
    for header in (
        None,
        "",
        "Bearer rb-unknown-key",
        f"Bearer {KEYS['studio']}",
        "Bearer \N{SNOWMAN}",
    ):
        assert lambdas("authorize_client", a_request(header)) == {"isAuthorized": False}, header


def test_no_key_works_out_of_the_box(cloud: Cloud, lambdas: Lambdas) -> None:
    """A refusal, not an error, before the first key is made: the secret has no value then."""
    secrets = boto3.client("secretsmanager")
    secrets.delete_secret(SecretId=cloud.client_keys_secret, ForceDeleteWithoutRecovery=True)
    for header in (f"Bearer {KEY}", "Bearer studio"):
        assert lambdas("authorize_client", a_request(header)) == {"isAuthorized": False}, header


def test_an_event_without_headers_is_unauthorized(cloud: Cloud, lambdas: Lambdas) -> None:
    cloud.put_secret(cloud.client_keys_secret, KEYS)
    event = {key: value for key, value in a_request(None).items() if key != "headers"}
    assert lambdas("authorize_client", event) == {"isAuthorized": False}


REFUSED = {"isAuthorized": True, "context": {"refusal": NO_SCHEME}}


def test_a_malformed_header_is_answered_by_the_function(cloud: Cloud, lambdas: Lambdas) -> None:
    """It names no client, whatever key is in it, and the secret is not even read."""
    cloud.put_secret(cloud.client_keys_secret, KEYS)
    for header in (KEY, "Bearer", "Bearer ", f"Basic {KEY}", f"Bearer:{KEY}", f"Bearer  {KEY}"):
        assert lambdas("authorize_client", a_request(header)) == REFUSED, header
    assert lambdas.aws_calls == []


def test_a_client_without_a_name_is_refused(cloud: Cloud, lambdas: Lambdas) -> None:
    digest = KEYS["studio"]
    for name in ("", "  ", "a\nb", "x" * 101):
        cloud.put_secret(cloud.client_keys_secret, {name: digest})
        lambdas.restart("authorize_client")
        assert lambdas("authorize_client", a_request(f"Bearer {KEY}")) == {"isAuthorized": False}


def test_the_recorded_events_are_unauthorized(cloud: Cloud, lambdas: Lambdas) -> None:
    cloud.put_secret(cloud.client_keys_secret, KEYS)
    assert lambdas("authorize_client", an_event("authorize_client", "bearer_key")) == {
        "isAuthorized": False
    }
    assert lambdas("authorize_client", an_event("authorize_client", "another_scheme")) == REFUSED


def test_the_secret_is_not_read_for_every_request(cloud: Cloud, lambdas: Lambdas) -> None:
    cloud.put_secret(cloud.client_keys_secret, KEYS)
    for _ in range(5):
        lambdas("authorize_client", a_request(f"Bearer {KEY}"))
    assert [call.operation for call in lambdas.aws_calls] == ["GetSecretValue"]


def test_a_new_key_works_at_once(
    cloud: Cloud, lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringback.use_cases.authorize_client.MIN_REFRESH_SECONDS", 0.0)
    assert lambdas("authorize_client", a_request(f"Bearer {KEY}")) == {"isAuthorized": False}
    cloud.put_secret(cloud.client_keys_secret, KEYS)
    assert lambdas("authorize_client", a_request(f"Bearer {KEY}"))["isAuthorized"]


def test_unknown_keys_do_not_cause_a_read_each(lambdas: Lambdas) -> None:
    for _ in range(20):
        lambdas("authorize_client", a_request("Bearer unknown"))
    reads = [call for call in lambdas.aws_calls if call.operation == "GetSecretValue"]
    assert len(reads) <= 2


def test_a_key_with_scopes_hands_them_on_and_its_use_is_logged(
    cloud: Cloud, lambdas: Lambdas
) -> None:
    cloud.put_secret(cloud.client_keys_secret, scoped("studio", KEYS["studio"], "admin"))
    assert lambdas("authorize_client", a_request(f"Bearer {KEY}"))["context"] == {
        "client": "studio",
        "scopes": "admin",
    }
    (line,) = (json.loads(each) for each in lambdas.log.getvalue().splitlines() if "{" in each)
    assert (line["message"], line["key"]) == ("key used", KEYS["studio"][:8])


def test_a_revoked_key_works_for_a_minute_at_most() -> None:
    (authorizer,) = resources("AWS::Serverless::HttpApi")["JobsApi"]["Auth"]["Authorizers"].values()
    assert authorizer["Identity"]["ReauthorizeEvery"] + KEYS_SECONDS <= 60
    assert FRESH_SECONDS <= 60


CANARY_KEY = f"Bearer {canary.api_key(CANARY_SECRET)}"


def test_the_canary_s_key_is_its_own(cloud: Cloud, lambdas: Lambdas) -> None:
    known = {
        "isAuthorized": True,
        "context": {"client": canary.CLIENT, "scopes": "jobs:read jobs:write"},
    }
    assert lambdas("authorize_client", a_request(CANARY_KEY)) == known
    assert lambdas("authorize_client", a_request(f"{CANARY_KEY}x")) == {"isAuthorized": False}
    lambdas.restart("authorize_client", CANARY_SECRET_ARN="")
    assert lambdas("authorize_client", a_request(CANARY_KEY)) == {"isAuthorized": False}


def test_no_other_key_costs_a_read_of_the_canary_s_secret(cloud: Cloud, lambdas: Lambdas) -> None:
    cloud.put_secret(cloud.client_keys_secret, KEYS)
    lambdas("authorize_client", a_request(f"Bearer {KEY}"))
    read = [each.parameters["SecretId"] for each in lambdas.aws_calls]
    assert {*read} == {cloud.client_keys_secret}


def test_no_key_of_the_owner_s_makes_a_client_the_canary(cloud: Cloud, lambdas: Lambdas) -> None:
    cloud.put_secret(cloud.client_keys_secret, {canary.CLIENT: KEYS["studio"]})
    assert lambdas("authorize_client", a_request(f"Bearer {KEY}")) == {"isAuthorized": False}
