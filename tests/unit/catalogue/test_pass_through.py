"""Models outside the catalogue: accepted only if enabled, and marked as unchecked."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.errors import InvalidRequest
from ringback.domain.jobs import JobRequest

from tests.support.model_facts import FACTS, smallest
from tests.support.requests import read_request

MODEL = "google/nano-banana"
GOOD = "https://pictures.example/a%20cat.png"


def body(given: Any, model: Any = MODEL) -> bytes:
    return json.dumps({"model": model, "input": given}).encode()


def read(given: Any, model: str = MODEL) -> JobRequest:
    return read_request(body(given, model), pass_through=True)


def refusals(raw: bytes) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as refused:
        read_request(raw, pass_through=True)
    return {error.field: error.message for error in refused.value.errors}


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = {"x": value} if level % 2 else [value]
    return value


def test_any_input_is_passed_on_unchanged_and_unchecked() -> None:
    sent = {"Prompt": "", "n": 10**15, "scale": 2.5, "none": None, "list": [[], {}, True]}
    request = read(sent)
    assert request == JobRequest(
        model=MODEL,
        provider="kie",
        input=sent,
        sent={"model": MODEL, "input": sent},
        checked=False,
    )


def test_pass_through_must_be_enabled() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_request(body({"prompt": "x"}))
    (error,) = refused.value.errors
    assert (error.field, error.message[:14]) == ("model", "unknown model;")


@pytest.mark.parametrize("model", FACTS)
def test_a_model_of_the_catalogue_is_always_checked(model: str) -> None:
    assert read(smallest(model), model).checked is True
    assert refusals(body(smallest(model) | {"colour": 1}, model)) == {
        "input.colour": "unknown field"
    }


@pytest.mark.parametrize(
    "model", ["z-image", "flux-2/pro-text-to-image", "a", "Qwen3/x_1.5", "a/b/c", "x" * 100]
)
def test_a_valid_model_id_is_accepted(model: str) -> None:
    assert read({}, model).model == model


@pytest.mark.parametrize(
    "model",
    [
        "",
        "/",
        "a/",
        "/a",
        "a//b",
        "../a",
        "a/../b",
        ".a",
        "-a",
        "a b",
        " a",
        "a\n",
        "a?b",
        "a%2fb",
        "https://a.example/",
        "caf\N{LATIN SMALL LETTER E WITH ACUTE}",
        "x" * 101,
        "chanjing/",
        "chanjing/any",
        "Chanjing/any",
        "chanjing/doubao-seedream-9",
        "Seedream/4.5-Edit",
    ],
)
def test_any_other_model_id_is_refused(model: str) -> None:
    assert refusals(body({}, model)).keys() == {"model"}


URLS = [
    "http://a.example/1.png",
    "HTTP://a.example/1.png",
    "https://user@a.example/1.png",
    f"{GOOD}?{'x' * 2048}",
    "ftp://a.example/1.png",
    "s3://bucket/1.png",
    "gopher://a.example",
    "//a.example/1.png",
    "\\\\a.example\\1.png",
    "data:image/png;base64,AAAA",
    "data:,x",
    "Data: a chart",
    "file:/etc/passwd",
    "https:/a.example",
    "http:a.example",
    f" {GOOD}",
    f"\n{GOOD}",
    f"\ufeff{GOOD}",
    "\u200bhttp://a.example",
    "\ufeff \u200bgopher://a.example",
    " //a.example",
    "ht\ntp://a.example",
    "\thttp:\n//a.example",
    f"{GOOD} and more",
    "https://",
]


@pytest.mark.parametrize("url", URLS)
def test_text_that_looks_like_a_url_must_be_a_valid_one(url: str) -> None:
    sent = {"a": {"image": url}, "b": [GOOD, url], "c": GOOD}
    errors = refusals(body(sent))
    assert errors.keys() == {"input.a.image", "input.b.1"}
    assert all("https" in message or "2048" in message for message in errors.values())


@pytest.mark.parametrize(
    "text",
    [
        f"Copy {GOOD} in blue",
        "first line\nhttp://a.example",
        "ratio 16:9",
        "1:1",
        "File: a passport photo",
        "a // b",
        "and/or",
        "",
        ":",
    ],
)
def test_text_may_contain_a_url(text: str) -> None:
    assert read({"prompt": text}).input == {"prompt": text}


@pytest.mark.parametrize("name", ["image_url", "imageUrl", "image_urls", "input_urls", "url"])
def test_a_field_that_is_named_so_must_be_a_url(name: str) -> None:
    for path in ("fox.png", "C:\\fox.png", "~/fox.png", "a.example/fox"):
        for value, field in ((path, name), ([GOOD, path], f"{name}.1")):
            if isinstance(value, str) == (not name.endswith("s")):
                [(found, message)] = refusals(body({name: value})).items()
                assert found == f"input.{field}"
                assert "https://" in message
    assert read({name: GOOD, "prompt": "fox.png"}).input[name] == GOOD
    assert read({name: ""}).input[name] == ""
    assert read({"curl": "fox.png", "image": "fox.png"})


def test_the_depth_of_json_is_limited() -> None:
    read({"x": nested(7)})
    too_deep = "must not be nested deeper than 8 levels"
    assert refusals(body({"x": nested(8), "y": [nested(7), 1], "z": "http://a.example"})) == {
        "input.x.x.0.x.0.x.0.x": too_deep,
        "input.y.0.0.x.0.x.0.x": too_deep,
        "input.z": "must start with https://, not http://; many hosts answer to both",
    }


def test_the_number_of_values_is_limited() -> None:
    read({"x": [0] * 999})
    read({str(n): 0 for n in range(1000)})
    for sent in ({"x": [0] * 1000}, {"x": [[0] * 499, [0] * 499]}, {"x": ["http://a"] * 5000}):
        assert refusals(body(sent)) == {"input": "must contain at most 1000 values in total"}


def test_the_length_of_a_text_is_limited() -> None:
    read({"x": "\N{SNOWMAN}" * 10_000})
    assert refusals(body({"x": ["y" * 10_001]})) == {
        "input.x.0": "must have at most 10000 characters; it has 10001"
    }


def test_the_length_of_a_name_is_limited() -> None:
    read({"n" * 100: 1})
    too_long = {"n" * 101: ["http://a"] * 900}
    assert refusals(body({"x": too_long})) == {
        "input.x": "must have names of at most 100 characters"
    }


def test_the_size_of_a_number_is_limited() -> None:
    read({"x": [2**63 - 1, -(2**63), 1e308, -0.0, True]})
    assert refusals(body({"a": 2**63, "b": [-(2**63) - 1]})) == {
        "input.a": "must be an integer of at most 64 bits",
        "input.b.0": "must be an integer of at most 64 bits",
    }
    endless = b'{"model": "%s", "input": {"x": 1e999}}' % MODEL.encode()
    with pytest.raises(InvalidRequest):
        read_request(endless, pass_through=True)


@pytest.mark.parametrize("value", [None, 7, "x", True, [], [{}]])
def test_an_input_is_an_object(value: Any) -> None:
    assert refusals(body(value)) == {"input": "must be a JSON object"}


def test_errors_of_the_envelope_are_reported_as_well() -> None:
    raw = json.dumps({"model": MODEL, "input": {"x": "http://a"}, "priority": 1}).encode()
    assert refusals(raw).keys() == {"priority", "input.x"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(URLS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=8), JSON))
def test_any_json_is_accepted_unchanged_or_refused(sent: dict[str, Any]) -> None:
    raw = body(sent)
    try:
        request = read_request(raw, pass_through=True)
    except InvalidRequest as refused:
        assert refused.errors
    else:
        assert request.input == json.loads(raw)["input"]
        assert not any(url in json.dumps(request.input) for url in ("data:image", "ftp://"))


@pytest.mark.parametrize(
    ("model", "meant"),
    [
        ("bytedance/seedream-v4-edt", "bytedance/seedream-v4-edit"),
        ("bytdance/seedream-v4-edit", "bytedance/seedream-v4-edit"),
        ("seedream-v4-edit", "bytedance/seedream-v4-edit"),
        ("seedream-v4-edti", "bytedance/seedream-v4-edit"),
        ("kie/bytedance/seedream-v4-edit", "bytedance/seedream-v4-edit"),
        ("bytedance/seedream_v4_edit", "bytedance/seedream-v4-edit"),
        ("seedream/45-edit", "seedream/4.5-edit"),
        ("seedream/4.5-text-to-imge", "seedream/4.5-text-to-image"),
        ("doubao-seedream-4.0", "chanjing/doubao-seedream-4.0"),
        ("doubao-seedream-4", "chanjing/doubao-seedream-4.0"),
        ("kling-v2", "chanjing/kling-v2"),
    ],
)
def test_a_mistyped_id_of_the_catalogue_is_not_passed_on(model: str, meant: str) -> None:
    message = refusals(body({"prompt": "x"}, model))["model"]
    assert "did you mean" in message
    assert meant in message


@pytest.mark.parametrize(
    "model",
    [
        *("seedream/5.5-edit", "seedream/6-pro-text-to-image", "bytedance/seedream-v5-edit"),
        *("seedream/4.5-image-to-image", "bytedance/seedance-1.5-pro", "bytedance/v1-pro-text"),
        *("seedream/5-lite-text-to-video", "flux/4.5-edit", "kling/v2-1-pro", "kling-2.6/text"),
        *("google/nano-banana-edit", "google/imagen4", "qwen/image-edit", "wan/2-2-a14b-turbo"),
        *("seedream/5-max-text-to-image", "bytedance/seedream-v4-edit-fast"),
    ],
)
def test_another_model_of_a_known_family_is_passed_on(model: str) -> None:
    assert read({"prompt": "x"}, model).checked is False


@pytest.mark.parametrize("name", ["callBackUrl", "callback_url", "webhook", "webhookUrl"])
def test_a_callback_is_never_passed_on(name: str) -> None:
    (message,) = refusals(body({"prompt": "x", name: GOOD})).values()
    assert message == "unknown field; send callBackUrl beside input, not in it"
    assert refusals(body({"options": [{name: GOOD}]})).keys() == {f"input.options.0.{name}"}
