"""`make deploy` as a newcomer runs it, with Enter at every question, and as a pipeline does."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from local.concurrency import SHARDS, event_source_concurrency
from local.deploy import ENVIRONMENTS, Files
from local.deployer_policy import MAX_POLICY, compact, policies, resource_types, statements
from local.deployment import administrator
from local.emulator import emulator_process, endpoint_url, is_healthy, start_emulator
from local.interrupts import Interrupts
from local.paths import ROOT
from local.ports import free_ports
from local.sam import Sam
from local.template import resolved
from tests.support.template import combinations, load_template
from tests.support.terminal import answer_with_enter

# What `make deploy` runs, with other files.
DEPLOY: Final = (
    "import sys; from pathlib import Path; from local.deploy import Files, main;"
    "built, environments, answers, *words = sys.argv[1:];"
    "files = Files(built=Path(built), environments=Path(environments), answers=Path(answers));"
    "sys.exit(main(['--without-bytecode', *words], files))"
)


@dataclass(frozen=True)
class Account:
    """An account in which nothing is deployed, and what is to be deployed to it."""

    sam: Sam
    files: Files

    def command(self, *words: str) -> list[str | Path]:
        paths = [self.files.built, self.files.environments, self.files.answers]
        return [sys.executable, "-c", DEPLOY, *paths, *words]

    @property
    def environment(self) -> dict[str, str]:
        return {**self.sam.environment(), "PYTHONPATH": str(ROOT), "TERM": "dumb"}

    def stack(self, name: str) -> dict[str, Any]:
        stacks = administrator().client("cloudformation", endpoint_url=self.sam.endpoint_url)
        described: dict[str, Any] = {**stacks.describe_stacks(StackName=name)["Stacks"][0]}
        return described


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    private = tmp_path_factory.mktemp("account")
    interrupts, port = Interrupts(), free_ports().aws
    emulator = emulator_process(private / "aws", interrupts)
    (private / "aws").mkdir()
    sam = Sam(endpoint_url=endpoint_url(port), private=private, interrupts=interrupts)
    try:
        start_emulator(emulator, port=port, private=private / "aws", concurrency=1000)
        emulator.wait_until(lambda: is_healthy(port))
        environments = private / "environments.toml"
        environments.write_text(ENVIRONMENTS.read_text())
        answers = private / "answers.toml"
        yield Account(sam, Files(built=sam.build(), environments=environments, answers=answers))
    finally:
        emulator.stop()


@pytest.fixture(scope="module")
def guided(account: Account) -> str:
    code, shown = answer_with_enter(
        account.command(), environment=account.environment, directory=ROOT
    )
    assert code == 0, shown
    return shown


def test_enter_at_every_question_deploys(account: Account, guided: str) -> None:
    stack = account.stack("ringback")
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert {output["OutputKey"] for output in stack["Outputs"]} == set(load_template()["Outputs"])
    assert "Is this okay?" not in guided
    for name in load_template()["Parameters"]:
        assert f"Parameter {name}" in guided


def test_enter_means_the_defaults(account: Account, guided: str) -> None:
    deployed = {
        each["ParameterKey"]: each["ParameterValue"]
        for each in account.stack("ringback")["Parameters"]
    }
    defaults = {name: each["Default"] for name, each in load_template()["Parameters"].items()}
    assert deployed == {name: str(value) for name, value in defaults.items()}


def test_the_preflight_speaks_first(guided: str) -> None:
    assert guided.index("note: stack ringback in account") < guided.index("Stack Name")
    # This machine's build has bytecode of its own Python, which stops the deployment elsewhere.
    assert ("no bytecode for Python 3.13" in guided) == (sys.version_info[:2] != (3, 13))


def test_the_preflight_counts_what_sam_deploys(account: Account, guided: str) -> None:
    """For every combination of the parameters: SAM keeps the conditions for CloudFormation."""
    stacks = administrator().client("cloudformation", endpoint_url=account.sam.endpoint_url)
    processed = stacks.get_template(StackName="ringback", TemplateStage="Processed")["TemplateBody"]
    all_sources = {
        name: resource
        for name, resource in processed["Resources"].items()
        if resource["Type"] == "AWS::Lambda::EventSourceMapping"
    }
    for parameters in combinations():
        sources = {
            name: resource["Properties"]
            for name, resource in all_sources.items()
            if "Condition" not in resource
            or resolved({"Fn::If": [resource["Condition"], True, False]}, parameters)
        }
        enabled = {
            # A stream has no limit: Lambda reads each of its shards once at a time.
            each["FunctionName"]["Ref"]: int(
                each["ScalingConfig"]["MaximumConcurrency"] if "ScalingConfig" in each else SHARDS
            )
            for each in resolved(sources, parameters).values()
            if each.get("Enabled", True)
        }
        assert enabled == event_source_concurrency(parameters), parameters
    assert f"may take {sum(event_source_concurrency({}).values())}," in guided


def test_answers_are_kept_and_overwrite_no_environment(account: Account, guided: str) -> None:
    assert account.files.environments.read_text() == ENVIRONMENTS.read_text()
    assert "JobRetentionDays" in account.files.answers.read_text()
    again = answer_with_enter(account.command(), environment=account.environment, directory=ROOT)
    assert again[0] == 0, again[1]
    assert "No changes to deploy" in again[1]


@pytest.fixture(scope="module")
def staging(account: Account) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603
        [str(part) for part in account.command("--environment", "staging")],
        env=account.environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return account.stack("ringback-staging")


def test_an_environment_is_deployed_without_questions(staging: dict[str, Any]) -> None:
    assert staging["StackStatus"] == "CREATE_COMPLETE"
    assert {"Key": "environment", "Value": "staging"} in staging["Tags"]
    deployed = {each["ParameterKey"]: each["ParameterValue"] for each in staging["Parameters"]}
    assert deployed["JobRetentionDays"] == "30"


# ---------------------------------------------------------------- the deployer's policy


def test_the_policy_covers_every_type_that_is_deployed(account: Account, guided: str) -> None:
    stacks = administrator().client("cloudformation", endpoint_url=account.sam.endpoint_url)
    pages = stacks.get_paginator("list_stack_resources").paginate(StackName="ringback")
    deployed = {each["ResourceType"] for page in pages for each in page["StackResourceSummaries"]}
    assert resource_types(by_default=True) == deployed
    # Alarms, the canary and tracing are there for other parameters.
    assert resource_types() > deployed


def test_the_documented_policy_is_computed_from_the_template() -> None:
    """Run ``make policy`` when this fails."""
    documented = {
        path: json.loads(path.read_text()) for path in (ROOT / "docs").glob("deployer-policy*.json")
    }
    assert documented == policies()
    assert max(len(compact(each)) for each in documented.values()) <= MAX_POLICY == 6144


def test_the_policy_has_what_is_easily_forgotten_and_nothing_broad() -> None:
    actions = {each for statement in statements() for each in statement["Action"]}
    assert {
        "lambda:PutFunctionRecursionConfig",
        "iam:PassRole",
        "s3:PutBucketNotification",
        "dynamodb:UpdateContinuousBackups",
        "cloudformation:CreateChangeSet",
    } <= actions
    assert not any("*" in action for action in actions)
    broad = [each["Sid"] for each in statements() if each["Resource"] == ["*"]]
    assert broad == ["Lists"]
