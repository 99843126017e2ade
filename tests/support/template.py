"""The resources and parameters of template.yaml."""

import itertools
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from local.concurrency import SAVINGS
from local.paths import ROOT
from local.template import load_template

__all__ = ["ROOT", "load_template"]

# The parameters that change how many executions the queues take.
ADJUSTABLE: Final = sorted({name for saving in SAVINGS for name in saving})


@cache
def resources(kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of all resources of a type, by logical id. Nobody changes them."""
    return {
        name: resource["Properties"]
        for name, resource in load_template()["Resources"].items()
        if resource["Type"] == kind
    }


def routes(api: str | None = None, *, with_key: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the folder of the function and the key of each route, of one API or of both.

    ``HEAD``, which stands beside its ``GET``, and ``OPTIONS`` are left out. ``with_key`` leaves
    out those at which the API asks for no client's key.
    """
    for function in resources("AWS::Serverless::Function").values():
        for event in function.get("Events", {}).values():
            given = event["Properties"]
            if event["Type"] != "HttpApi" or given.get("Method") in ("HEAD", "OPTIONS"):
                continue
            if api not in (None, given["ApiId"]["Ref"]):
                continue
            if not (with_key and "Auth" in given):
                # An event without a path is for all requests that match no route.
                key = f"{given['Method']} {given['Path']}" if "Path" in given else "$default"
                yield function["CodeUri"].removeprefix("functions/"), key


def values_of(name: str) -> list[str]:
    """Return all values that a parameter may have; of a number the extremes and some between."""
    parameter = load_template()["Parameters"][name]
    numbers = [parameter.get("MinValue"), parameter["Default"], 9, parameter.get("MaxValue")]
    return [str(value) for value in parameter.get("AllowedValues", numbers)]


def combinations() -> Iterator[dict[str, str]]:
    """Yield every combination of the adjustable parameters."""
    for chosen in itertools.product(*map(values_of, ADJUSTABLE)):
        yield dict(zip(ADJUSTABLE, chosen, strict=True))
