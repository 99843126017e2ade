"""What a model makes of what it is given: here, and in an interpreter with the built layer."""

import json
import sys
from importlib import import_module
from typing import Any

from pydantic_core import ValidationError
from ringback.catalogue.call_back_urls import CallBacks
from ringback.catalogue.image_urls import DroppedImages


def find_image(url: str) -> tuple[str, str]:
    return f"{url}?found", "a version"


def outcome(name: str, given: object) -> str:
    """Return the fields of the model called ``module:class``, or all that is said of the errors."""
    module, _, model = name.partition(":")
    context: Any = DroppedImages(find_image)
    if model == "SubmitJobRequest":
        context = CallBacks(plain_http_hosts=["a.example:80"])
    try:
        checked = getattr(import_module(module), model).model_validate(given, context=context)
    except ValidationError as error:
        # Its own text has links, whose version only pydantic knows.
        return f"{error.title}\n{error.errors(include_url=False)!r}"
    versions = getattr(context, "versions", {})
    return f"{dict(checked)!r}\n{sorted(checked.__pydantic_fields_set__)}\n{versions}"


def main() -> None:
    """Answer each line, a model and what it is given, with one; then say if pydantic was loaded."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps([outcome(*json.loads(line)), "pydantic" in sys.modules]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
