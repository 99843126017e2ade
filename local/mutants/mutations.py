"""Small faults that can be put into a module: the kind that tests ought to notice.

Neither mutmut nor cosmic-ray fits here. mutmut runs copies of the sources, which the editable
install hides from the tests; cosmic-ray starts pytest anew for each fault, which takes five times
as long, and knows none of the faults that matter here: a comparison that is not timing-safe, two
steps in the other order, a call without its condition.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

Change = Callable[[Any], ast.AST | None]

_OPPOSITE: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_INVERSE: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
# Faults in these change no behaviour that is guaranteed.
_UNTESTED: Final = ("log_job", "info", "warning", "error", "debug", "getLogger", "setLevel")


@dataclass(frozen=True)
class Mutation:
    """``place`` counts the nodes of the tree as ``ast.walk`` yields them."""

    line: int
    what: str
    place: int
    change: Change

    def applied_to(self, tree: ast.Module) -> ast.Module:
        mutant = copy.deepcopy(tree)
        node = next(each for number, each in enumerate(ast.walk(mutant)) if number == self.place)
        self.change(node)
        return ast.fix_missing_locations(mutant)


def mutations(tree: ast.Module) -> Iterator[Mutation]:
    left_out = set(map(id, _left_out(tree)))
    for place, node in enumerate(ast.walk(tree)):
        if id(node) not in left_out:
            for line, what, change in _faults(node):
                yield Mutation(line, what, place, change)


def _left_out(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield all of annotations, decorators, logging, type variables and imports for mypy."""
    for node in ast.walk(tree):
        roots: list[ast.AST | None] = []
        if isinstance(node, ast.FunctionDef):
            roots = [*node.decorator_list, node.returns, node.args]
        elif isinstance(node, ast.ClassDef):
            roots = [*node.decorator_list, *node.bases]
        elif isinstance(node, ast.AnnAssign):
            roots = [node.annotation]
        elif _is_no_behaviour(node):
            roots = [node]
        for root in roots:
            yield from ast.walk(root) if root else ()


def _is_no_behaviour(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return _name_of(node.func) in (*_UNTESTED, "TypeVar")
    return isinstance(node, ast.If) and _name_of(node.test) == "TYPE_CHECKING"


def _faults(node: ast.AST) -> Iterator[tuple[int, str, Change]]:
    match node:
        case ast.Compare() | ast.BoolOp() | ast.BinOp():
            yield from _faults_of_operator(node)
        case ast.Constant():
            yield from _faults_of_constant(node)
        case ast.If() | ast.IfExp():
            text = _text(node.test)
            yield node.lineno, f"if {text}: always", _set(test=ast.Constant(value=True))
            yield node.lineno, f"if {text}: never", _set(test=ast.Constant(value=False))
        case ast.ExceptHandler():
            caught = _text(node.type) if node.type else "everything"
            yield node.lineno, f"except {caught}: raised again", _set(body=[ast.Raise()])
        case ast.Call():
            yield from _faults_of_call(node)
    for name in ("body", "orelse", "finalbody"):
        statements = getattr(node, name, None)
        if isinstance(statements, list) and not isinstance(node, ast.ClassDef | ast.Module):
            yield from _faults_of_block(name, statements)


def _faults_of_operator(
    node: ast.Compare | ast.BoolOp | ast.BinOp,
) -> Iterator[tuple[int, str, Change]]:
    line, text = node.lineno, _text(node)
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in _OPPOSITE:
            other = _OPPOSITE[type(operator)]
            yield line, f"{text}: {other.__name__}", _set(ops=[other()])
        case ast.BoolOp(op=ast.And()):
            yield line, f"{text}: or", _set(op=ast.Or())
        case ast.BoolOp():
            yield line, f"{text}: and", _set(op=ast.And())
        case ast.BinOp(op=operator) if type(operator) in _INVERSE and not _is_text(node):
            inverse = _INVERSE[type(operator)]
            yield line, f"{text}: {inverse.__name__}", _set(op=inverse())


def _faults_of_constant(node: ast.Constant) -> Iterator[tuple[int, str, Change]]:
    match node.value:
        case bool(value):
            yield node.lineno, f"{value}: {not value}", _set(value=not value)
        case int(value) | float(value):
            yield node.lineno, f"{value}: {2 * value + 1}", _set(value=2 * value + 1)
        case str(value) if " AND " in value:
            conditions = value.split(" AND ")
            for number, gone in enumerate(conditions[1:], start=1):
                kept = " AND ".join(conditions[:number] + conditions[number + 1 :])
                yield node.lineno, f"without AND {gone}", _set(value=kept)


def _faults_of_call(node: ast.Call) -> Iterator[tuple[int, str, Change]]:
    name = _name_of(node.func)
    if name == "compare_digest":
        yield node.lineno, f"{_text(node)}: ==", _compare_plainly
    if name == "suppress":
        yield node.lineno, f"{_text(node)}: nothing suppressed", _set(args=[])
    for number, keyword in enumerate(node.keywords):
        if keyword.arg and keyword.arg.endswith(("Expression", "IfNoneMatch", "ConsistentRead")):
            yield node.lineno, f"{name} without {keyword.arg}", _without_keyword(number)


def _faults_of_block(name: str, block: list[ast.stmt]) -> Iterator[tuple[int, str, Change]]:
    for number, statement in enumerate(block):
        is_call = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
        is_logged = is_call and _name_of(statement.value.func) in _UNTESTED  # type: ignore[attr-defined]
        if (is_call and not is_logged) or isinstance(statement, ast.Raise | ast.Continue):
            yield statement.lineno, f"{_text(statement)}: left out", _without(name, number)
        follows = block[number + 1] if number + 1 < len(block) else None
        if is_call and not is_logged and isinstance(follows, ast.Expr | ast.Assign | ast.Return):
            yield statement.lineno, f"{_text(statement)}: one step later", _later(name, number)


def _set(**fields: Any) -> Change:
    def change(node: ast.AST) -> None:
        for name, value in fields.items():
            setattr(node, name, copy.deepcopy(value))

    return change


def _compare_plainly(node: Any) -> None:
    left, right = node.args
    node.func = ast.Attribute(value=left, attr="__eq__", ctx=ast.Load())
    node.args = [right]


def _without_keyword(number: int) -> Change:
    return lambda node: node.keywords.pop(number)


def _without(name: str, number: int) -> Change:
    return lambda node: getattr(node, name).__setitem__(number, ast.Pass())


def _later(name: str, number: int) -> Change:
    def change(node: Any) -> None:
        block = getattr(node, name)
        if isinstance(block[number + 1], ast.Return):
            # What is returned is made first, and the step comes after it.
            made = ast.Assign([ast.Name("made_first", ast.Store())], _value(block[number + 1]))
            returned = ast.Return(ast.Name("made_first", ast.Load()))
            block[number : number + 2] = [made, block[number], returned]
        else:
            block[number : number + 2] = [block[number + 1], block[number]]

    return change


def _value(statement: ast.Return) -> ast.expr:
    return statement.value or ast.Constant(value=None)


def _is_text(node: ast.BinOp) -> bool:
    sides = (node.left, node.right)
    return any(
        isinstance(side, ast.JoinedStr | ast.List)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str | bytes))
        for side in sides
    )


def _name_of(node: ast.AST) -> str:
    return getattr(node, "attr", "") or getattr(node, "id", "")


def _text(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:80]
