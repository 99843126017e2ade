"""Plain values as DynamoDB's typed ones, and back.

boto3's own conversion comes with the rest of boto3, which takes long to load.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from base64 import b64decode
from collections.abc import Mapping
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import Any, Final

# The numbers that DynamoDB can keep. Any other raises instead of being rounded.
_NUMBERS: Final = Context(
    prec=38, Emin=-128, Emax=126, traps=[Clamped, Overflow, Inexact, Rounded, Underflow]
)


def typed(value: Any) -> dict[str, Any]:
    """Return a plain value as DynamoDB's typed one.

    Raises ``TypeError`` for a float, which would be rounded, and for a set.
    """
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": _digits(value)}
        case bytes():
            return {"B": value}
        case Mapping():
            return {"M": {name: typed(each) for name, each in value.items()}}
        case list() | tuple():
            return {"L": [typed(each) for each in value]}
    raise TypeError(f"DynamoDB has no type for {type(value).__name__}")


def plain(value: Mapping[str, Any]) -> Any:
    """Return a typed value as a plain one; numbers are ``Decimal``."""
    ((kind, content),) = value.items()
    match kind:
        case "NULL":
            return None
        case "N":
            return _NUMBERS.create_decimal(content)
        case "M":
            return {name: plain(each) for name, each in content.items()}
        case "L":
            return [plain(each) for each in content]
        case "B":
            # An event of a stream is JSON, where they are Base64.
            return b64decode(content) if isinstance(content, str) else content
        case "S" | "BOOL":
            return content
    raise TypeError(f"{kind} is not a type that Ringback writes")


def _digits(number: int | Decimal) -> str:
    kept = _NUMBERS.create_decimal(number)
    if not kept.is_finite():
        raise TypeError(f"DynamoDB cannot keep {number}")
    return str(kept)
