"""``models``."""

from typing import TYPE_CHECKING

import click

from ringback_cli.connection import connected
from ringback_cli.printing import show_json
from ringback_cli.tables import show_table

if TYPE_CHECKING:
    from ringback_client import Model, Ringback


@click.command()
@click.argument("model", required=False)
@connected
def models(client: "Ringback", *, model: str | None, as_json: bool) -> None:
    """List the models, or the fields of one.

    \b
    ringback models bytedance/seedream-v4-edit
    """  # noqa: D301
    if model is None:
        found = client.models.list()
        if as_json:
            for each in found:
                show_json(each)
        else:
            rows = ((each.id, each.provider, _price(each), each.description) for each in found)
            show_table(("model", "provider", "credits per image", ""), rows)
        return
    one = client.models.get(model)
    if as_json:
        show_json(one)
        return
    required = one.input.get("required", [])
    show_table(
        ("field", "required", "default", "values", ""),
        (
            (name, "yes" if name in required else "", field.get("default"), _values(field),
             field.get("description"))
            for name, field in one.input.get("properties", {}).items()
        ),
    )  # fmt: skip


def _price(model: "Model") -> str:
    if model.price is None or not model.price.per_image:
        return "unknown"
    low = min(each.credits_low for each in model.price.per_image)
    high = max(each.credits_high for each in model.price.per_image)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _values(field: dict[str, object]) -> str:
    values = field.get("enum")
    if isinstance(values, list):
        return " ".join(map(str, values))
    low, high = field.get("minimum"), field.get("maximum")
    return "" if low is None or high is None else f"{low} to {high}"
