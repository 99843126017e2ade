"""Small faults that can be put into a module: the kind that tests ought to notice.

Neither mutmut nor cosmic-ray fits here. mutmut runs copies of the sources, which the editable
install hides from the tests; cosmic-ray starts pytest anew for each fault, which takes twenty times
as long, and knows none of the faults that matter here: a comparison that is not timing-safe, two
steps in the other order, a call without its condition, a failed message that is acknowledged.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

from local.mutants.changes import Change
from local.mutants.faults import faults_of, is_log_call, name_of


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
            for line, what, change in faults_of(node):
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
        return is_log_call(node) or name_of(node.func) == "TypeVar"
    return isinstance(node, ast.If) and name_of(node.test) == "TYPE_CHECKING"
