"""The workflow that deploys holds no key, and deploys what samconfig.toml has."""

import re
import tomllib
from typing import Any

import yaml

from tests.support.repository import text_of

NAME = ".github/workflows/deploy.yml"


def workflow() -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(text_of(NAME))
    return loaded


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workflow()["jobs"]["deploy"]["steps"]
    return found


def test_it_is_started_by_hand_for_an_environment_that_exists() -> None:
    # YAML 1.1 reads the key "on" as true.
    on = workflow()[True]
    assert list(on) == ["workflow_dispatch"]
    options = on["workflow_dispatch"]["inputs"]["environment"]["options"]
    tables = tomllib.loads(text_of("samconfig.toml"))
    assert sorted(options) == sorted(name for name in tables if name not in ("version", "default"))
    assert workflow()["jobs"]["deploy"]["environment"] == "${{ inputs.environment }}"


def test_it_takes_a_role_for_its_own_time_and_holds_no_key() -> None:
    assert workflow()["permissions"] == {}
    assert workflow()["jobs"]["deploy"]["permissions"] == {"contents": "read", "id-token": "write"}
    (credentials,) = [each for each in steps() if "aws-actions" in each.get("uses", "")]
    assert credentials["with"].keys() == {"role-to-assume", "aws-region"}
    assert "secrets." not in text_of(NAME)


def test_its_actions_are_pinned_and_its_input_reaches_no_shell_text() -> None:
    used = [each["uses"] for each in steps() if "uses" in each]
    assert all(re.fullmatch(r"(actions|aws-actions)/[\w-]+@[0-9a-f]{40}", each) for each in used)
    (deploy,) = [each for each in steps() if "run" in each]
    assert deploy["run"] == 'make deploy ENV="$NAME"'
    assert deploy["env"] == {"NAME": "${{ inputs.environment }}"}


def test_the_role_and_its_trust_are_documented() -> None:
    page = text_of("docs/deploy.md")
    for name in (
        "DEPLOYER_ROLE_ARN",
        "AWS_REGION",
        "deployer-policy.json",
        "AssumeRoleWithWebIdentity",
    ):
        assert name in page
