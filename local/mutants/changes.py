"""How a node of a syntax tree is changed, one function for each kind of fault."""

import ast
import copy
from collections.abc import Callable
from typing import Any

Change = Callable[[Any], ast.AST | None]


def set_fields(**fields: Any) -> Change:
    def change(node: ast.AST) -> None:
        for name, value in fields.items():
            setattr(node, name, copy.deepcopy(value))

    return change


def compare_plainly(node: Any) -> None:
    left, right = node.args
    node.func = ast.Attribute(value=left, attr="__eq__", ctx=ast.Load())
    node.args = [right]


def without_keyword(number: int) -> Change:
    return lambda node: node.keywords.pop(number)


def without_condition(number: int) -> Change:
    return lambda node: node.ifs.pop(number)


def without_step(name: str, number: int) -> Change:
    return lambda node: getattr(node, name).__setitem__(number, ast.Pass())


def one_step_later(name: str, number: int) -> Change:
    def change(node: Any) -> None:
        block = getattr(node, name)
        if isinstance(block[number + 1], ast.Return):
            # What is returned is made first, and the step comes after it.
            value = block[number + 1].value or ast.Constant(value=None)
            made = ast.Assign([ast.Name("made_first", ast.Store())], value)
            returned = ast.Return(ast.Name("made_first", ast.Load()))
            block[number : number + 2] = [made, block[number], returned]
        else:
            block[number : number + 2] = [block[number + 1], block[number]]

    return change


def swallow_failures(function: Any) -> None:
    handler = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [ast.Pass()])
    function.body = [ast.Try(function.body, [handler], [], [])]


def report_no_failures(returned: Any) -> None:
    """Process the batch, and then acknowledge all of its messages."""
    none_failed = ast.parse("{'batchItemFailures': []}", mode="eval").body
    returned.value = ast.BoolOp(ast.And(), [returned.value, none_failed])
