"""What all tests share: sizes, the hypothesis profile, and the figures at the end of a run."""

import gc
import os
from collections import Counter, defaultdict
from collections.abc import MutableMapping
from typing import Any

import hypothesis
import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling  # type: ignore[import-untyped]

from local.parent import end_with_make

COUNTED = "tried: "
# End-to-end tests with a stack of their own, or none; the others share one.
ON_THEIR_OWN = (
    "test_build",
    "test_deploying",
    "test_deploying_again",
    "test_restore",
    "test_start_and_stop",
    "test_upgrade",
)
# Of these, those that take longest.
BY_THEMSELVES = ("test_drops", "test_storm")

# How long an example takes says nothing on a machine that is busy with something else.
hypothesis.settings.register_profile("ringback", deadline=None)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=25)
hypothesis.settings.load_profile("ringback")


class StackScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives tests that share a stack to one process, and all others to whichever is free.

    In place of ``xdist_group``, which has no effect with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        module, _, test = nodeid.partition("::")
        folder, _, name = module.rpartition("/")
        if folder != "tests/e2e":
            return f"{module}::{test.partition('[')[0]}"
        name = name.removesuffix(".py")
        if name in BY_THEMSELVES:
            return name
        return "other stacks" if name in ON_THEIR_OWN else "shared stack"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full-size",
        action="store_true",
        help="run only the tests that have a larger form, in that form (make prove)",
    )


def pytest_collection_finish() -> None:
    """Collect garbage less often: what was imported stays, and searching it takes a tenth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_configure(config: pytest.Config) -> None:
    leave_out_the_callers_settings(os.environ)  # noqa: TID251
    if not hasattr(config, "workerinput"):
        end_with_make()


def leave_out_the_callers_settings(environ: MutableMapping[str, str]) -> None:
    """Remove the caller's AWS account, and keep a proxy from what is on this machine.

    The proxy itself stays: SAM's builds download packages through it.
    """
    for name in [name for name in environ if name.startswith("AWS_")]:
        del environ[name]
    direct = environ.get("no_proxy") or environ.get("NO_PROXY")
    here = "127.0.0.1,localhost"
    environ["no_proxy"] = environ["NO_PROXY"] = f"{direct},{here}" if direct else here


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the other kind of run is for."""
    is_full_size = config.getoption("--full-size")
    left_out = [item for item in items if is_left_out(item, is_full_size=is_full_size)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def is_left_out(item: pytest.Item, *, is_full_size: bool) -> bool:
    has_larger_form = "exhaustive" in item.keywords or "prove" in item.keywords
    return not has_larger_form if is_full_size else "prove" in item.keywords


@pytest.fixture(scope="session")
def full_size(pytestconfig: pytest.Config) -> bool:
    """Whether this run is ``make prove``, where nothing is cut short."""
    return bool(pytestconfig.getoption("--full-size"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "StackScheduling | None":
    if config.getvalue("dist") != "loadscope":
        return None
    config.option.loadscopereorder = False  # the end-to-end tests come first
    return StackScheduling(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how much the exhaustive tests have tried, and how long each folder took."""
    tried: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        for name, number in report.user_properties:
            if name.startswith(COUNTED):
                tried[name.removeprefix(COUNTED)] += number
    for name, number in tried.items():
        terminalreporter.write_line(f"{name}: {number:,}")
    for line in stage_lines(terminalreporter):
        terminalreporter.write_line(line)


def stage_lines(terminalreporter: pytest.TerminalReporter) -> list[str]:
    """Return a line for each folder: its tests, and the seconds they took, one after the other."""
    tests: Counter[str] = Counter()
    seconds: defaultdict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                folder = report.nodeid.split("/")[1] if "/" in report.nodeid else report.nodeid
                seconds[folder] += report.duration
                tests[folder] += report.when == "call"
    return [f"{name}: {tests[name]:,} tests, {seconds[name]:.0f} s" for name in sorted(seconds)]
