"""A model's input from options and cells, by the types that its JSON Schema names."""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

if TYPE_CHECKING:
    from ringback_client import Ringback

Properties = Mapping[str, Any]

# Each provider's words. The first one is taken for models that are in no list.
PROMPTS: Final = ("prompt", "ref_prompt")
IMAGES: Final = ("image_urls", "ref_img_url")
_SEPARATOR: Final = re.compile(r"[|\r\n]+")


def input_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--input", "whole", help="The input as a JSON object, or @FILE with one."),
        click.option(
            *("-f", "--field", "fields"), multiple=True, metavar="NAME=VALUE",
            help="A field of the input; may be given more than once.",
        ),
        click.option(
            *("-i", "--image", "images"), multiple=True, metavar="URL|FILE",
            help="An input image, https:// or s3://, or a file, which is uploaded; may be given"
            " more than once.",
        ),
        click.option("-p", "--prompt", help="What to draw."),
        click.argument("model"),
    ):  # fmt: skip
        command = option(command)
    return command


def properties_of(client: "Ringback", model: str) -> Properties | None:
    """Return the fields of a model's input, None if it is in no list."""
    from ringback_client.errors import UnknownModel

    try:
        found = client.models.get(model)
    except UnknownModel:
        return None  # it may be passed on all the same; if not, the answer to the job says so
    properties = found.input.get("properties", {})
    return properties if isinstance(properties, dict) else {}


def input_of(
    properties: Properties | None,
    *,
    prompt: str | None,
    images: Sequence[str],
    fields: Iterable[str],
    whole: str | None,
) -> dict[str, Any]:
    """Return the input; raises ``click.UsageError``."""
    found = _object(whole) if whole else {}
    if prompt is not None:
        found[_name(PROMPTS, properties)] = prompt
    if images:
        found[_name(IMAGES, properties)] = list(images)
    for each in fields:
        name, separator, text = each.partition("=")
        if not separator:
            raise click.UsageError(f"--field takes NAME=VALUE, not {each!r}.")
        found[name] = value_of(text, name, properties)
    return found


def _name(names: Sequence[str], properties: Properties | None) -> str:
    return next((name for name in names if name in (properties or {})), names[0])


def _object(text: str) -> dict[str, Any]:
    name = text.removeprefix("@")
    try:
        if text.startswith("@"):
            with click.open_file(name, encoding="utf-8-sig") as file:
                text = file.read()
        found = json_of(text)
    except OSError as error:
        raise click.UsageError(f"--input: {name}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise click.UsageError(f"--input: {name} is not UTF-8.") from error
    except ValueError as error:
        raise click.UsageError(f"--input is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise click.UsageError("--input is no JSON object.")
    return found


def value_of(text: str, name: str, properties: Properties | None) -> Any:
    """Return a field's value. What doesn't fit stays text: the API says what is accepted."""
    kinds = _kinds((properties or {}).get(name, {}))
    if "array" in kinds:
        return [each.strip() for each in _SEPARATOR.split(text) if each.strip()]
    if "string" in kinds:
        return text
    try:
        return json_of(text)
    except ValueError:
        return text


def json_of(text: str) -> Any:
    """Return the value. Raises ``ValueError`` also for numbers that JSON has not."""
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("it has too many levels") from error


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    kinds = {_type for each in schema.get("anyOf", []) for _type in _kinds(each)}
    found = schema.get("type", [])
    return kinds | ({found} if isinstance(found, str) else set(found))
