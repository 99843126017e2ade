import contextlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ringback.callbacks.signatures import usable_keys
from ringback.domain.errors import MalformedCallback, NotConfigured, SignatureRejected
from ringback.domain.verdicts import OutcomeUnknown, TaskReport, TaskState
from ringback.providers.api_calls import read_envelope, read_object
from ringback.providers.kie.callback import KieCallbackReader
from ringback.providers.kie.client import read_submission
from ringback.providers.kie.provider import PROVIDER
from ringback.providers.kie.tasks import MAX_IMAGES, read_task

from tests.support.callbacks import RECORDED_TASK, recorded, sign

NOW = datetime(2026, 9, 21, 13, 33, 20, tzinfo=UTC)
SENT_AT = int(NOW.timestamp())
KEY = "unit-test-webhook-key"
SECRETS: dict[str, Any] = {"webhook_hmac_keys": [KEY]}
UNSIGNED = KieCallbackReader(keys=lambda: [])

FIELDS = [
    "taskId",
    "task_id",
    "state",
    "resultJson",
    "param",
    "failCode",
    "failMsg",
    "data",
    "code",
]
FIELDS += ["msg", "message", "creditsConsumed", "consumeCredits", "resultUrls", "callBackUrl"]
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["success", "fail", RECORDED_TASK, "1E-99999999999999999999", "sNaN", "-0"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=25,
)


def signed_headers(task_id: str = RECORDED_TASK, key: str = KEY) -> dict[str, str]:
    return {
        "x-webhook-timestamp": str(SENT_AT),
        "x-webhook-signature": sign(task_id, SENT_AT, key),
    }


def check_strict(report: TaskReport) -> None:
    assert 1 <= len(report.task_id) <= 200
    assert report.task_id.isascii()
    assert isinstance(report.state, TaskState)
    assert all(isinstance(url, str) and url for url in report.image_urls)
    assert len(report.code) <= 2000
    assert len(report.message) <= 2000
    if report.credits is not None:
        assert 0 <= report.credits < Decimal(1_000_000_000)
        assert len(report.credits.as_tuple().digits) <= 38  # what DynamoDB can hold


@given(st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=8))
@example({"taskId": "x", "creditsConsumed": 10**4299, "failCode": 10**4299, "code": 10**4299})
@example({"taskId": "x", "creditsConsumed": "1E-99999999999999999999"})
@example({"taskId": "x", "state": {"success": [[]]}, "resultJson": '{"resultUrls":{"0":"u"}}'})
def test_any_task_is_read_or_refused(envelope: dict[str, Any]) -> None:
    with contextlib.suppress(MalformedCallback):
        check_strict(read_task(envelope))


@given(st.binary(max_size=300) | json_values.map(lambda value: json.dumps(value).encode()))
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b'{"taskId":"x","resultJson":"' + b"[" * 100_000 + b'"}')
@example(b'{"taskId":"x","state":' + b"9" * 5000 + b"}")
@example(b'{"taskId":"\\ud800"}')
@example(b"NaN")
def test_any_body_is_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(MalformedCallback):
        check_strict(UNSIGNED.read({}, body, now=NOW).report)


@given(st.binary(max_size=300), st.dictionaries(st.text(max_size=30), st.text(max_size=60)))
def test_with_a_key_every_invalid_body_is_refused_alike(
    body: bytes, headers: dict[str, str]
) -> None:
    reader = PROVIDER.listen(lambda: SECRETS)
    with pytest.raises(SignatureRejected):
        reader.read(headers, body, now=NOW)


def test_two_keys_are_valid_at_once() -> None:
    secret = {"webhook_hmac_keys": ["next-webhook-key", KEY]}
    reader = PROVIDER.listen(lambda: secret)
    for key in ("next-webhook-key", KEY):
        assert reader.read(signed_headers(key=key), recorded("success"), now=NOW).proven


@pytest.mark.parametrize(
    "keys", [{}, *({"webhook_hmac_keys": keys} for keys in (None, [], "", [""]))]
)
def test_without_a_key_even_a_signed_callback_is_unproven(keys: dict[str, Any]) -> None:
    reader = PROVIDER.listen(lambda: keys)
    for key in (KEY, ""):
        callback = reader.read(signed_headers(key=key), recorded("success"), now=NOW)
        assert not callback.proven


def test_a_single_string_is_one_key() -> None:
    reader = PROVIDER.listen(lambda: {"webhook_hmac_keys": KEY})
    assert reader.read(signed_headers(), recorded("success"), now=NOW).proven
    for letter in KEY:
        with pytest.raises(SignatureRejected):
            reader.read(signed_headers(key=letter), recorded("success"), now=NOW)


