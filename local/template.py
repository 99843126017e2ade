"""template.yaml as plain Python: short tags such as ``!Ref X`` become ``{"Ref": "X"}``."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from local.paths import ROOT

NO_VALUE: Final = {"Ref": "AWS::NoValue"}


class TemplateLoader(yaml.CSafeLoader):
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
    return parse_template(path.read_text())


def parse_template(text: str) -> dict[str, Any]:
    template: dict[str, Any] = yaml.load(text, TemplateLoader)  # noqa: S506 a SafeLoader
    return template


def resolved(
    part: Any, parameters: Mapping[str, str], template: Mapping[str, Any] | None = None
) -> Any:
    """Return a part of the template, ours by default, as these parameters make it.

    References to parameters and conditions are replaced, other functions are kept; a list that is
    joined is without them. Parameters that are not given have their defaults.
    """
    template = template or load_template()
    values = {name: each["Default"] for name, each in template["Parameters"].items()}
    values |= parameters

    def resolve(value: Any) -> Any:
        if isinstance(value, list):
            return [each for each in map(resolve, value) if each != NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return values.get(argument, value)
            if name in functions:
                return functions[name](argument)
        each_resolved = {name: resolve(each) for name, each in value.items()}
        return {name: each for name, each in each_resolved.items() if each != NO_VALUE}

    def choose(argument: list[Any]) -> Any:
        condition, then, otherwise = argument
        return resolve(then if resolve(template["Conditions"][condition]) else otherwise)

    def join(between: str, texts: Any) -> str:
        # A list that is a parameter is one text already.
        known = [texts] if isinstance(texts, str) else [e for e in texts if isinstance(e, str)]
        return between.join(known)

    def find(name: str, first: object, second: str) -> Any:
        return template["Mappings"][name][str(first)][second]

    functions: dict[str, Callable[[Any], Any]] = {
        "Fn::If": choose,
        "Fn::Equals": lambda sides: len({str(resolve(side)) for side in sides}) == 1,
        "Fn::Not": lambda sides: not resolve(sides[0]),
        "Fn::And": lambda sides: all(map(resolve, sides)),
        "Fn::Or": lambda sides: any(map(resolve, sides)),
        "Fn::Join": lambda sides: join(sides[0], resolve(sides[1])),
        "Fn::Split": lambda sides: resolve(sides[1]).split(sides[0]),
        "Fn::FindInMap": lambda keys: find(*map(resolve, keys)),
        "Condition": lambda name: resolve(template["Conditions"][name]),
    }
    return resolve(part)
