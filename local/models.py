"""The models that jobs can ask for, and their limits, as a table: ``make models``."""

import sys
from typing import Any

from ringback.catalogue.descriptions import describe
from ringback.catalogue.models import MODELS


def main() -> int:
    for model in map(describe, MODELS.values()):
        print(f"{model['id']}  ({model['provider']}; {model['documentation']},")
        print(f"  as of {model['checked_on']})  {model['description']}")
        required = model["input"]["required"]
        fields = model["input"]["properties"]
        width = max(map(len, fields)) + 1
        for name, field in fields.items():
            mark = "*" if name in required else ""
            print(f"    {name + mark:<{width}}  {limits(field)}")
        print()
    print("* required")
    return 0


def limits(field: dict[str, Any]) -> str:
    """Say in a few words what a field takes, and what holds if it is left out."""
    match field:
        case {"enum": values}:
            words = ", ".join(map(str, values))
        case {"type": "array"}:
            words = f"{field['minItems']} to {field['maxItems']} https URLs"
        case {"minLength": shortest, "maxLength": longest}:
            words = f"{shortest} to {longest} characters"
        case {"minimum": least, "maximum": most} if most < 2**53:
            words = f"{least} to {most}" + (", whole" if field["type"] == "integer" else "")
        case {"type": "integer"}:
            words = "a whole number"
        case _:
            words = "true or false"
    return f"{words} [{field['default']}]" if "default" in field else words


if __name__ == "__main__":
    sys.exit(main())
