"""A part of a template, with parameters and conditions resolved."""

from typing import Any

from local.template import resolved

NO_VALUE = {"Ref": "AWS::NoValue"}
TEMPLATE: dict[str, Any] = {
    "Parameters": {"Size": {"Default": 5}, "Color": {"Default": "red"}},
    "Conditions": {
        "IsRed": {"Fn::Equals": [{"Ref": "Color"}, "red"]},
        "IsNotRed": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Color"}, "red"]}]},
    },
}


def made(part: Any, **parameters: str) -> Any:
    return resolved(part, parameters, TEMPLATE)


def test_references_to_parameters_and_to_nothing_else_are_replaced() -> None:
    value = [{"Ref": "Size"}, {"Ref": "Queue"}, {"Fn::GetAtt": ["Queue", "Arn"]}]
    assert made(value) == [5, *value[1:]]
    assert made(value, Size="9")[0] == "9"


def test_conditions_choose() -> None:
    value = {"red": {"Fn::If": ["IsRed", {"Ref": "Size"}, 0]}}
    value |= {"not": {"Fn::If": ["IsNotRed", 1, 0]}}
    assert made(value) == {"red": 5, "not": 0}
    assert made(value, Color="blue") == {"red": 0, "not": 1}


def test_lists_are_joined_and_split() -> None:
    both = {"Fn::Join": [",", [{"Ref": "Color"}, {"Fn::GetAtt": ["Api", "ApiEndpoint"]}, "blue"]]}
    assert made(both) == "red,blue"
    assert made({"Fn::Split": [",", both]}) == ["red", "blue"]
    assert made({"Fn::Join": [",", {"Ref": "Color"}]}, Color="1,2") == "1,2"


def test_no_value_leaves_nothing() -> None:
    optional = {"Fn::If": ["IsRed", 1, NO_VALUE]}
    assert made({"a": optional, "b": [optional, 2]}) == {"a": 1, "b": [1, 2]}
    assert made({"a": optional, "b": [optional, 2]}, Color="blue") == {"b": [2]}
