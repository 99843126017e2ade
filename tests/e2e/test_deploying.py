"""`make deploy` as a newcomer runs it, with Enter at every question, and as a pipeline does."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from local.concurrency import SHARDS, event_source_concurrency
from local.deploy import ENVIRONMENTS
from local.deployer_policy import MAX_POLICY, compact, policies, resource_types, statements
from local.paths import ROOT
from local.template import resolved
from tests.e2e.accounts import Account, an_account
from tests.support.template import combinations, load_template
from tests.support.terminal import answer_with_enter


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with an_account(tmp_path_factory.mktemp("account")) as account:
        yield account


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
    stacks = account.client("cloudformation")
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
    account.deploy("staging")
    return account.stack("ringback-staging")


def test_an_environment_is_deployed_without_questions(staging: dict[str, Any]) -> None:
    assert staging["StackStatus"] == "CREATE_COMPLETE"
    assert {"Key": "environment", "Value": "staging"} in staging["Tags"]
    deployed = {each["ParameterKey"]: each["ParameterValue"] for each in staging["Parameters"]}
    assert deployed["JobRetentionDays"] == "30"


# ---------------------------------------------------------------- the deployer's policy


def test_the_policy_covers_every_type_that_is_deployed(account: Account, guided: str) -> None:
    stacks = account.client("cloudformation")
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
