import hmac
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from ringback.callbacks.signatures import TOLERANCE_SECONDS, verify_signature
from ringback.domain.errors import SignatureRejected

# Made here, for the provider's documentation has no test vectors.
KEY = b"unit-test-webhook-key"
SENT_AT = "1790000000"
VECTORS = {
    "0123456789abcdef0123456789abcdef": "0sOKEuIpvRXdwCFp1hHj8WRKlz4MTWRw8j7Nsm4f4vM=",
    "task_seedream_1790000000001": "w5uh9K2hJPBUxmS1RkCDPTuF/C3QYIaT94lSUxaXgfY=",
}
TASK, SIGNATURE = next(iter(VECTORS.items()))
NOW = datetime.fromtimestamp(int(SENT_AT), UTC)

any_text = st.text(st.characters(), max_size=80)  # lone surrogates included


def verify(
    task: str = TASK,
    signature: str = SIGNATURE,
    sent_at: str = SENT_AT,
    *,
    keys: Sequence[bytes] = (KEY,),
    now: datetime = NOW,
) -> None:
    verify_signature(
        signed=f"{task}.{sent_at}".encode("utf-8", "surrogatepass"),
        signature=signature,
        sent_at=sent_at,
        keys=keys,
        now=now,
    )


def sign(task: str, sent_at: str, key: bytes = KEY) -> str:
    return b64encode(hmac.digest(key, f"{task}.{sent_at}".encode(), "sha256")).decode()


def flip(text: str, position: int, bit: int) -> str:
    letters = list(text)
    letters[position] = chr(ord(letters[position]) ^ 1 << bit)
    return "".join(letters)


@pytest.mark.parametrize(("task", "signature"), VECTORS.items())
def test_the_vectors_are_genuine(task: str, signature: str) -> None:
    verify(task, signature)


@given(st.binary(min_size=1, max_size=80), st.from_regex(r"[!-~]{1,200}", fullmatch=True))
def test_what_the_key_signed_is_genuine(key: bytes, task: str) -> None:
    verify(task, sign(task, SENT_AT, key), keys=[key])


def test_any_one_bit_of_the_signature_matters() -> None:
    for position in range(len(SIGNATURE)):
        for bit in range(8):
            with pytest.raises(SignatureRejected):
                verify(signature=flip(SIGNATURE, position, bit))


def test_any_one_bit_of_the_task_id_matters() -> None:
    for position in range(len(TASK)):
        for bit in range(8):
            with pytest.raises(SignatureRejected):
                verify(flip(TASK, position, bit))


def test_any_one_bit_of_the_time_matters() -> None:
    for position in range(len(SENT_AT)):
        for bit in range(8):
            changed = flip(SENT_AT, position, bit)
            # Even if the clock agrees with the changed time.
            now = datetime.fromtimestamp(int(changed), UTC) if changed.isdecimal() else NOW
            with pytest.raises(SignatureRejected):
                verify(sent_at=changed, now=now)


@given(
    st.from_regex(r"[!-~]{1,60}", fullmatch=True),
    st.binary(min_size=16, max_size=64),
    st.integers(0, 999),
    st.integers(0, 7),
)
def test_any_bit_of_any_genuine_call_matters(task: str, key: bytes, at: int, bit: int) -> None:
    genuine = [task, sign(task, SENT_AT, key), SENT_AT]
    verify(*genuine, keys=[key])
    for part, text in enumerate(genuine):
        broken = [*genuine]
        broken[part] = flip(text, at % len(text), bit)
        with pytest.raises(SignatureRejected):
            verify(*broken, keys=[key])


@given(any_text, any_text, any_text)
@example(TASK, SIGNATURE, " 1790000000")
@example(TASK, SIGNATURE, "1790000000\n")
@example(TASK, SIGNATURE, "+1790000000")
@example(TASK, SIGNATURE, "1_790_000_000")
@example(TASK, SIGNATURE, "1790000000.0")
@example(TASK, SIGNATURE, "१७९०००००००")
@example(TASK, SIGNATURE, "-1")
@example(TASK, SIGNATURE, "9" * 5000)
@example(TASK, "\udcff", SENT_AT)
@example(TASK, "", SENT_AT)
def test_garbage_raises_only_signature_rejected(task: str, signature: str, sent_at: str) -> None:
    assume((task, signature, sent_at) != (TASK, SIGNATURE, SENT_AT))
    with pytest.raises(SignatureRejected):
        verify(task, signature, sent_at)


@pytest.mark.parametrize(
    "sent_at",
    [
        *(" 1790000000", "1790000000 ", "1790000000\n", "+1790000000", "1_790_000_000"),
        *("1790000000.0", "1.79e9", "0x6ab12f00", "१७९०००००००", "0001790000000", ""),
    ],
)
def test_a_timestamp_has_one_notation_even_if_it_is_signed(sent_at: str) -> None:
    with pytest.raises(SignatureRejected):
        verify(TASK, sign(TASK, sent_at), sent_at)


@pytest.mark.parametrize(
    "spelling",
    [
        SIGNATURE.rstrip("="),
        f"{SIGNATURE} ",
        f"v1,{SIGNATURE}",
        f"sha256={SIGNATURE}",
        f"{SIGNATURE},{SIGNATURE}",
        hmac.digest(KEY, f"{TASK}.{SENT_AT}".encode(), "sha256").hex(),
    ],
)
def test_a_signature_has_one_encoding(spelling: str) -> None:
    with pytest.raises(SignatureRejected):
        verify(signature=spelling)


def test_url_safe_base64_is_refused() -> None:
    task = "task_seedream_1790000000001"
    digest = hmac.digest(KEY, f"{task}.{SENT_AT}".encode(), "sha256")
    assert "/" in VECTORS[task]
    with pytest.raises(SignatureRejected):
        verify(task, urlsafe_b64encode(digest).decode())


@pytest.mark.parametrize("seconds", [-300, -1, 0, 1, 300])
def test_five_minutes_before_or_after_are_accepted(seconds: int) -> None:
    verify(now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-360, -301, 301, 360, 86_400])
def test_a_second_more_is_refused(seconds: int) -> None:
    assert TOLERANCE_SECONDS == 300
    with pytest.raises(SignatureRejected):
        verify(now=NOW + timedelta(seconds=seconds))


def test_both_keys_are_valid_during_a_rotation() -> None:
    keys = [b"the-next-key", KEY]
    verify(keys=keys)
    verify(signature=sign(TASK, SENT_AT, b"the-next-key"), keys=keys)
    with pytest.raises(SignatureRejected):
        verify(signature=sign(TASK, SENT_AT, b"another-key"), keys=keys)


def test_without_a_key_every_signature_is_refused() -> None:
    with pytest.raises(SignatureRejected):
        verify(keys=[])


def test_an_error_contains_no_secret() -> None:
    with pytest.raises(SignatureRejected) as raised:
        verify(signature="x" * 44)
    for secret in (KEY.decode(), SIGNATURE, TASK, "x" * 44):
        assert secret not in str(raised.value)
