import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.errors import InvalidRequest, PayloadTooLarge
from ringback.json_bodies import MAX_REQUEST_BYTES

from tests.support.jobs import MODEL, PROMPT
from tests.support.model_facts import FACTS, smallest
from tests.support.requests import read_request


def body(given: Any = None, **envelope: Any) -> bytes:
    return json.dumps({"model": MODEL, "input": given or {"prompt": PROMPT}} | envelope).encode()


def refusals(raw: bytes) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as refused:
        read_request(raw)
    return {error.field: error.message for error in refused.value.errors}


NOT_JSON = {
    "nothing": b"",
    "text": b"a red kite",
    "cut short": body()[:-1],
    "two values": body() + b"{}",
    "single quotes": b"{'model': 'x'}",
    "a comma too many": b'{"model": "x",}',
    "not UTF-8": body().replace(b"kite", b"k\xefte"),
    "a control character": body().replace(b"kite", b"ki\nte"),
    "NaN": body({"prompt": PROMPT, "seed": float("nan")}),
    "Infinity": body({"prompt": PROMPT, "seed": float("inf")}),
    "-Infinity": body({"prompt": PROMPT, "seed": float("-inf")}),
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"input":' * 10_000 + b"1" + b"}" * 10_000,
    "a number of many digits": body().replace(b'"a red', b"9" * 100_000 + b',"a red'),
    "a seed of many digits": b'{"model": "x", "input": {"seed": %s}}' % (b"9" * 100_000),
}


@pytest.mark.parametrize("raw", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_a_body_that_is_not_json_is_refused(raw: bytes) -> None:
    (message,) = refusals(raw).values()
    assert message.startswith("the body ")
    assert len(message) < 120
    assert "kite" not in message


@pytest.mark.parametrize("raw", [b"[]", b"null", b'"kite"', b"7", b"true", b"[{}]"])
def test_a_body_that_is_not_an_object_is_refused(raw: bytes) -> None:
    more = ", not a list" if raw.startswith(b"[") else ""
    assert refusals(raw) == {"": f"the body must be a JSON object{more}"}


def test_a_body_has_a_maximum_size() -> None:
    raw = body()
    assert read_request(raw + b" " * (MAX_REQUEST_BYTES - len(raw))).input["prompt"] == PROMPT
    with pytest.raises(PayloadTooLarge, match="131072"):
        read_request(raw + b" " * (MAX_REQUEST_BYTES - len(raw) + 1))


def test_a_body_over_the_limit_is_not_parsed() -> None:
    with pytest.raises(PayloadTooLarge):
        read_request(b"\xff" * (MAX_REQUEST_BYTES + 1))


def test_an_empty_object_lacks_both_fields() -> None:
    assert refusals(b"{}") == {"model": "required", "input": "required"}


@pytest.mark.parametrize("value", [None, 7, True, [], {}])
def test_a_model_must_be_a_string(value: Any) -> None:
    assert refusals(body(model=value)).keys() == {"model"}


@pytest.mark.parametrize("value", [None, 7, "x", True, [], [{}]])
def test_an_input_must_be_an_object(value: Any) -> None:
    assert refusals(body(input=value)) == {"input": "must be a JSON object"}


@pytest.mark.parametrize(
    ("model", "meant"),
    [
        ("", ""),
        ("nano-banana", ""),
        ("seedream", "; did you mean bytedance/seedream?"),
        (f" {MODEL}", f"; did you mean {MODEL}?"),
        (MODEL.upper(), f"; did you mean {MODEL}?"),
        ("bytedance/seedream_v4_text-to-image", f"; did you mean {MODEL}?"),
        ("seedream-v4-edit", "; did you mean bytedance/seedream-v4-edit?"),
        ("doubao-seedream-4.0", "; did you mean chanjing/doubao-seedream-4.0?"),
        ("kling-v2", "; did you mean chanjing/kling-v2?"),
        (f"{MODEL}\0", f"; did you mean {MODEL}"),
        ("x" * 100_000, ""),
    ],
)
def test_an_unknown_model_is_answered_with_the_likely_ones(model: str, meant: str) -> None:
    (message,) = refusals(body(model=model)).values()
    assert message.startswith(f"unknown model{meant or ';'}")
    assert message.endswith(" GET /models lists the available ones")


def test_envelope_and_input_errors_come_together() -> None:
    errors = refusals(
        body({"prompt": "", "max_images": 7, "seed": "1", "colour": "red"}, priority=1, Input={})
    )
    assert errors.keys() == {
        "priority",
        "Input",
        "input.prompt",
        "input.max_images",
        "input.seed",
        "input.colour",
    }
    assert errors["priority"] == errors["input.colour"] == "unknown field"


def test_an_invalid_item_is_named_by_its_index() -> None:
    urls = ["https://a.example/1.png", "http://a.example/2.png", 3]
    model = "bytedance/seedream-v4-edit"
    given = smallest(model) | {"image_urls": urls}
    assert refusals(body(given, model=model)).keys() == {
        "input.image_urls.1",
        "input.image_urls.2",
    }


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({}, "input.prompt", "required"),
        ({"prompt": PROMPT, "x": 1}, "input.x", "unknown field"),
        ({"prompt": None}, "input.prompt", "must not be null; omit the field instead"),
        (
            {"prompt": PROMPT * 1000},
            "input.prompt",
            f"must have at most 5000 characters; it has {len(PROMPT) * 1000}",
        ),
    ],
)
def test_messages_are_readable(given: dict[str, Any], field: str, message: str) -> None:
    raw = json.dumps({"model": MODEL, "input": given}).encode()
    assert refusals(raw) == {field: message}


