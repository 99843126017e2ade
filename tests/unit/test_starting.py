"""What a function makes while it starts, and that garbage is collected again afterwards."""

import gc
from collections.abc import Iterator
from pathlib import Path

from ringback.starting import start
import pytest
from ringback import starting

from tests.support.interpreters import printed_by


@pytest.fixture(autouse=True)
def _collecting() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()
    gc.enable()


def test_a_function_is_ready_before_its_first_event() -> None:
    made: list[bool] = []
    gc.disable()
    start({"AWS_LAMBDA_FUNCTION_NAME": "x"}, lambda: made.append(gc.isenabled()))
    assert made == [False]
    assert (gc.isenabled(), gc.get_freeze_count() > 1000) == (True, True)


def test_elsewhere_nothing_is_made() -> None:
    made: list[int] = []
    gc.disable()
    start({}, lambda: made.append(1))
    assert (made, gc.isenabled(), gc.get_freeze_count()) == ([], True, 0)


def test_what_is_wrong_at_the_start_is_told() -> None:
    def make() -> None:
        raise ValueError("JOBS_TABLE is missing")

    with pytest.raises(ValueError, match="JOBS_TABLE"):
        start({"AWS_LAMBDA_FUNCTION_NAME": "x"}, make)


def test_no_garbage_is_collected_from_the_first_import_on() -> None:
    """Not even by the packages that the module imports itself."""
    code = (
        "import gc, sys; seen = []; gc.callbacks.append(lambda *_: seen.append(len(sys.modules)));"
        "gc.set_threshold(1); del seen[:];"
        "import ringback.starting; before = len(seen); import json.tool, email.mime.text, decimal;"
        "print(gc.isenabled(), len(seen) - before)"
    )
    layer = Path(starting.__file__).parents[1]
    assert printed_by("-c", code, packages=layer) == "False 0\n"


def test_the_time_of_an_invocation_is_in_seconds() -> None:
    class Context(starting.LambdaContext):
        @staticmethod
        def get_remaining_time_in_millis() -> int:
            return 74_321

    assert starting.time_of(Context())() == 74.321
