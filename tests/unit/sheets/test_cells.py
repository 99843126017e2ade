"""Conversion of a cell's text by the kind of its field."""

import math
from typing import Any

import pytest
from ringback.sheets.cells import UnclearNumber, is_excel_error, value_of

KINDS = {
    "text": "string",
    "whole": "integer",
    "number": "number",
    "yes": "boolean",
    "images": "list",
    "size": "choice",
    "place.x": "integer",
}


def same(one: Any, other: Any) -> bool:
    """Compare with types: ``1 == True == 1.0``, but in JSON they are three values."""
    return type(one) is type(other) and bool(one == other)


@pytest.mark.parametrize(
    ("field", "cell", "expected"),
    [
        ("text", "7", "7"),
        ("text", "true", "true"),
        ("text", " a|b ", " a|b "),
        ("whole", "7", 7),
        ("whole", "-7", -7),
        ("whole", " 7 ", 7),
        ("whole", "007", 7),
        ("whole", "7.0", 7),
        ("whole", "+7", 7),
        ("whole", "7.", 7),
        ("whole", "7E+0", 7),
        ("whole", "-2.50E+01", -25),
        ("whole", "1,5e1", 15),
        ("whole", "1.234567E6", 1234567),
        ("number", "+2.5", 2.5),
        ("number", "1E+05", 1e5),
        ("whole", "1" * 40, int("1" * 40)),
        ("place.x", "7", 7),
        ("number", "7", 7),
        ("number", "2.5", 2.5),
        ("number", "-.5", -0.5),
        ("number", " 2.5 ", 2.5),
        ("number", "1.5E+2", 150.0),
        ("yes", "true", True),
        ("yes", "TRUE", True),
        ("yes", " False ", False),
        ("images", "a", ["a"]),
        ("images", "a|b", ["a", "b"]),
        ("images", " a | b |", ["a", "b"]),
        ("images", "|", []),
        ("images", "a\nb\r\n", ["a", "b"]),
        ("whole", "7,0", 7),
        ("number", "2,5", 2.5),
        # No thousands are written like these.
        *(("number", "-0,125", -0.125), ("number", "1234,567", 1234.567), ("whole", "0,000", 0)),
        ("number", "5.625", 5.625),
        ("number", "-,25", -0.25),
        ("number", "1,5E+2", 150.0),
        ("yes", "WAHR", True),
        ("yes", "Falsch", False),
        ("yes", "VERDADERO", True),
        ("yes", "ИСТИНА", True),
        ("yes", "DOĞRU", True),
        ("size", " square\xa0", "square"),
        ("size", "04:03:00", "4:3"),
    ],
)
def test_a_cell_is_converted_to_the_kind_of_its_field(field: str, cell: str, expected: Any) -> None:
    assert same(value_of(cell, field, KINDS), expected)


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        ("whole", "seven"),
        ("whole", "7.5"),
        ("whole", "2.55E+1"),
        ("whole", "1E-2"),
        ("whole", "++7"),
        ("whole", "1_000"),
        ("whole", "٧"),
        ("whole", "7 8"),
        ("whole", "1" * 5000),
        ("number", "2,5,0"),
        ("number", "nan"),
        ("number", "inf"),
        ("number", "1e999"),
        ("number", "."),
        ("number", "1_0.5"),
        ("yes", "1"),
        ("yes", "yes"),
    ],
)
def test_a_cell_that_cannot_be_converted_stays_text(field: str, cell: str) -> None:
    assert same(value_of(cell, field, KINDS), cell)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("0", 0),
        ("-12", -12),
        ("9" * 18, int("9" * 18)),
        ("2.50", 2.5),
        ("-0.5", -0.5),
        ("true", True),
        ("TRUE", True),
        ("false", False),
        ("FALSE", False),
        *((text, text) for text in ("007", "-0", "+7", " 7", "9" * 19, "1e3", ".5", "5.", "1.2.3")),
        *((text, text) for text in ("1" * 400 + ".5", "1,5", "True", "yes", "null", "nan", "a|b")),
    ],
)
def test_an_unknown_field_is_converted_by_its_notation(cell: str, expected: Any) -> None:
    assert same(value_of(cell, "strength", {}), expected)
    assert same(value_of(cell, "place.strength", KINDS), expected)