def test_messages_about_lists_are_readable() -> None:
    model = "seedream/4.5-edit"
    for urls, message in [([], "at least 1"), (["https://a.example/"] * 15, "at most 14")]:
        errors = refusals(body(smallest(model) | {"image_urls": urls}, model=model))
        assert message in errors["input.image_urls"]
        assert "validation" not in errors["input.image_urls"]


@pytest.mark.parametrize(
    "raw",
    [
        body(PROMPT),
        body([PROMPT]),
        body({"prompt": [PROMPT]}),
        body({"prompt": {"text": PROMPT}}),
        body({"prompt": PROMPT * 300}),
        body({"prompt": "", "image_size": PROMPT, "colour": PROMPT}),
        body({"prompt": PROMPT, "image_resolution": PROMPT, "seed": PROMPT}),
        body({"prompt": PROMPT}, model=PROMPT),
        body({"prompt": PROMPT}, prompt=PROMPT),
        body({"prompt": PROMPT})[:-2],
        body({"prompt": PROMPT, "image_urls": [PROMPT]}, model="bytedance/seedream-v4-edit"),
    ],
)
def test_errors_never_contain_the_prompt(raw: bytes) -> None:
    assert all(PROMPT not in message for message in refusals(raw).values())


def test_a_field_that_is_given_twice_is_refused() -> None:
    raw = b'{"model": "%s", "input": {"max_images": 1, "max_images": 6}}' % MODEL.encode()
    assert refusals(raw) == {"input.max_images": "is given more than once; give it once"}


def test_half_an_emoji_costs_no_request() -> None:
    raw = body({"prompt": "kite \ud83e"})
    assert read_request(raw).input["prompt"] == "kite \ufffd"


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises((InvalidRequest, PayloadTooLarge)):
        read_request(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
INPUTS = st.dictionaries(
    st.sampled_from([*FACTS["seedream/4.5-edit"], *FACTS[MODEL]]) | st.text(max_size=8), JSON
)


@given(st.sampled_from(sorted(FACTS)), JSON | INPUTS, st.dictionaries(st.text(max_size=8), JSON))
def test_any_json_is_accepted_or_refused_with_errors(model: str, given: Any, more: Any) -> None:
    raw = json.dumps({"model": model, "input": given, **more}).encode()
    try:
        request = read_request(raw)
    except InvalidRequest as refused:
        assert refused.errors
    else:
        assert isinstance(request.input["prompt"], str)


def test_a_byte_order_mark_is_ignored_and_utf_16_is_refused() -> None:
    text = json.dumps({"model": MODEL, "input": {"prompt": "kite"}})
    assert read_request(text.encode("utf-8-sig")).input["prompt"] == "kite"
    with pytest.raises(InvalidRequest) as refused:
        read_request(text.encode("utf-16"))
    assert refused.value.errors[0].message == "the body is not UTF-8"
