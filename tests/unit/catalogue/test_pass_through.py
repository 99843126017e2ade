"""Models that the catalogue does not have: taken if the owner allows it, and not blindly."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.catalogue.pass_through import (
    DEEPEST,
    LONGEST_TEXT,
    MOST_VALUES,
    pass_through_errors,
)
from ringback.catalogue.requests import read_request
from ringback.domain.errors import InvalidRequest
from ringback.domain.jobs import JobRequest

MODEL = "google/nano-banana"


def read(given: Any, *, model: str = MODEL, allowed: bool = True) -> JobRequest:
    body = json.dumps({"model": model, "input": given}).encode()
    return read_request(body, pass_through=allowed)


def wrong_fields(given: Any, *, model: str = MODEL, allowed: bool = True) -> list[str]:
    with pytest.raises(InvalidRequest) as refused:
        read(given, model=model, allowed=allowed)
    return [error.field for error in refused.value.errors]


def nested(depth: int) -> Any:
    return "x" if depth == 0 else [nested(depth - 1)]


def test_another_model_is_refused_unless_the_deployment_allows_it() -> None:
    assert wrong_fields({"prompt": "x"}, allowed=False) == ["model"]


def test_what_nobody_checked_is_taken_as_it_is_and_marked() -> None:
    sent = {"prompt": "x", "image_input": ["https://a.example/1.png"], "n": 2, "deep": {"a": None}}
    request = read(sent)
    assert (request.model, request.provider, request.is_checked) == (MODEL, "kie", False)
    assert request.input == sent


def test_a_model_of_the_catalogue_is_checked_all_the_same() -> None:
    assert wrong_fields({"prompt": ""}, model="seedream/4.5-text-to-image") == ["input.prompt"]
    assert read({"prompt": "x"}, model="seedream/4.5-text-to-image").is_checked


@pytest.mark.parametrize(
    "model",
    [
        "",
        " ",
        "a b",
        "../x",
        "a//b",
        "a/",
        "/a",
        "x" * 101,
        "a/b/c/d/e",
        "chanjing/other",
        "é",
        "a?b",
    ],
)
def test_what_is_no_id_of_kie_is_no_model(model: str) -> None:
    assert wrong_fields({"prompt": "x"}, model=model) == ["model"]


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/1.png",
        "//a.example/1.png",
        "file:///etc/passwd",
        "ftp://a.example/",
        "s3://bucket/key",
        "data:image/png;base64,AAAA",
        "DATA:,x",
        " https://a.example/1.png",
        "https://user:pass@a.example/",
        "https:\\\\a.example/",
        "https://a.example/a b",
        "https://",
        "https://a.example/" + "x" * 2048,
    ],
)
def test_every_url_is_checked_wherever_it_stands(url: str) -> None:
    given = {"prompt": "x", "image_url": url, "images": [{"url": ["https://a.example/", url]}]}
    assert wrong_fields(given) == ["input.image_url", "input.images.0.url.1"]


@pytest.mark.parametrize("text", ["see https://a.example", "a // b", "3:4", "//"[:1], "data"])
def test_text_that_only_mentions_a_url_is_text(text: str) -> None:
    assert read({"prompt": text}).input == {"prompt": text}


def test_sizes_and_depth_are_bounded() -> None:
    assert read({"a": nested(DEEPEST - 1)})
    assert wrong_fields({"a": nested(DEEPEST + 40)}) == ["input.a" + ".0" * (DEEPEST - 1)]
    assert read({"a": "x" * LONGEST_TEXT})
    assert wrong_fields({"a": "x" * (LONGEST_TEXT + 1)}) == ["input.a"]
    assert read({"a": [0] * MOST_VALUES})
    assert wrong_fields({"a": [0] * (MOST_VALUES + 1)}) == ["input"]
    assert wrong_fields({"a": 2**63, "b": -(2**63) - 1, "c": 2**63 - 1}) == ["input.a", "input.b"]


def test_every_wrong_place_is_named_at_once_beside_a_wrong_field_of_the_body() -> None:
    body = {"model": MODEL, "input": {"a": "http://x", "b": "ftp://y"}, "mode": 1}
    with pytest.raises(InvalidRequest) as refused:
        read_request(json.dumps(body).encode(), pass_through=True)
    assert [error.field for error in refused.value.errors] == ["mode", "input.a", "input.b"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=30,
    )
)
def test_any_input_ends_in_a_list_of_what_is_wrong(value: Any) -> None:
    for error in pass_through_errors({"a": value}):
        assert error.field.startswith("input")
        assert error.message
