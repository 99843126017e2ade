"""Access to the local AWS depends on nothing in the caller's environment."""

import pytest

from local.deployment import administrator
from local.simulator.accounts import Account, new_accounts


def test_a_clients_profile_account_and_proxy_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_PROFILE": "unknown",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "a real one",
        "AWS_CONFIG_FILE": "/nowhere",
        "http_proxy": "http://proxy.example:3128",
        "HTTP_PROXY": "http://proxy.example:3128",
    }.items():
        monkeypatch.setenv(name, value)
    administrator.cache_clear()
    session = administrator()
    client = session.client("sqs", endpoint_url="http://127.0.0.1:9")
    assert vars(client.meta.config)["_user_provided_options"]["proxies"] == {}
    assert client.meta.region_name == "eu-west-1"
    credentials = session.get_credentials()
    assert credentials
    assert credentials.access_key == "test"


def test_every_provider_has_an_account_with_random_keys() -> None:
    first, second = new_accounts(), new_accounts()
    assert [each.provider for each in first] == ["chanjing", "kie"]
    for one, other in zip(first, second, strict=True):
        assert not {*one.options.values()} & {*other.options.values()}
        assert all(value not in repr(one) for value in one.options.values())


def test_an_account_names_its_parameter_and_output() -> None:
    account = Account(provider="two_words", secret={}, options={})
    assert account.base_url_parameter == "TwoWordsBaseUrl"
    assert account.secret_output == "TwoWordsSecretArn"