@pytest.mark.parametrize("given", ["x" * 15, ["x" * 15], [KEY, "short"], [KEY, 7], {"a": KEY}])
def test_a_key_that_could_be_guessed_is_refused_by_name(given: Any) -> None:
    reader = PROVIDER.listen(lambda: {"webhook_hmac_keys": given})
    with pytest.raises(NotConfigured, match="webhook_hmac_keys: each key must be"):
        reader.read(signed_headers(), recorded("success"), now=NOW)
    sixteen = PROVIDER.listen(lambda: {"webhook_hmac_keys": "x" * 16})
    assert sixteen.read(signed_headers(key="x" * 16), recorded("success"), now=NOW).proven


@pytest.mark.parametrize(
    "key", [" " * 16, f"{'k' * 16}\n", f" {'k' * 16}", f"{'k' * 16}\u00a0", f"\ufeff{'k' * 16}"]
)
def test_a_key_with_white_space_around_it_is_refused_by_name(key: str) -> None:
    for keys in (key, ["k" * 16, key]):
        with pytest.raises(NotConfigured, match="webhook_hmac_keys: a key begins or ends with"):
            usable_keys("webhook_hmac_keys", keys)
    assert usable_keys("webhook_hmac_keys", ["k k" * 6]) == [b"k k" * 6]


def test_a_new_key_is_used_as_soon_as_the_secret_has_it() -> None:
    secret = dict(SECRETS)
    reader = PROVIDER.listen(lambda: secret)
    secret["webhook_hmac_keys"] = ["next-webhook-key"]
    assert reader.read(signed_headers(key="next-webhook-key"), recorded("success"), now=NOW).proven
    with pytest.raises(SignatureRejected):
        reader.read(signed_headers(), recorded("success"), now=NOW)


def test_the_signature_covers_the_task_in_the_body() -> None:
    reader = PROVIDER.listen(lambda: SECRETS)
    with pytest.raises(SignatureRejected):
        reader.read(signed_headers("another"), recorded("success"), now=NOW)


@pytest.mark.parametrize("spent", ["-0", "0.0000001", "3.5", 3.5, 1e-9, 5, "7e2"])
def test_credits_are_rounded_to_a_millionth(spent: object) -> None:
    found = read_task({"taskId": "x", "creditsConsumed": spent}).credits
    assert found is not None
    assert abs(found - Decimal(str(spent))) <= Decimal("0.0000005")


def test_an_envelope_must_be_an_object_with_a_code() -> None:
    for body in (b"[]", b"{}", b'{"code":"2OO"}', b'{"code":null}', b"{", b"[" * 100_000):
        assert read_envelope(httpx.Response(200, content=body)) == {}


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ('"200"', 200),
        ('" 200 "', 200),
        ('"200.0"', 200),
        ("200.0", 200),
        ("2e2", 200),
        ("200.5", None),
        ("true", None),
        ('"²00"', None),
        ('""', None),
        ('"200x"', None),
        ("1e999", None),
    ],
)
def test_a_code_may_be_written_as_text_or_as_a_float(written: str, code: int | None) -> None:
    answer = httpx.Response(200, content=f'{{"code":{written},"data":null}}'.encode())
    assert read_object(answer) == {"data": None} | ({} if code is None else {"code": code})


def listing(images: int) -> dict[str, Any]:
    urls = [f"https://cdn.example/{number}" for number in range(images)]
    return {"taskId": RECORDED_TASK, "state": "success", "resultJson": {"resultUrls": urls}}


def test_too_many_images_are_refused() -> None:
    assert len(read_task(listing(MAX_IMAGES)).image_urls) == MAX_IMAGES
    with pytest.raises(MalformedCallback):
        read_task(listing(MAX_IMAGES + 1))


def test_a_long_code_is_truncated() -> None:
    task = {"taskId": RECORDED_TASK, "state": "fail", "failCode": "x" * 3000}
    assert len(read_task(task).code) == 64


def repeating(within: str, more: str) -> bytes:
    body = recorded("success")
    assert within.encode() in body
    return body.replace(within.encode(), f"{more}{within}".encode(), 1)


