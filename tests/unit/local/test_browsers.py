"""Which Chromium the tests of the studio find, and what they do without one."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from local.browsers import chromium as module
from local.browsers.chromium import chromium, install
from tests.e2e.studio_browser import found_browser


class Machine:
    """A machine on which each way to install succeeds or not; ``tried`` are those that were."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, own: Path) -> None:
        self.on_the_path = dict[str, str]()
        self.tried = list[str]()
        self.works = set[str]()
        monkeypatch.setattr(shutil, "which", self.on_the_path.get)
        monkeypatch.setattr(module, "OWN_BROWSERS", own)
        monkeypatch.setattr(module, "_run", self._run)
        monkeypatch.setattr("os.geteuid", lambda: 0)
        self.own = own

    def _run(self, command: list[str | Path], _more: object) -> None:
        name = next(each for each in ("playwright", "update", "install") if each in command)
        self.tried.append(name)
        if name == "playwright" and name in self.works:
            self.download()
        if name == "install" and name in self.works:
            self.on_the_path["chromium"] = "/usr/bin/chromium"

    def download(self, *, is_complete: bool = True) -> Path:
        program = self.own / "chromium_headless_shell-1/chrome-linux/headless_shell"
        program.parent.mkdir(parents=True)
        program.touch()
        if is_complete:
            program.parents[1].joinpath("INSTALLATION_COMPLETE").touch()
        return program


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    return Machine(monkeypatch, tmp_path)


def test_the_machine_s_own_comes_first(machine: Machine) -> None:
    machine.download()
    machine.on_the_path["google-chrome"] = "/opt/chrome"
    assert chromium() == install({}) == Path("/opt/chrome")
    assert machine.tried == []


def test_half_a_download_is_none(machine: Machine) -> None:
    machine.download(is_complete=False)
    assert chromium() is None


def test_then_playwright_s_own(machine: Machine) -> None:
    machine.works = {"playwright"}
    found = install({"CI": "true"})
    assert found is not None
    assert found == chromium()
    assert machine.tried == ["playwright"]


def test_then_debian_s_where_continuous_integration_may_install_it(machine: Machine) -> None:
    machine.works = {"install"}
    machine.on_the_path["apt-get"] = "/usr/bin/apt-get"
    assert install({}) is None
    assert machine.tried == ["playwright"]
    assert install({"CI": "true"}) == Path("/usr/bin/chromium")
    assert machine.tried[1:] == ["playwright", "update", "install"]


@pytest.mark.parametrize(
    ("is_ci", "outcome"), [(False, pytest.skip.Exception), (True, pytest.fail.Exception)]
)
def test_without_any_the_tests_are_skipped_and_fail_in_continuous_integration(
    machine: Machine, is_ci: Any, outcome: type[BaseException]
) -> None:
    with pytest.raises(outcome, match="no Chromium"):
        next(found_browser(is_ci=is_ci))
