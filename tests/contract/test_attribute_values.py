"""Our conversion of values against boto3's, which the functions don't load."""

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st
from ringback.aws.attribute_values import plain, typed

NUMBERS = st.integers(-(10**38) + 1, 10**38 - 1) | st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**29), max_value=10**29, places=8
)
PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.text() | NUMBERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_values_are_those_of_boto3(value: Any) -> None:
    written = TypeSerializer().serialize(value)
    assert typed(value) == written
    assert plain(written) == TypeDeserializer().deserialize(written) == value


@pytest.mark.parametrize("value", [Decimal("1E-170"), Decimal("1E+127"), 10**38 + 1])
def test_a_number_that_would_be_rounded_is_refused(value: Any) -> None:
    for convert in (typed, TypeSerializer().serialize):
        with pytest.raises(ArithmeticError):
            convert(value)


@pytest.mark.parametrize("value", [1.5, Decimal("NaN"), Decimal("Infinity"), object()])
def test_what_dynamodb_has_no_type_for_is_refused(value: Any) -> None:
    for convert in (typed, TypeSerializer().serialize):
        with pytest.raises(TypeError):
            convert(value)


def test_bytes_stay_bytes() -> None:
    assert typed(b"\x00\xff") == TypeSerializer().serialize(b"\x00\xff") == {"B": b"\x00\xff"}
    assert plain({"B": b"\x00\xff"}) == b"\x00\xff"
    for kind in ("SS", "NS", "BS"):
        with pytest.raises(TypeError):
            plain({kind: ["1"]})
