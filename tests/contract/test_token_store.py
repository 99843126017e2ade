"""The store of a shared token: the fake and the item in the table, under the same tests."""

from datetime import timedelta

import boto3
import pytest
from ringback.aws.shared_token import SharedToken
from ringback.domain.tokens import AccessToken
from ringback.use_cases.ports import TokenStore

from tests.support.aws import Cloud
from tests.support.in_memory import InMemoryTokens
from tests.support.jobs import NOON

FIRST = AccessToken(value="first", expires_at=NOON + timedelta(days=1))
SECOND = AccessToken(value="second", expires_at=NOON + timedelta(days=2))
UNTIL = NOON + timedelta(seconds=20)


@pytest.fixture(params=["in_memory", "dynamo_db"])
def store(request: pytest.FixtureRequest) -> TokenStore:
    if request.param == "in_memory":
        return InMemoryTokens()
    return SharedToken.connect(request.getfixturevalue("cloud").table, "chanjing")


def test_a_new_store_has_no_token(store: TokenStore) -> None:
    assert store.read() is None
    store.put(FIRST, lease="never taken")
    assert store.read() is None


def test_only_the_holder_of_the_lease_stores_a_token(store: TokenStore) -> None:
    assert store.lease("mine", instead_of=None, at=NOON, until=UNTIL)
    assert not store.lease("other", instead_of=None, at=NOON, until=UNTIL)
    # The SDK may repeat a write that took place: the same lease is not another one.
    assert store.lease("mine", instead_of=None, at=NOON, until=UNTIL)
    store.put(FIRST, lease="other")
    assert store.read() is None
    store.put(FIRST, lease="mine")
    assert store.read() == FIRST


def test_an_expired_and_retaken_lease_stores_no_token(store: TokenStore) -> None:
    store.lease("mine", instead_of=None, at=NOON, until=UNTIL)
    assert store.lease("other", instead_of=None, at=UNTIL, until=UNTIL + timedelta(seconds=20))
    store.put(FIRST, lease="mine")
    assert store.read() is None
    store.put(SECOND, lease="other")
    assert store.read() == SECOND


def test_a_lease_ends_to_the_millisecond(store: TokenStore) -> None:
    until = UNTIL + timedelta(milliseconds=500)
    store.lease("mine", instead_of=None, at=NOON, until=until)
    just_before = until - timedelta(milliseconds=1)
    assert not store.lease("other", instead_of=None, at=just_before, until=until)
    assert store.lease("other", instead_of=None, at=until, until=until)


def test_an_expired_lease_still_stores_unless_retaken(store: TokenStore) -> None:
    store.lease("mine", instead_of=None, at=NOON, until=NOON)
    store.put(FIRST, lease="mine")
    assert store.read() == FIRST


def test_a_lease_stores_one_token(store: TokenStore) -> None:
    store.lease("mine", instead_of=None, at=NOON, until=UNTIL)
    store.put(FIRST, lease="mine")
    store.put(SECOND, lease="mine")
    assert store.read() == FIRST


def test_a_lease_needs_the_current_token(store: TokenStore) -> None:
    """Only a caller that has seen the current token may replace it."""
    store.lease("mine", instead_of=None, at=NOON, until=UNTIL)
    store.put(FIRST, lease="mine")
    assert not store.lease("late", instead_of=None, at=NOON, until=UNTIL)
    assert not store.lease("wrong", instead_of=SECOND, at=NOON, until=UNTIL)
    assert store.lease("next", instead_of=FIRST, at=NOON, until=UNTIL)
    assert store.read() == FIRST
    store.put(SECOND, lease="next")
    assert store.read() == SECOND
    assert store.lease("again", instead_of=SECOND, at=NOON, until=UNTIL)


def test_the_token_item_expires_after_the_token(cloud: Cloud) -> None:
    store = SharedToken.connect(cloud.table, "chanjing")
    store.lease("mine", instead_of=None, at=NOON, until=UNTIL)
    store.put(FIRST, lease="mine")
    (item,) = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    assert int(item["forget_at"]["N"]) > FIRST.expires_at.timestamp()
    assert "lease" not in item


def test_the_item_outlives_its_lease(cloud: Cloud) -> None:
    SharedToken.connect(cloud.table, "chanjing").lease(
        "mine", instead_of=None, at=NOON, until=UNTIL
    )
    (item,) = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    assert int(item["forget_at"]["N"]) > UNTIL.timestamp()


def test_each_provider_has_its_own_token(cloud: Cloud) -> None:
    store = SharedToken.connect(cloud.table, "chanjing")
    store.lease("mine", instead_of=None, at=NOON, until=UNTIL)
    store.put(FIRST, lease="mine")
    assert SharedToken.connect(cloud.table, "another").read() is None