@pytest.mark.parametrize(
    "body",
    [
        repeating('"taskId"', f'"taskId":"{RECORDED_TASK}",'),
        repeating('"state"', '"state":"success",'),
        repeating('"code"', '"code":200,'),
        repeating(r"\"resultUrls\"", r"\"resultUrls\":[],"),
    ],
)
def test_a_signed_callback_that_repeats_a_name_is_only_a_hint(body: bytes) -> None:
    reader = PROVIDER.listen(lambda: SECRETS)
    callback = reader.read(signed_headers(), body, now=NOW)
    assert callback.report.task_id == RECORDED_TASK
    assert not callback.proven


def test_a_callback_with_two_task_ids_names_none() -> None:
    body = repeating('"taskId"', '"taskId":"another",')
    with pytest.raises(MalformedCallback):
        UNSIGNED.read({}, body, now=NOW)
    for task_id in (RECORDED_TASK, "another"):
        with pytest.raises(SignatureRejected):
            PROVIDER.listen(lambda: SECRETS).read(signed_headers(task_id), body, now=NOW)


def test_an_answer_with_two_codes_proves_nothing() -> None:
    for status in (200, 400, 422, 500):
        content = b'{"code": 422, "code": 200, "data": {"taskId": "t"}}'
        answer = read_submission(httpx.Response(status, content=content))
        assert isinstance(answer, OutcomeUnknown)


A_URL = "https://cdn.example/1.png"
WITH_IMAGE = {"resultJson": {"resultUrls": [A_URL]}}
NO_CODES = (None, "", 0, "200", "null", "None")
FAIL, RUNNING, SUCCESS = TaskState.FAILED, TaskState.RUNNING, TaskState.SUCCEEDED


@pytest.mark.parametrize(
    ("task", "state"),
    [
        # Words of the page are what it says.
        ({"state": "waiting", **WITH_IMAGE, "failCode": "500"}, RUNNING),
        ({"state": "fail", **WITH_IMAGE}, FAIL),
        *(({"state": word}, SUCCESS) for word in ("success", "complete", "Done")),
        # Other ends are a success with images; any other word is a failure with a code.
        *(({"state": word}, RUNNING) for word in ("cancelled", "timeout", "new", "", None)),
        *(
            ({"state": word, **WITH_IMAGE, "failCode": "500"}, state)
            for word, state in (("cancelled", SUCCESS), ("timeout", SUCCESS), ("new", RUNNING))
        ),
        *(
            ({"state": word, "failCode": "500"}, FAIL)
            for word in ("canceled", "timed_out", "new", "", None)
        ),
        *(({"state": "timedOut", "failCode": code}, RUNNING) for code in NO_CODES),
        ({"state": "cancelled", "failMsg": "by its owner"}, FAIL),
        ({"state": "new", "failMsg": "slow, but going on"}, RUNNING),
        # Older families.
        ({"status": "GENERATING"}, RUNNING),
        ({"status": "SUCCESS"}, SUCCESS),
        *(({"status": word}, FAIL) for word in ("GENERATE_FAILED", "CREATE_TASK_FAILED")),
        ({"status": 200}, RUNNING),
        ({"successFlag": 0, **WITH_IMAGE}, RUNNING),
        ({"successFlag": 1}, SUCCESS),
        *(({"successFlag": flag}, FAIL) for flag in (2, 3, "3")),
        ({"successFlag": True}, RUNNING),
        ({"successFlag": 4}, RUNNING),
        ({"state": "generating", "successFlag": 1, "status": "SUCCESS"}, RUNNING),
        ({"errorCode": 400, "errorMessage": "flagged"}, FAIL),
        ({"code": 501}, FAIL),
        ({"code": 500}, RUNNING),
    ],
)
def test_the_state_of_a_task(task: dict[str, Any], state: TaskState) -> None:
    report = read_task({"data": {"taskId": RECORDED_TASK}} | task)
    assert report.state is state


def test_older_families_name_their_reasons_otherwise() -> None:
    data = {"taskId": "t", "successFlag": 3, "errorCode": 400, "errorMessage": "flagged"}
    report = read_task({"code": 200, "msg": "success", "data": data})
    assert (report.code, report.message) == ("400", "flagged")


@pytest.mark.parametrize(
    ("spent", "credits"),
    [
        ({"consumeCredits": 3.5}, Decimal("3.5")),
        ({"creditsConsumed": None, "consumeCredits": 5}, Decimal(5)),
        ({"creditsConsumed": 0, "consumeCredits": 5}, Decimal(0)),
    ],
)
def test_older_families_have_another_name_for_credits(
    spent: dict[str, Any], credits: Decimal
) -> None:
    assert read_task({"taskId": "x", **spent}).credits == credits
