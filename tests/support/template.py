"""The resources of template.yaml."""

from typing import Any

from local.paths import ROOT
from local.template import load_template

__all__ = ["ROOT", "load_template", "resources"]


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of all resources of a type, by logical id."""
    return {
        name: resource["Properties"]
        for name, resource in load_template()["Resources"].items()
        if resource["Type"] == kind
    }
