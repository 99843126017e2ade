"""The resources of template.yaml."""

from collections.abc import Iterator
from typing import Any

from local.paths import ROOT
from local.template import load_template

__all__ = ["ROOT", "load_template", "resources", "routes"]


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of all resources of a type, by logical id."""
    return {
        name: resource["Properties"]
        for name, resource in load_template()["Resources"].items()
        if resource["Type"] == kind
    }


def routes(api: str | None = None) -> Iterator[tuple[str, str]]:
    """Yield the folder of the function and the key of each route, of one API or of both."""
    for function in resources("AWS::Serverless::Function").values():
        for event in function.get("Events", {}).values():
            given = event["Properties"]
            if event["Type"] == "HttpApi" and api in (None, given["ApiId"]["Ref"]):
                # An event without a path is for all requests that match no route.
                key = f"{given['Method']} {given['Path']}" if "Path" in given else "$default"
                yield function["CodeUri"].removeprefix("functions/"), key
