"""Draw the layout of the CloudWatch dashboard from template.yaml: ``make dashboard``."""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from local.template import load_template

# Pixels of one unit of CloudWatch's grid, which is 24 units wide.
UNIT: Final = 46
COLUMNS: Final = 24
LINE: Final = 17
MARGIN: Final = 8
FONT: Final = "font-family='Helvetica, Arial, sans-serif'"


def widgets() -> list[dict[str, Any]]:
    """Return the widgets of the dashboard with all alarms; ``${X}`` in them stays as ``X``."""
    body = load_template()["Resources"]["OperatorDashboard"]["Properties"]["DashboardBody"]
    text, values = body["Fn::Sub"]
    [_, alarms, _] = values["Alarms"]["Fn::If"]
    line, more = alarms["Fn::Sub"]
    [_, canary, _] = more["Canary"]["Fn::If"]
    whole = text.replace("${Alarms}", line.replace("${Canary}", canary["Fn::Sub"]))
    found: list[dict[str, Any]] = json.loads(re.sub(r"\$\{([^}]+)\}", r"\1", whole))["widgets"]
    return found


def drawn() -> str:
    """Return the layout as SVG: each widget with its title and what it shows."""
    shown = sorted(widgets(), key=lambda each: (each["y"], each["x"]))
    height = max(each["y"] + each["height"] for each in shown) * UNIT
    size = f"width='{COLUMNS * UNIT}' height='{height}'"
    lines = [f"<svg xmlns='http://www.w3.org/2000/svg' {size} {FONT} font-size='13'>"]
    lines.append("<rect width='100%' height='100%' fill='#f4f4f4'/>")
    lines += [line for each in shown for line in _widget(each)]
    return "\n".join([*lines, "</svg>", ""])


def _widget(widget: Mapping[str, Any]) -> Iterator[str]:
    x, y = widget["x"] * UNIT, widget["y"] * UNIT
    width, height = widget["width"] * UNIT, widget["height"] * UNIT
    given = widget["properties"]
    if widget["type"] == "text":
        yield _text(given["markdown"].lstrip("# "), x + MARGIN, y + 30, "font-size='20'")
        return
    place = f"x='{x + 3}' y='{y + 3}' width='{width - 6}' height='{height - 6}'"
    yield f"<rect {place} rx='4' fill='white' stroke='#bbb'/>"
    kind = given.get("view", widget["type"])
    yield _text(f"{given['title']} ({kind})", x + MARGIN, y + 22, "font-weight='bold'")
    for number, label in enumerate(labels(given)):
        rows = (height - 44) // LINE
        column, row = divmod(number, rows)
        yield _text(label, x + MARGIN + column * 150, y + 42 + row * LINE, "fill='#444'")


def labels(given: Mapping[str, Any]) -> list[str]:
    """Return what each visible line of a widget shows."""
    if "alarms" in given:
        return [each.removesuffix("Alarm.Arn") for each in given["alarms"]]
    return [label for metric in given["metrics"] if (label := _label(metric))]


def _label(metric: Sequence[Any]) -> str | None:
    options = metric[-1] if isinstance(metric[-1], dict) else {}
    if options.get("visible") is False:
        return None
    if "expression" in options:
        name = re.search(r'MetricName="(\w+)"', options["expression"])
        return f"{name[1]}, by function" if name else str(options["label"])
    return f"{metric[1]}: {options['label']}" if "label" in options else str(metric[1])


def _text(text: str, x: int, y: int, style: str) -> str:
    return f"<text x='{x}' y='{y}' {style}>{escape(text)}</text>"


if __name__ == "__main__":
    sys.stdout.write(drawn())