@pytest.mark.parametrize("field", ["image_urls", "image_input", "more.image_urls"])
def test_an_unknown_field_is_a_list_by_its_name(field: str) -> None:
    assert value_of("7|b", field, {}) == ["7", "b"]


def test_the_kind_takes_precedence_over_the_name() -> None:
    assert value_of("a|b", "image_urls", {"image_urls": "string"}) == "a|b"


def test_every_number_is_valid_json() -> None:
    for cell in ("9" * 40 + "." + "9" * 40 + "e308", "-1e400", "Infinity"):
        for kinds in (KINDS, {}):
            value = value_of(cell, "number", kinds)
            assert isinstance(value, str) or math.isfinite(value)


@pytest.mark.parametrize(
    ("field", "cell", "decimal"),
    [
        *(("whole", "1,000", "."), ("number", "2,500", "."), ("number", "-9,125", ".")),
        *(("whole", "1.000", ","), ("whole", " 12.000 ", ",")),
    ],
)
def test_a_number_that_may_be_a_thousand_times_larger_is_refused(
    field: str, cell: str, decimal: str
) -> None:
    with pytest.raises(UnclearNumber, match="write it without a separator"):
        value_of(cell, field, KINDS, decimal=decimal)
    other = "," if decimal == "." else "."
    assert isinstance(value_of(cell, field, KINDS, decimal=other), int | float)


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        *(("whole", cell) for cell in ("1.23457E+12", "1,23457E+12", "-1.2E+11", "1E+05", "1e3")),
        *(("other.seed", cell) for cell in ("1.23457E+12", "-9.22337E+18", "1E+12", "2,5E+11")),
    ],
)
def test_a_number_whose_last_digits_are_lost_is_refused(field: str, cell: str) -> None:
    with pytest.raises(UnclearNumber, match=r"Excel has rounded.*format the column as text"):
        value_of(cell, field, KINDS)


@pytest.mark.parametrize("cell", ["1.5E+10", "1.234567E+12", "1E12", "12E+12", "a 1E+12"])
def test_other_text_of_an_unknown_field_is_no_rounded_number(cell: str) -> None:
    assert value_of(cell, "other.text", KINDS) == cell


@pytest.mark.parametrize(
    "cell",
    [
        *("#NAME?", "#REF!", "#DIV/0!", "#N/A", "#WERT!", "#NV", "#ИМЯ?", " #VALUE! ", "######"),
        *("#¿NOMBRE?", "#¡VALOR!", "#¡VALOR", "#¡REF!", "#¡NUM!", "#¡DIV/0!", "#¡NULO!", "#N/D"),
        *("#N/B", "#DEĞER!", "#BAŞV!", "#YOK", "#SAYI/0!", "#HIÁNYZIK", "#ÉRTÉK!", "#ZÉRÓOSZTÓ!"),
        *("#GETTING_DATA", "#Name?", "#Num!", "#Error", "Err:502", "Err:508", " Err:522 "),
        *("#ДЕЛ/0!", "#ПУСТО!", "#Н/Д", "#VÄRDEFEL!", "#ÜBERLAUF!", "#HODNOTA!", "#ARG!"),
    ],
)
def test_an_error_of_excel_is_no_value(cell: str) -> None:
    assert is_excel_error(cell)


@pytest.mark.parametrize(
    "cell", ["#", "#1", "# NAME?", "#name?", "#sunset", "a #REF!", "#WOW! a", "#Fox!", "Err:50"]
)
def test_other_text_with_a_number_sign_is_a_value(cell: str) -> None:
    assert not is_excel_error(cell)
