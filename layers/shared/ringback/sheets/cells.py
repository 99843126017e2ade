"""Convert the text of a cell to JSON, by the kind of its field."""

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final

# Some put each item on a line of its own within the cell.
_SEPARATOR: Final = re.compile(r"[|\r\n]")
_LISTS: Final = ("_urls", "_input")

# Programs that fill gaps in a column of integers write the other values as 7.0.
_WHOLE: Final = re.compile(r"([+-]?[0-9]{1,40})(?:[.,]0{0,10})?")
_NUMBER: Final = re.compile(
    r"[+-]?(?:[0-9]{1,40}(?:[.,][0-9]{0,40})?|[.,][0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?"
)
_CANONICAL_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]{0,17}")
_CANONICAL_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,14})\.[0-9]{1,15}")
# Excel writes whole numbers of more than 11 digits like this, six digits of them at most.
_SCIENTIFIC: Final = re.compile(r"([+-]?[0-9]{1,15})(?:[.,]([0-9]{0,30}))?[eE]\+?([0-9]{1,3})")
_ROUNDED_BY_EXCEL: Final = re.compile(r"-?[1-9](?:[.,][0-9]{1,5})?E\+(?:1[1-9]|[2-9][0-9])")
_ROUNDED: Final = (
    "is a number that Excel has rounded, so that its last digits are lost; format the column as"
    " text, enter the number again, and save the sheet once more"
)
_TRUE: Final = (
    *("true", "wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar", "sant", "sann", "sand"),
    *("tosi", "prawda", "pravda", "igaz", "истина", "doğru", "adevărat", "істина"),
)
_FALSE: Final = (
    *("false", "falsch", "faux", "falso", "onwaar", "falskt", "usann", "falsk", "epätosi"),
    *("fałsz", "nepravda", "hamis", "ложь", "yanliş", "yanlış", "fals", "хибність"),
)
# Excel writes TRUE and FALSE in the language of the user.
_BOOLEANS: Final = dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False)
_CANONICAL_BOOLEANS: Final = {"true": True, "TRUE": True, "false": False, "FALSE": False}
# Excel takes 16:9 for a time of the day.
_RATIO_AS_TIME: Final = re.compile(r"([0-9]{1,2}):([0-9]{1,2})(?::00)?")
# A formula that failed, such as a prompt that begins with a hyphen: #NAME? or #REF!, in the
# language of the user, #### where a number was wider than its column, LibreOffice's Err:508, and
# Access's in small letters.
_CAPITALS: Final = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪĮİĶĻĽŁŃŅŇŐŒŔŘŚŞŠŢŤŪŮŰŲŹŻŽȘȚА-ЯЁЄІЇҐΑ-ΩΆΈ-Ώ"
_EXCEL_ERROR: Final = re.compile(
    rf"#(?:[¿¡]?[{_CAPITALS}]{{2,12}}[!?]|¡[{_CAPITALS}]{{2,12}}|¡?[{_CAPITALS}]{{2,5}}/0!"
    r"|N/[ABDV]|NV|Н/Д|YOK|HIÁNYZIK|GETTING_DATA|Name\?|Num!|Div/0!|Type!|Func!|Error|Deleted"
    r"|#{2,})|Err:5[0-9]{2}"
)
_THOUSANDS: Final = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")


class UnclearNumber(ValueError):
    """A number that may be another one; the message says why."""


def value_of(cell: str, field: str, kinds: Mapping[str, str], *, decimal: str = ".") -> Any:
    """Return the value of a field; ``field`` is its dotted name within the input.

    A field that is not in ``kinds`` is converted by its name and by how the cell is written. What
    cannot be converted stays text, for the model's own validation to report. ``decimal`` is the
    separator that belongs to the sheet. A number with the other one is read as well, but where it
    may well separate thousands, or a whole number that Excel has rounded, raises ``UnclearNumber``.
    """
    return _READERS[kinds.get(field) or _guessed(field)](cell, decimal)


def is_excel_error(cell: str) -> bool:
    return _EXCEL_ERROR.fullmatch(cell.strip()) is not None


def _guessed(field: str) -> str:
    return "list" if field.endswith(_LISTS) else "unknown"


def _list(cell: str, decimal: str) -> list[str]:
    items = (item.strip() for item in _SEPARATOR.split(cell))
    return [item for item in items if item]


def _integer(cell: str, decimal: str) -> int | str:
    found = _WHOLE.fullmatch(cell.strip())
    if not found:
        return _scientific(cell)
    _be_clear(cell, decimal)
    return int(found[1])


def _scientific(cell: str) -> int | str:
    """Return the whole number that all digits of are written, such as 2.5E+1."""
    found = _SCIENTIFIC.fullmatch(cell.strip())
    if not found:
        return cell
    digits, fraction, exponent = found[1], found[2] or "", int(found[3])
    if exponent > len(fraction):
        raise UnclearNumber(_ROUNDED)
    is_whole = not fraction[exponent:].strip("0")
    return int(digits + fraction[:exponent]) if is_whole else cell


def _number(cell: str, decimal: str) -> float | str:
    if _WHOLE.fullmatch(cell.strip()):
        return _integer(cell, decimal)
    if not _NUMBER.fullmatch(cell.strip()):
        return cell
    if "," in cell:
        _be_clear(cell, decimal)
    number = float(cell.replace(",", "."))
    return number if isfinite(number) else cell


def _be_clear(cell: str, decimal: str) -> None:
    """Refuse what is 1 and a half in one country, and 1500 in another."""
    text = cell.strip()
    # A whole part of 0, or of more than three digits, is none of thousands.
    if decimal not in cell and _THOUSANDS.fullmatch(text):
        one, other = (re.sub("[.,]", sign, text) for sign in (decimal, ""))
        raise UnclearNumber(f"could be {one} or {other}; write it without a separator")


def _boolean(cell: str, decimal: str) -> bool | str:
    return _BOOLEANS.get(cell.strip().lower().replace("i\u0307", "i"), cell)


def _choice(cell: str, decimal: str) -> str:
    text = cell.strip()
    ratio = _RATIO_AS_TIME.fullmatch(text)
    return f"{int(ratio[1])}:{int(ratio[2])}" if ratio else text


def _string(cell: str, decimal: str) -> str:
    return cell


def _unknown(cell: str, decimal: str) -> float | str:
    if _CANONICAL_WHOLE.fullmatch(cell):
        return int(cell)
    if _CANONICAL_NUMBER.fullmatch(cell):
        return float(cell)
    if _ROUNDED_BY_EXCEL.fullmatch(cell):
        raise UnclearNumber(_ROUNDED)
    return _CANONICAL_BOOLEANS.get(cell, cell)


_READERS: Final[Mapping[str, Callable[[str, str], Any]]] = {
    "list": _list,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "choice": _choice,
    "string": _string,
    "unknown": _unknown,
}
