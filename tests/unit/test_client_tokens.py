"""Access tokens that clients get for their API key."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.callbacks.tokens import make_token
from ringback.domain.client_keys import keys_in
from ringback.domain.jobs import JobId

from tests.support.client_keys import EVERYTHING, a_key, scoped
from tests.support.provider_apis import HASHES, SIGNING_SECRET, STUDIO, Hashes, ServedApis


@pytest.fixture
def served() -> ServedApis:
    return ServedApis()


def test_a_token_is_its_client_s_for_a_day(served: ServedApis) -> None:
    token = served.tokens.issue(STUDIO)
    assert token.expires_at - served.now == timedelta(hours=24)
    assert served.tokens.key_of(token.value) == STUDIO
    served.now += timedelta(hours=24, seconds=-1)
    assert served.tokens.key_of(token.value) == STUDIO
    served.now += timedelta(seconds=1)
    assert served.tokens.key_of(token.value) is None


def test_a_new_token_leaves_the_last_one_valid(served: ServedApis) -> None:
    first = served.tokens.issue(STUDIO).value
    served.now += timedelta(minutes=1)
    second = served.tokens.issue(STUDIO).value
    assert first != second
    assert [served.tokens.key_of(each) for each in (first, second)] == [STUDIO] * 2


def test_a_token_dies_with_its_client_s_key(served: ServedApis) -> None:
    token = served.tokens.issue(STUDIO).value
    for changed in (HASHES | {"studio": HASHES["shop"]}, {"shop": HASHES["shop"]}):
        served.hashes = Hashes(changed)
        assert served.tokens.key_of(token) is None


def test_a_token_for_a_new_key_works_at_once(served: ServedApis) -> None:
    token = served.tokens.issue(STUDIO).value
    served.hashes = Hashes(cached={}, stored=dict(HASHES))
    assert served.tokens.key_of(token) == STUDIO


def test_a_token_lasts_through_a_rotation_of_the_signing_secret(served: ServedApis) -> None:
    token = served.tokens.issue(STUDIO).value
    served.secrets = [b"another secret of more than 32 bytes", SIGNING_SECRET]
    assert served.tokens.key_of(token) == STUDIO
    assert served.tokens.issue(STUDIO).value != token
    served.secrets = served.secrets[:1]
    assert served.tokens.key_of(token) is None


@given(at=st.integers(0, 57), letter=st.characters(max_codepoint=127))
def test_an_altered_token_is_nobody_s(at: int, letter: str) -> None:
    served = ServedApis()
    token = served.tokens.issue(STUDIO).value
    assert len(token) == 58
    altered = token[:at] + letter + token[at + 1 :]
    assert (served.tokens.key_of(altered) == STUDIO) is (altered == token)


@pytest.mark.parametrize("token", ["", "rbt_", "rbt_1790086400_", "\N{SNOWMAN}", "x" * 10_000])
def test_anything_else_is_nobody_s(served: ServedApis, token: str) -> None:
    assert served.tokens.key_of(token) is None


def test_the_signing_secret_s_other_signatures_are_no_tokens(served: ServedApis) -> None:
    token = served.tokens.issue(STUDIO).value
    ends_at = token.split("_")[1]
    for provider, job_id in (
        ("studio", ends_at),
        (f"{ends_at}\n{HASHES['studio']}\nstudio", ""),
    ):
        mac = make_token(SIGNING_SECRET, provider, JobId(job_id))
        assert served.tokens.key_of(f"rbt_{ends_at}_{mac}") is None


def test_a_client_without_a_name_gets_nowhere(served: ServedApis) -> None:
    served.hashes = Hashes({"": HASHES["studio"]})
    assert served.tokens.key_of(served.tokens.issue(a_key("", HASHES["studio"])).value) is None


def test_a_token_may_do_what_its_key_may(served: ServedApis) -> None:
    served.hashes = Hashes(dict(HASHES) | scoped("studio", "a" * 64, *EVERYTHING))
    key = next(each for each in keys_in(served.hashes()) if each.scopes == EVERYTHING)
    token = served.tokens.issue(key).value
    assert served.tokens.key_of(token) == key
    assert served.tokens.key_of(served.tokens.issue(STUDIO).value) == STUDIO
    served.hashes = Hashes(dict(HASHES))
    assert served.tokens.key_of(token) is None


def test_a_key_in_both_forms_has_its_scopes_whatever_the_order(served: ServedApis) -> None:
    first, second = {"studio": "a" * 64}, scoped("studio", "a" * 64, "jobs:read")
    (key,) = keys_in(second)
    for secret in (first | second, second | first):
        served.hashes = Hashes(secret)
        assert [*keys_in(secret)] == [key]
        assert served.tokens.key_of(served.tokens.issue(key).value) == key
