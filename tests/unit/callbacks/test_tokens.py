import re
from string import printable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.callbacks.tokens import CallbackTokens, CallbackUrls, make_token, valid_secrets
from ringback.domain.errors import NotConfigured
from ringback.domain.jobs import JobId

from tests.support.jobs import a_job

SECRET = b"unit-test-callback-secret-of-44-characters-x"
OLDER = b"the-secret-that-was-current-before-this-one-"
JOB = JobId("job_01m31xcpg00000000000000000")
# Made by: printf 'kie:job_...' | openssl dgst -sha256 -hmac ... -binary | base64, then base64url.
TOKEN = "swkjI1DBy0cEemK1J_9NxcVkjqIp3SfNX1FrNrZ0U7s"
TOKENS = CallbackTokens(secrets=lambda: [SECRET])

any_text = st.text(st.characters(), max_size=80)  # lone surrogates included


def flip(text: str, position: int, bit: int) -> str:
    """Flip one bit of an ASCII text; the eighth makes a Latin-1 character."""
    letters = list(text)
    letters[position] = chr(ord(letters[position]) ^ 1 << bit)
    return "".join(letters)


def test_a_token_is_the_one_of_openssl() -> None:
    assert make_token(SECRET, "kie", JOB) == TOKEN


@given(st.binary(min_size=32, max_size=64), any_text, any_text)
def test_a_token_fits_into_a_path_and_is_genuine(secret: bytes, provider: str, job: str) -> None:
    token = make_token(secret, provider, JobId(job))
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    assert CallbackTokens(secrets=lambda: [secret]).is_genuine(provider, JobId(job), token)


def test_a_token_with_any_one_bit_changed_is_refused() -> None:
    for position in range(len(TOKEN)):
        for bit in range(8):
            assert not TOKENS.is_genuine("kie", JOB, flip(TOKEN, position, bit))


def test_a_token_is_for_one_job_of_one_provider() -> None:
    for position in range(len(JOB)):
        for bit in range(8):
            assert not TOKENS.is_genuine("kie", JobId(flip(JOB, position, bit)), TOKEN)
    for position in range(3):
        for bit in range(8):
            assert not TOKENS.is_genuine(flip("kie", position, bit), JOB, TOKEN)


@given(any_text)
def test_any_other_token_is_refused_without_an_exception(token: str) -> None:
    assert TOKENS.is_genuine("kie", JOB, token) == (token == TOKEN)


@pytest.mark.parametrize(
    "spelling",
    [
        # Decodes to the same bytes: two bits of the last character are unused.
        TOKEN.removesuffix("s") + "t",
        *(f"{TOKEN}=", f" {TOKEN}", f"{TOKEN}\n", TOKEN.upper(), TOKEN.replace("_", "/"), ""),
    ],
)
def test_a_token_has_one_encoding(spelling: str) -> None:
    assert not TOKENS.is_genuine("kie", JOB, spelling)


def test_during_a_rotation_both_secrets_verify_and_the_new_one_signs() -> None:
    tokens = CallbackTokens(secrets=lambda: [SECRET, OLDER])
    assert tokens.is_genuine("kie", JOB, make_token(SECRET, "kie", JOB))
    assert tokens.is_genuine("kie", JOB, make_token(OLDER, "kie", JOB))
    assert not tokens.is_genuine("kie", JOB, make_token(b"x" * 44, "kie", JOB))
    urls = CallbackUrls(base_url="https://callbacks.example", secrets=lambda: [SECRET, OLDER])
    assert urls("kie", JOB) == f"https://callbacks.example/callbacks/kie/{JOB}/{TOKEN}"


def test_a_job_may_have_been_sent_with_a_url_under_each_valid_secret() -> None:
    urls = CallbackUrls(base_url="https://callbacks.example", secrets=lambda: [SECRET, OLDER])
    job = a_job()
    tokens = [make_token(secret, "kie", job.job_id) for secret in (SECRET, OLDER)]
    path = f"callbacks/kie/{job.job_id}"
    assert urls.of(job) == [f"https://callbacks.example/{path}/{token}" for token in tokens]
    moved = a_job(callback_base_url="https://former.example/x")
    assert urls.of(moved) == [f"https://former.example/x/{path}/{token}" for token in tokens]


def test_without_a_secret_every_token_is_refused() -> None:
    nothing = CallbackTokens(secrets=lambda: [])
    assert not nothing.is_genuine("kie", JOB, TOKEN)
    assert not nothing.is_genuine("kie", JOB, "")


def test_the_secret_has_a_current_and_a_previous_key() -> None:
    current, previous = SECRET.decode(), OLDER.decode()
    assert valid_secrets({"current": current}) == [SECRET]
    assert valid_secrets({"current": current, "previous": previous}) == [SECRET, OLDER]
    assert valid_secrets({"current": current, "previous": ""}) == [SECRET]
    assert valid_secrets({"current": "x" * 32}) == [b"x" * 32]


@pytest.mark.parametrize(
    "secret",
    [
        {},
        {"current": ""},
        {"current": None},
        {"current": printable[:31]},
        {"current": SECRET.decode(), "previous": printable[:31]},
        {"current": printable[:31], "previous": SECRET.decode()},
    ],
)
def test_a_secret_that_could_be_guessed_is_refused(secret: dict[str, str | None]) -> None:
    with pytest.raises(NotConfigured) as raised:
        valid_secrets(secret)
    assert printable[:31] not in str(raised.value)
    too_short = [name for name, value in secret.items() if value and len(value) < 32]
    assert all(repr(name) in str(raised.value) for name in too_short)


def test_urls_are_signed_with_what_the_secret_has_now() -> None:
    secret = {"current": "a" * 32}
    urls = CallbackUrls.signed_by(lambda: secret, "https://callbacks.example")
    first = urls("kie", JobId("job_1"))
    secret["current"] = "b" * 32
    assert first != urls("kie", JobId("job_1"))
    assert first.endswith(make_token(b"a" * 32, "kie", JobId("job_1")))
