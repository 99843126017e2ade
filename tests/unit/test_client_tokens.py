"""Access tokens that clients get for their API key."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.callbacks.tokens import make_token
from ringback.domain.jobs import JobId

from tests.support.provider_apis import HASHES, SIGNING_SECRET, Hashes, ServedApis


@pytest.fixture
def served() -> ServedApis:
    return ServedApis()


def test_a_token_is_its_client_s_for_a_day(served: ServedApis) -> None:
    token = served.tokens.issue("studio")
    assert token.expires_at - served.now == timedelta(hours=24)
    assert served.tokens.client_of(token.value) == "studio"
    served.now += timedelta(hours=24, seconds=-1)
    assert served.tokens.client_of(token.value) == "studio"
    served.now += timedelta(seconds=1)
    assert served.tokens.client_of(token.value) is None


def test_a_new_token_leaves_the_last_one_valid(served: ServedApis) -> None:
    first = served.tokens.issue("studio").value
    served.now += timedelta(minutes=1)
    second = served.tokens.issue("studio").value
    assert first != second
    assert [served.tokens.client_of(each) for each in (first, second)] == ["studio"] * 2


def test_a_token_dies_with_its_client_s_key(served: ServedApis) -> None:
    token = served.tokens.issue("studio").value
    for changed in (HASHES | {"studio": HASHES["shop"]}, {"shop": HASHES["shop"]}):
        served.hashes = Hashes(changed)
        assert served.tokens.client_of(token) is None


def test_a_token_for_a_new_key_works_at_once(served: ServedApis) -> None:
    token = served.tokens.issue("studio").value
    served.hashes = Hashes(cached={}, stored=dict(HASHES))
    assert served.tokens.client_of(token) == "studio"


def test_a_token_lasts_through_a_rotation_of_the_signing_secret(served: ServedApis) -> None:
    token = served.tokens.issue("studio").value
    served.secrets = [b"another secret of more than 32 bytes", SIGNING_SECRET]
    assert served.tokens.client_of(token) == "studio"
    assert served.tokens.issue("studio").value != token
    served.secrets = served.secrets[:1]
    assert served.tokens.client_of(token) is None


@given(at=st.integers(0, 57), letter=st.characters(max_codepoint=127))
def test_an_altered_token_is_nobody_s(at: int, letter: str) -> None:
    served = ServedApis()
    token = served.tokens.issue("studio").value
    assert len(token) == 58
    altered = token[:at] + letter + token[at + 1 :]
    assert (served.tokens.client_of(altered) == "studio") is (altered == token)


@pytest.mark.parametrize("token", ["", "rbt_", "rbt_1790086400_", "\N{SNOWMAN}", "x" * 10_000])
def test_anything_else_is_nobody_s(served: ServedApis, token: str) -> None:
    assert served.tokens.client_of(token) is None


def test_the_signing_secret_s_other_signatures_are_no_tokens(served: ServedApis) -> None:
    token = served.tokens.issue("studio").value
    ends_at = token.split("_")[1]
    for provider, job_id in (
        ("studio", ends_at),
        (f"{ends_at}\n{HASHES['studio']}\nstudio", ""),
    ):
        mac = make_token(SIGNING_SECRET, provider, JobId(job_id))
        assert served.tokens.client_of(f"rbt_{ends_at}_{mac}") is None


def test_a_client_without_a_name_gets_nowhere(served: ServedApis) -> None:
    served.hashes = Hashes({"": HASHES["studio"]})
    assert served.tokens.client_of(served.tokens.issue("").value) is None
