"""Print the catalogue as a table: ``make models``."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ringback.catalogue.schemas import describe_all

_HEADS: Final = (
    *("model", "provider", "checked on", "credits per image, about", "noted on"),
    *("field", "default", "limits"),
)


def main() -> None:
    rows = [_HEADS, *(row for model in describe_all() for row in _rows(model))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    for row in (_HEADS, tuple("-" * width for width in widths), *rows[1:]):
        print(
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        )


def _rows(model: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each field; only the first names the model."""
    schema, price = model["input"], model["price"]
    about = (credits_in_words(price), price["noted_on"] if price else "")
    first: tuple[str, ...] = (model["id"], model["provider"], model["checked_on"], *about)
    for name, field in schema["properties"].items():
        default = "required" if name in schema["required"] else str(field.get("default", ""))
        yield (*first, name, default, limits(field))
        first = ("",) * len(first)


def credits_in_words(price: Mapping[str, Any] | None) -> str:
    """Return the price of an image, with the input values that it depends on."""
    if price is None:
        return "unknown"
    more = price["credits_per_more_input_image"]
    words = f", and {more:g} for each input image after the first" if more else ""
    return ", ".join(map(_one_price, price["per_image"])) + words


def _one_price(price: Mapping[str, Any]) -> str:
    low, high = price["credits_low"], price["credits_high"]
    cost = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return " ".join([*(f"{name} {value}:" for name, value in price["where"].items()), cost])


def limits(field: Mapping[str, Any]) -> str:
    """Return what a field's JSON Schema allows, in a few words."""
    match field:
        case {"enum": values}:
            return " ".join(str(value) for value in values)
        case {"minLength": least, "maxLength": most}:
            return f"{least} to {most} characters"
        case {"minItems": least, "maxItems": most}:
            return f"{least} to {most} https URLs" if most > 1 else "one https URL"
        case {"minimum": least, "maximum": most} if most < 2**53:
            return f"{least} to {most}" + (", whole" if field["type"] == "integer" else "")
        case {"type": "integer"}:
            return "64 bits, whole"
    return "true or false" if field["type"] == "boolean" else str(field["type"])


if __name__ == "__main__":
    main()
