"""Which command deploys, from which file, and what stops it."""

import subprocess
import tomllib
from pathlib import Path

import pytest

from local.deploy import ENVIRONMENTS, Files, main, offered, sam_command, target_of
from local.failures import LocalFailure
from local.preflight import Finding, Target
from tests.support.template import ROOT, load_template


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "environments").write_text(ENVIRONMENTS.read_text())
    return Files(
        built=tmp_path / "build",
        environments=tmp_path / "environments",
        answers=tmp_path / "answers.toml",
    )


def test_without_an_environment_sam_asks_and_keeps_the_answers_elsewhere(files: Files) -> None:
    command = sam_command("", files)
    assert "--guided" in command
    assert command[command.index("--config-file") + 1] == str(files.answers)
    target = target_of("", files)
    assert (target.stack, target.is_asked) == ("ringback", True)


def test_earlier_answers_stay(files: Files) -> None:
    files.answers.write_text(
        'version = 0.1\n[default.global.parameters]\nregion = "eu-north-1"\n'
        '[default.deploy.parameters]\nstack_name = "mine"\n'
        'parameter_overrides = "DropClient=\\"a b\\" CallbackBaseUrl=\\"\\""\n'
    )
    before = files.answers.read_text()
    sam_command("", files)
    target = target_of("", files)
    assert files.answers.read_text() == before
    assert (target.stack, target.region) == ("mine", "eu-north-1")
    assert target.parameters == {"DropClient": "a b", "CallbackBaseUrl": ""}


@pytest.mark.parametrize("environment", ["prod", "staging"])
def test_an_environment_is_deployed_without_questions(files: Files, environment: str) -> None:
    command = sam_command(environment, files)
    assert "--guided" not in command
    assert "--no-confirm-changeset" in command
    assert command[command.index("--config-env") + 1] == environment
    assert command[command.index("--config-file") + 1] == str(files.environments)
    assert not files.answers.exists()
    target = target_of(environment, files)
    assert target.region
    assert not target.is_asked
    assert target.parameters.keys() <= load_template()["Parameters"].keys()


def test_every_environment_has_a_stack_tags_and_a_region_of_its_own() -> None:
    tables = tomllib.loads(ENVIRONMENTS.read_text())
    environments = [name for name in tables if name not in ("version", "default")]
    deployed = {name: tables[name]["deploy"]["parameters"] for name in environments}
    assert len({each["stack_name"] for each in deployed.values()}) == len(deployed) >= 2
    for name, parameters in deployed.items():
        assert parameters["region"]
        assert f"environment={name}" in parameters["tags"]


def test_an_unknown_environment_is_named_with_those_that_exist(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(LocalFailure, match="'production'; it has: prod, staging"):
        sam_command("production", files)
    assert main(["--environment", "production"], files) == 1
    assert "prod, staging" in capsys.readouterr().err


@pytest.mark.parametrize(("given", "passed"), [([], ""), (["ENV=prod"], '--environment "prod"')])
def test_make_passes_its_own_variable_and_not_the_shell_s(
    given: list[str], passed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """POSIX's sh reads the file that a variable of this name points to."""
    command = ["make", "--dry-run", "--no-print-directory", "--always-make", "deploy", *given]
    monkeypatch.setenv("ENV", "/etc/shrc")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    shown = done.stdout
    (line,) = [line for line in shown.splitlines() if "local.deploy" in line]
    assert line.partition("local.deploy")[2].strip() == passed


def test_what_fits_the_account_is_offered_with_the_answers_before() -> None:
    """SAM splits at spaces outside of double quotes."""
    target = Target(stack="ringback", parameters={"DropClient": 'a "b" \\', "Drops": "true"})
    small = Finding("10 executions", parameters={"Drops": "false", "Thumbnails": "false"})
    assert offered(target, [Finding("of interest"), small]) == [
        "--parameter-overrides",
        r'DropClient="a \"b\" \\"',
        'Drops="false"',
        'Thumbnails="false"',
    ]
    assert offered(target, [Finding("of interest")]) == []
