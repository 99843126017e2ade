"""JSON that others wrote: what costs a message, and what does not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.errors import MAX_ERRORS, FieldError, InvalidRequest
from ringback.json_bodies import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_NAME,
    REPEATED,
    NotJson,
    json_object,
    parse_json,
    repeats,
)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def nested(levels: int) -> bytes:
    return b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)


@given(values, st.booleans())
def test_what_a_serializer_wrote_is_read_back(value: Any, ascii_only: bool) -> None:  # noqa: FBT001
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert parse_json(text).value == value
    assert parse_json(text.encode()) == parse_json(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"a \ud83d"', "a \ufffd"),
        (r'"\udc00 a"', "\ufffd a"),
        (r'"\ud83d\ud83d\ude00\ude00"', "\ufffd\U0001f600\ufffd"),
        (r'"\\ud83d"', r"\ud83d"),
        (r'"\\\ud83d"', "\\\ufffd"),
        (r'{"\uD83D": 1}', {"\ufffd": 1}),
        ("\ufeff7", 7),
        ('\ufeff{"a": "\ufeffb"}\ufeff\r\n', {"a": "\ufeffb"}),
        ('"a\nb"', "a\nb"),
    ],
)
def test_what_is_harmless_costs_nothing(text: str, value: Any) -> None:
    assert parse_json(text).value == value
    assert parse_json(text.encode()).value == value


def test_bytes_that_are_not_utf_8_are_replaced_in_providers_answers() -> None:
    assert parse_json(b'{"a": "x\xed\xa0\xbd"}').value["a"].strip("\ufffd") == "x"
    assert parse_json(b'{"a": "\xc4\xe3"}').value["a"].strip("\ufffd") == ""


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n", "is empty"),
        (b"NaN", "NaN is not a JSON number"),
        (b"[-Infinity]", "-Infinity is not a JSON number"),
        (b"[1e999]", "too large"),
        (b"-1e999", "too large"),
        (b"9" * 5000, f"more than {MAX_DIGITS} digits"),
        (nested(MAX_DEPTH + 1), f"deeper than {MAX_DEPTH}"),
        (nested(990), f"deeper than {MAX_DEPTH}"),
        (b"[" * 100_000, f"deeper than {MAX_DEPTH}"),
        (b'{"a": "cut', "is not JSON: unterminated string"),
        (b"{} {}", "is not JSON: there is more text after its end"),
    ],
)
def test_the_rest_is_refused_with_a_reason(body: bytes, why: str) -> None:
    with pytest.raises(NotJson, match=why):
        parse_json(body)
    with pytest.raises(InvalidRequest) as refused:
        json_object(body)
    (error,) = refused.value.errors
    assert error.message.startswith("the body ")
    assert why in error.message


def test_the_deepest_nesting_is_read() -> None:
    assert json_object(nested(MAX_DEPTH))
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH).value
    # Brackets in a string are no levels, whatever is escaped in it.
    text = '"' + "[" * 1000 + '{\\"' * 1000
    assert json_object(b'{"a": %s"}' % text.encode())


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
def test_nothing_else_is_ever_raised(body: bytes) -> None:
    for read in (parse_json, lambda body: json_object(body)):
        try:
            read(body)
        except (NotJson, InvalidRequest):
            continue


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        (b'{"max_images": 1, "max_images": 6}', ["max_images"]),
        (b'{"input": {"max_images": 1, "max_images": 1}}', ["input.max_images"]),
        (b'{"a": 1, "b": [{}, {"c": 1, "c": 2}], "a": 2}', ["a", "b.1.c"]),
        (rb'{"a": 1, "\u0061": 2}', ["a"]),
        (rb'{"\ud83d": 1, "\ud83e": 2}', ["\ufffd"]),
        (b'{"a": 1, "a": 1, "a": 1}', ["a"]),
    ],
)
def test_a_client_is_told_each_name_that_is_repeated(body: bytes, paths: list[str]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        json_object(body)
    assert refused.value.errors == tuple(FieldError(path, REPEATED) for path in paths)


def test_a_name_with_two_values_has_none() -> None:
    parsed = parse_json('{"code": 200, "code": 500, "msg": "x", "msg": "x", "data": {"a": 1}}')
    assert parsed.value == {"msg": "x", "data": {"a": 1}}
    assert parsed.repeated == ("code", "msg")
    assert parse_json('{"a": 1, "a": 2, "a": 1}').value == {}


@pytest.mark.parametrize(
    ("text", "is_repeating"),
    [
        ('{"a": "{\\"b\\": 1, \\"b\\": 1}"}', True),
        ('{"a": [" {\\"b\\": \\"[{\\\\\\"c\\\\\\": 1, \\\\\\"c\\\\\\": 2}]\\"}"]}', True),
        ('{"a": 1, "a": 1}', True),
        ('{"a": "{\\"b\\": 1", "c": "[]"}', False),
        ('{"a": {"x": 1}, "b": {"x": 1}}', False),
    ],
)
def test_repeated_names_are_found_in_json_within_json(text: str, is_repeating: bool) -> None:  # noqa: FBT001
    assert repeats(parse_json(text)) is is_repeating


def test_many_names_take_no_quadratic_time() -> None:
    body = "{" + ",".join(f'"{number}": 1' for number in range(20_000)) + ', "0": 1}'
    assert parse_json(body).repeated == ("0",)


def test_the_paths_of_many_repeated_names_stay_short() -> None:
    """Each has the names above it: a body of a megabyte would make gigabytes of them."""
    twice = ",".join(f'"{number}":1,"{number}":2' for number in range(4_000))
    body = f'{{"{"x" * 64_000}":{{{twice}}}}}'
    repeated = parse_json(body).repeated
    assert (len(repeated), repeated[0]) == (MAX_ERRORS, f"{'x' * MAX_NAME}....0")
    with pytest.raises(InvalidRequest) as refused:
        json_object(body.encode(), most=len(body))
    assert sum(len(error.field) for error in refused.value.errors) < 20_000


def test_numbers_that_cannot_be_read_may_be_null() -> None:
    text = '{"a": [NaN, -Infinity, 1e999, %s, 7, 1.5], "b": 1}' % ("9" * 5000)
    parsed = parse_json(text, unreadable_numbers=True)
    assert parsed.value == {"a": [None, None, None, None, 7, 1.5], "b": 1}
