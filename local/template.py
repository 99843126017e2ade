"""template.yaml as plain Python: short tags such as ``!Ref X`` become ``{"Ref": "X"}``."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from local.paths import ROOT


class TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short tags; the shared loader stays as it is."""


def _short_tag(loader: TemplateLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        raise yaml.YAMLError(f"!{suffix} on a mapping is nothing that this template uses")
    if suffix == "GetAtt":
        value = value.split(".")
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


TemplateLoader.add_multi_constructor("!", _short_tag)


@cache
def load_template(path: Path = ROOT / "template.yaml") -> dict[str, Any]:
    template: dict[str, Any] = yaml.load(path.read_text(), TemplateLoader)  # noqa: S506 a SafeLoader
    return template
