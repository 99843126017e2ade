from random import Random
from typing import Any

import pytest

from local.simulator.fault_board import FaultBoard, rule_from
from local.simulator.faults import ALWAYS, FAULTS, InvalidFault, fault_lines, faults_in, shown


def a_board(*rules: dict[str, Any], seed: int = 1) -> FaultBoard:
    board = FaultBoard(Random(seed))  # noqa: S311
    for rule in rules:
        board.add(rule_from(rule))
    return board


def test_a_prompt_without_a_directive_has_no_faults() -> None:
    assert faults_in("a red kite [not simulate: fail]") == {}


def test_a_prompt_may_request_several_faults_in_any_case() -> None:
    faults = faults_in("a [Simulate: late_callback=2.5, UNSIGNED ,] kite [simulate:fail]")
    assert faults == {"late_callback": 2.5, "unsigned": ALWAYS, "fail": 500}


@pytest.mark.parametrize(
    "directive",
    ["nonsense", "late_callback=soon", "late_callback=-1", "late_callback=nan", "unsigned=1",
     "late_callback="],
)  # fmt: skip
def test_a_misspelt_directive_is_refused(directive: str) -> None:
    with pytest.raises(InvalidFault):
        faults_in(f"x [simulate: {directive}]")


def test_an_unknown_fault_names_the_known_ones() -> None:
    with pytest.raises(InvalidFault, match=r"'nonsense'.*no_callback.*redirect_inside"):
        faults_in("[simulate: nonsense]")


def test_every_fault_has_its_line() -> None:
    lines = fault_lines()
    assert [line.split()[0] for line in lines] == list(FAULTS)
    assert any("[=seconds, default 30]" in line for line in lines)


def test_always_is_null_in_json() -> None:
    assert shown({"gone": ALWAYS, "dead_link": 2}) == {"gone": None, "dead_link": 2}


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        {"fault": "nonsense"},
        {"fault": "gone", "probability": 1.1},
        {"fault": "gone", "probability": "1"},
        {"fault": "gone", "count": 0},
        {"fault": "gone", "count": True},
        {"fault": "gone", "value": 1},
        {"fault": "dead_link", "value": True},
        {"fault": "gone", "often": 1},
    ],
)
def test_a_wrong_rule_is_refused(content: Any) -> None:
    with pytest.raises(InvalidFault):
        rule_from(content)


def test_a_prompt_refuses_its_first_attempts_only() -> None:
    board, faults = a_board(), faults_in("[simulate: status_429=2]")
    refusals = [board.refusal(faults, subject="job-1") for _ in range(3)]
    assert refusals == ["status_429", "status_429", None]
    assert board.refusal(faults, subject="job-2") == "status_429"


def test_a_refusal_without_a_number_is_permanent() -> None:
    board, faults = a_board(), faults_in("[simulate: content_policy]")
    assert {board.refusal(faults, subject="job-1") for _ in range(9)} == {"content_policy"}


def test_a_rule_ends_with_its_count() -> None:
    board = a_board({"fault": "dead_link", "count": 2, "value": 3})
    drawn = [board.for_task({}) for _ in range(3)]
    assert drawn == [{"dead_link": 3}, {"dead_link": 3}, {}]
    assert board.rules() == []


def test_a_refusal_does_not_use_up_the_count_of_a_task_fault() -> None:
    board = a_board({"fault": "status_455", "count": 1}, {"fault": "gone", "count": 1})
    assert board.refusal({}, subject="job-1") == "status_455"
    assert board.refusal({}, subject="job-1") is None
    assert board.for_task({}) == {"gone": ALWAYS}


def test_a_prompt_overrides_a_rule() -> None:
    board = a_board({"fault": "late_callback", "value": 9})
    assert board.for_task({"late_callback": 1, "status_429": 1}) == {"late_callback": 1}


def test_random_faults_depend_on_the_seed() -> None:
    def struck(seed: int) -> list[bool]:
        board = a_board({"fault": "gone", "probability": 0.3}, seed=seed)
        return [bool(board.for_task({})) for _ in range(200)]

    assert struck(1) == struck(1) != struck(2)
    assert 40 <= sum(struck(1)) <= 80


def test_cleared_rules_have_no_effect() -> None:
    board = a_board({"fault": "gone"}, {"fault": "status_429"})
    board.clear()
    assert (board.for_task({}), board.refusal({}, subject="x")) == ({}, None)
