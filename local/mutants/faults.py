"""Which faults a node of a syntax tree may have."""

import ast
from collections.abc import Iterator
from typing import Final, TypeGuard

from local.mutants.changes import (
    Change,
    compare_plainly,
    one_step_later,
    report_no_failures,
    set_fields,
    swallow_failures,
    without_condition,
    without_keyword,
    without_step,
)

# The line, the fault in words, and the change to the node.
Fault = tuple[int, str, Change]

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
_LOG_CALLS: Final = ("log_job", "info", "warning", "error", "debug", "getLogger", "setLevel")
# Conditions of writes, consistent reads, and time limits.
_SAFEGUARDS: Final = ("Expression", "IfNoneMatch", "ConsistentRead", "timeout", "retries")
_BATCH_REPLIES: Final = ("process_batch", "process_together")
_TRUE, _FALSE = ast.Constant(value=True), ast.Constant(value=False)
_LEAVES: Final = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def faults_of(node: ast.AST) -> Iterator[Fault]:
    for find in (_of_operator, _of_branch, _of_handler, _of_constant, _of_call, _of_batches):
        yield from find(node)
    for name in ("body", "orelse", "finalbody"):
        statements = getattr(node, name, None)
        if isinstance(statements, list) and not isinstance(node, ast.ClassDef | ast.Module):
            yield from _of_block(name, statements)


def is_log_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and name_of(node.func) in _LOG_CALLS


def name_of(node: ast.AST) -> str:
    return getattr(node, "attr", "") or getattr(node, "id", "")


def _of_operator(node: ast.AST) -> Iterator[Fault]:
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in _OPPOSITE:
            other = _OPPOSITE[type(operator)]
            yield node.lineno, f"{_text(node)}: {other.__name__}", set_fields(ops=[other()])
        case ast.BoolOp(op=ast.And()):
            yield node.lineno, f"{_text(node)}: or", set_fields(op=ast.Or())
        case ast.BoolOp():
            yield node.lineno, f"{_text(node)}: and", set_fields(op=ast.And())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            twice = ast.UnaryOp(op=ast.Not(), operand=operand)
            yield node.lineno, f"{_text(node)}: without not", set_fields(operand=twice)
        case ast.BinOp(op=operator) if type(operator) in _INVERSE and not _is_text(node):
            inverse = _INVERSE[type(operator)]
            yield node.lineno, f"{_text(node)}: {inverse.__name__}", set_fields(op=inverse())


def _of_branch(node: ast.AST) -> Iterator[Fault]:
    match node:
        case ast.If(test=test) | ast.IfExp(test=test):
            yield node.lineno, f"if {_text(test)}: always", set_fields(test=_TRUE)
            yield node.lineno, f"if {_text(test)}: never", set_fields(test=_FALSE)
        case ast.While(test=test) if not isinstance(test, ast.Constant):
            yield node.lineno, f"while {_text(test)}: never", set_fields(test=_FALSE)
        case ast.comprehension(ifs=tests):
            for number, test in enumerate(tests):
                yield test.lineno, f"if {_text(test)}: left out", without_condition(number)


def _of_handler(node: ast.AST) -> Iterator[Fault]:
    if isinstance(node, ast.ExceptHandler):
        caught = f"except {_text(node.type) if node.type else 'everything'}"
        if ast.unparse(node.body[0]) != "raise":
            yield node.lineno, f"{caught}: raised again", set_fields(body=[ast.Raise()])
        if ast.unparse(node.body[0]) not in ("pass", "continue", "return", "return None"):
            yield node.lineno, f"{caught}: swallowed", set_fields(body=[ast.Pass()])


def _of_constant(node: ast.AST) -> Iterator[Fault]:
    match node:
        case ast.Constant(value=bool(value)):
            yield node.lineno, f"{value}: {not value}", set_fields(value=not value)
        case ast.Constant(value=int(value) | float(value)):
            yield node.lineno, f"{value}: {2 * value + 1}", set_fields(value=2 * value + 1)
        case ast.Constant(value=str(value)) if " AND " in value:
            conditions = value.split(" AND ")
            for number, gone in enumerate(conditions[1:], start=1):
                kept = " AND ".join(conditions[:number] + conditions[number + 1 :])
                yield node.lineno, f"without AND {gone}", set_fields(value=kept)


def _of_call(node: ast.AST) -> Iterator[Fault]:
    if not isinstance(node, ast.Call):
        return
    name = name_of(node.func)
    if name == "compare_digest":
        yield node.lineno, f"{_text(node)}: ==", compare_plainly
    if name == "suppress":
        yield node.lineno, f"{_text(node)}: nothing suppressed", set_fields(args=[])
    for number, keyword in enumerate(node.keywords):
        if keyword.arg and keyword.arg.endswith(_SAFEGUARDS):
            yield node.lineno, f"{name} without {keyword.arg}", without_keyword(number)


def _of_batches(node: ast.AST) -> Iterator[Fault]:
    """Yield how a queue's handler may acknowledge a message that it has not processed."""
    match node:
        case ast.FunctionDef(name="process", body=body) if not isinstance(body[-1], ast.Return):
            yield node.lineno, "failures of process: swallowed", swallow_failures
        case ast.Return(value=ast.Call(func=function)) if name_of(function) in _BATCH_REPLIES:
            yield node.lineno, f"failures of {name_of(function)}: acknowledged", report_no_failures


def _of_block(name: str, block: list[ast.stmt]) -> Iterator[Fault]:
    for number, statement in enumerate(block):
        line, text = statement.lineno, _text(statement)
        if _is_call(statement) or isinstance(statement, ast.Raise | ast.Continue):
            yield line, f"{text}: left out", without_step(name, number)
        if number + 1 < len(block) and _change_places(statement, block[number + 1]):
            yield line, f"{text}: one step later", one_step_later(name, number)


def _is_call(statement: ast.stmt) -> TypeGuard[ast.Expr]:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and not is_log_call(statement.value)
    )


def _change_places(statement: ast.stmt, following: ast.stmt) -> bool:
    """Return whether both do something, and the second could come before the first."""
    if not _acts(statement) or not (_acts(following) or _returns_a_call(following)):
        return False
    if isinstance(statement, ast.Assign) and isinstance(following, ast.Return):
        return False
    stored = {each.id for each in _names(statement, ast.Store)}
    return not stored & {each.id for each in _names(following, ast.Load)}


def _returns_a_call(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Return) and any(
        isinstance(each, ast.Call) for each in ast.walk(statement)
    )


def _acts(statement: ast.stmt) -> bool:
    """Return whether the statement calls something and does not leave its block."""
    match statement:
        case ast.Assign(value=ast.Call(func=function)):
            return _text(function).startswith("self.")
        case ast.If():
            inside = [each for each in ast.walk(statement) if isinstance(each, ast.stmt)]
            return any(map(_is_call, inside)) and not any(
                isinstance(each, _LEAVES) for each in inside
            )
    return _is_call(statement)


def _names(node: ast.AST, context: type[ast.expr_context]) -> Iterator[ast.Name]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, context):
            yield each


def _is_text(node: ast.BinOp) -> bool:
    sides = (node.left, node.right)
    return any(
        isinstance(side, ast.JoinedStr | ast.List)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str | bytes))
        for side in sides
    )


def _text(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:80]
