"""How the tests themselves run: in parallel, with reports, and with figures at the end."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.conftest import StackScheduling, leave_out_the_callers_settings
from tests.support.template import ROOT

SAMPLE = """
import pytest

@pytest.mark.parametrize("tried", [1200, 34])
def test_counts(tried, record_property):
    record_property("tried: things", tried)

@pytest.mark.prove
def test_is_for_make_prove(): ...
"""


def run_sample(folder: Path, *options: str) -> str:
    """Run two tests with the settings and the plugin of this project."""
    (folder / "test_sample.py").write_text(SAMPLE)
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml")]
    command += ["--rootdir", str(folder), "-p", "tests.conftest", str(folder), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_figures_are_added_up_across_processes_and_the_summary_is_last(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    options = ("-n", "2", "--dist", "loadscope", "--junitxml", str(report))
    lines = run_sample(tmp_path, *options).splitlines()
    assert "things: 1,234" in lines
    assert lines[-1].startswith("=")
    assert " 2 passed" in lines[-1]
    found = ElementTree.parse(report).iter("property")  # noqa: S314 our own file
    assert sorted((each.get("name"), each.get("value")) for each in found) == [
        ("tried: things", "1200"),
        ("tried: things", "34"),
    ]


@pytest.mark.parametrize(
    ("nodeid", "scope"),
    [
        ("tests/e2e/test_storm.py::test_there_is_no_dead_letter", "test_storm"),
        ("tests/e2e/test_journeys.py::test_a_job[a/b]", "shared stack"),
        ("tests/e2e/test_restore.py::test_every_job_ends", "other stacks"),
        ("tests/unit/test_x.py::test_y[a/b::c]", "tests/unit/test_x.py::test_y"),
    ],
)
def test_tests_that_share_a_stack_stay_together(nodeid: str, scope: str) -> None:
    scheduling = StackScheduling.__new__(StackScheduling)
    assert scheduling._split_scope(nodeid) == scope


def test_the_callers_account_and_proxy_do_not_reach_the_tests() -> None:
    environ = {"AWS_PROFILE": "unknown", "http_proxy": "http://p.invalid", "NO_PROXY": "r.invalid"}
    leave_out_the_callers_settings(environ)
    direct = "r.invalid,127.0.0.1,localhost"
    assert environ == {"http_proxy": "http://p.invalid", "NO_PROXY": direct, "no_proxy": direct}
