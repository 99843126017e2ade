"""The forms in which an idempotency key is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.idempotency_keys import bare, forms_of, key_errors

TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=9)


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("abc", "abc"),
        ('"abc"', "abc"),
        (r'"a\"b\\c"', r'a"b\c'),
        ('a"b', 'a"b'),
        ("abc#7", "abc#7"),
        ('"abc#7"', "abc#7"),
        ('"abc"#7', "abc#7"),
        # Earlier versions took these for keys.
        ('"abc', '"abc'),
        ('"abc"#', '"abc"#'),
    ],
)
def test_quotes_are_no_part_of_the_key(sent: str, key: str) -> None:
    assert bare(sent) == key


@given(TEXT.filter(lambda text: not text.startswith('"')))
def test_every_key_has_a_quoted_form(key: str) -> None:
    _, quoted, *_ = forms_of(key)
    assert quoted.startswith('"')
    assert bare(quoted) == key
    assert set(forms_of(quoted)) == set(forms_of(key))
    assert key_errors(quoted, required=True) == []


def test_the_form_that_was_sent_comes_first() -> None:
    assert forms_of("abc") == ("abc", '"abc"')
    assert forms_of('"abc"') == ('"abc"', "abc")
    assert forms_of("abc#7") == ("abc#7", '"abc#7"', '"abc"#7')
    assert forms_of('"abc"#7') == ('"abc"#7', "abc#7", '"abc#7"')
