"""Which command deploys, from which file, and what stops it."""

import tomllib
from pathlib import Path

import pytest

from local.deploy import ENVIRONMENTS, Files, main, sam_command, target_of
from local.failures import LocalFailure
from tests.support.template import load_template


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
    assert target_of("", files).stack == "ringback"


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
