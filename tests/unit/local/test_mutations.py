"""The faults that ``make mutants`` puts into modules."""

import ast
from pathlib import Path

import pytest

from local.mutants.modules import MODULES, NIGHTLY
from local.mutants.mutations import mutations
from tests.support.template import ROOT


def mutants(source: str) -> list[str]:
    tree = ast.parse(source)
    return [ast.unparse(each.applied_to(tree)) for each in mutations(tree)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", ["a <= b"]),
        ("a not in b", ["a in b"]),
        ("a and b", ["a or b"]),
        ("a - b", ["a + b"]),
        ("'text' + b", []),
        ("LIMIT = 30", ["LIMIT = 61"]),
        ("read(consistent=True)", ["read(consistent=False)"]),
        ("write(ConditionExpression=x)", ["write()"]),
        ("x = 'a = :a AND b = :b'", ["x = 'a = :a'"]),
        ("try:\n    a()\nexcept B:\n    c = d", ["try:\n    a()\nexcept B:\n    raise"]),
        ("hmac.compare_digest(a, b)", ["a.__eq__(b)"]),
        ("x = 1 if a else b", ["x = 3 if a else b"]),
        ("if a:\n    b = c", ["if True:\n    b = c", "if False:\n    b = c"]),
        ("while a:\n    b = c", ["while False:\n    b = c"]),
        ("while True:\n    b = c", ["while False:\n    b = c"]),
        ("x = [a for a in b if c]", ["x = [a for a in b]"]),
        ("return_ = not a", ["return_ = not not a"]),
        ("try:\n    a()\nexcept B:\n    c = d", ["try:\n    a()\nexcept B:\n    pass"]),
        ("get_item(ConsistentRead=True)", ["get_item()", "get_item(ConsistentRead=False)"]),
        ("Config(read_timeout=x)", ["Config()"]),
    ],
)
def test_each_kind_of_fault(source: str, expected: list[str]) -> None:
    assert set(expected) <= set(mutants(source))
    assert expected or not mutants(source)


def test_steps_are_left_out_and_change_places() -> None:
    made = mutants("def f():\n    record()\n    acknowledge()")
    assert "def f():\n    pass\n    acknowledge()" in made
    assert "def f():\n    acknowledge()\n    record()" in made
    assert len(made) == 3


def test_steps_change_places_unless_the_second_needs_the_first() -> None:
    made = mutants("def f():\n    job = self.move()\n    self.send()\n    self.note(job)")
    assert "def f():\n    self.send()\n    job = self.move()\n    self.note(job)" in made
    needed = "def f():\n    job = self.move()\n    self.note(job)"
    assert mutants(needed) == [needed.replace("self.note(job)", "pass")]


def test_a_queue_handler_acknowledges_what_it_has_not_processed() -> None:
    made = mutants("def process(message):\n    x = archive(message)")
    assert made == [
        "def process(message):\n    try:\n        x = archive(message)\n"
        "    except Exception:\n        pass"
    ]
    made = mutants("def handle(event):\n    return process_batch(event)")
    assert made == [
        "def handle(event):\n    return process_batch(event) and {'batchItemFailures': []}"
    ]


def test_a_step_before_the_answer_comes_after_it() -> None:
    made = mutants("def f():\n    record()\n    return answer()")
    assert "def f():\n    made_first = answer()\n    record()\n    return made_first" in made


@pytest.mark.parametrize(
    "source",
    [
        "def f(x: Annotated[int, 5]=3) -> int:\n    return x",
        "@dataclass(frozen=True)\nclass A:\n    x: Final[3]",
        "if TYPE_CHECKING:\n    import x",
        "log_job(logger, 'x', 3)",
    ],
)
def test_what_is_no_behaviour_is_left_alone(source: str) -> None:
    assert mutants(source) == []


def test_the_tree_stays_as_it_is() -> None:
    tree = ast.parse("a < b")
    (mutation,) = mutations(tree)
    mutation.applied_to(tree)
    assert ast.unparse(tree) == "a < b"


ALL = MODULES | NIGHTLY


@pytest.mark.parametrize("name", ALL)
def test_each_module_has_faults_and_tests_that_exist(name: str) -> None:
    module = ALL[name]
    # These handlers only wire their use cases.
    found = list(mutations(ast.parse(module.file.read_text())))
    wiring = ("submit_job", "take_drops", "publish_events", "serve_studio")
    assert found or name in [f"functions/{each}" for each in wiring]
    for test in module.tests:
        assert (ROOT / Path(test.partition("::")[0])).exists(), test


def test_every_module_that_guarantees_rest_on_is_listed() -> None:
    shared = ROOT / "layers/shared/ringback"
    folders = [shared / each for each in ("callbacks", "use_cases", "aws", "providers")]
    existing = {path for folder in folders for path in folder.rglob("*.py")}
    existing |= set((ROOT / "functions").glob("*/app.py"))
    unlisted = existing - {module.file for module in ALL.values()}
    # These have no behaviour of their own: protocols, tables of settings, wiring.
    wiring = {"__init__", "ports", "providers", "provider", "registry", "provider_access"}
    wiring |= {
        "accepting",
        "canary_ports",
        "changing",
        "deletion_ports",
        "event_ports",
        "image_keys",
        "image_links",
        "live_ports",
        "recording",
        "showing",
        "task_states",
        "webhook_ports",
    }
    assert {path.stem for path in unlisted} <= wiring
