"""What docs/operate.md says of deploying again: settings changed and set back, and drift.

The local AWS shows what is deployed, and what its own drift detection finds of some properties. It
has no drift-aware change sets.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from local.concurrency import SAVINGS
from local.waiting import wait_for
from tests.e2e.accounts import Account, an_account

pytestmark = pytest.mark.prove

STACK: Final = "ringback-staging"
ALL_SAVINGS: Final = {name: value for saving in SAVINGS for name, value in saving.items()}
BACK: Final = {"SubmitConcurrency": "5", "ArchiveConcurrency": "5"} | dict.fromkeys(
    ("Thumbnails", "Drops", "Events"), "true"
)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with an_account(tmp_path_factory.mktemp("account")) as account:
        account.deploy("staging")
        yield account


def deploy_with(account: Account, parameters: Mapping[str, str]) -> str:
    """Write them into ``samconfig.toml``, as the page says."""
    file: Path = account.files.environments
    head, _, rest = file.read_text().partition("[staging.deploy.parameters]")
    lines = [line for line in rest.splitlines() if not line.startswith("parameter_overrides")]
    overrides = ", ".join(f'"{name}={value}"' for name, value in parameters.items())
    lines.append(f"parameter_overrides = [{overrides}]")
    file.write_text("\n".join([head + "[staging.deploy.parameters]", *lines, ""]))
    return account.deploy("staging")


def physical(account: Account, name: str) -> str:
    described = account.client("cloudformation").describe_stack_resource(
        StackName=STACK, LogicalResourceId=name
    )
    return str(described["StackResourceDetail"]["PhysicalResourceId"])


def function(account: Account, name: str) -> dict[str, Any]:
    found: dict[str, Any] = account.client("lambda").get_function_configuration(
        FunctionName=physical(account, name)
    )
    return found


def source(account: Account, name: str) -> dict[str, Any]:
    found: dict[str, Any] = account.client("lambda").get_event_source_mapping(
        UUID=physical(account, name)
    )
    return found


def test_a_shorter_deadline_is_deployed_and_set_back(account: Account) -> None:
    def deadline() -> str:
        variables = function(account, "SubmitJobFunction")["Environment"]["Variables"]
        return str(variables["KIE_DEADLINE_SECONDS"])

    before = deadline()
    deploy_with(account, {"JobDeadlineSeconds": "300"})
    assert deadline() == "300" != before
    deploy_with(account, {"JobDeadlineSeconds": before})
    assert deadline() == before


def test_a_small_account_s_settings_are_deployed_and_set_back(account: Account) -> None:
    shown = deploy_with(account, ALL_SAVINGS)
    assert "may take 6," in shown
    turn = source(account, "SubmitJobFunctionTurn")
    assert turn["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert source(account, "MakeThumbnailsFunctionThumbnail")["State"] == "Disabled"
    # A parameter that is left out keeps its value.
    deploy_with(account, {"JobRetentionDays": "31"})
    assert source(account, "MakeThumbnailsFunctionThumbnail")["State"] == "Disabled"
    deploy_with(account, BACK)
    assert source(account, "MakeThumbnailsFunctionThumbnail")["State"] == "Enabled"
    turn = source(account, "SubmitJobFunctionTurn")
    assert turn["ScalingConfig"] == {"MaximumConcurrency": 5}


def drifted(account: Account) -> dict[str, set[str]]:
    """Return the properties that differ by resource, as the page's link says to ask for them."""
    stacks = account.client("cloudformation")
    asked = stacks.detect_stack_drift(StackName=STACK)["StackDriftDetectionId"]
    wait_for(
        lambda: stacks.describe_stack_drift_detection_status(StackDriftDetectionId=asked),
        lambda status: status["DetectionStatus"] == "DETECTION_COMPLETE",
        what="the detection of drift",
    )
    found = stacks.describe_stack_resource_drifts(
        StackName=STACK, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"]
    )["StackResourceDrifts"]
    return {
        each["LogicalResourceId"]: {
            difference["PropertyPath"] for difference in each["PropertyDifferences"]
        }
        for each in found
    }


def test_drift_detection_names_what_was_changed_by_hand_and_a_deployment_leaves_it(
    account: Account,
) -> None:
    before, name = drifted(account), physical(account, "QueryJobsFunction")
    functions = account.client("lambda")
    functions.update_function_configuration(FunctionName=name, Handler="app.nothing")
    assert drifted(account) == before | {"QueryJobsFunction": {"/Handler"}}
    assert "No changes to deploy" in account.deploy("staging")
    assert function(account, "QueryJobsFunction")["Handler"] == "app.nothing"
    functions.update_function_configuration(FunctionName=name, Handler="app.lambda_handler")
    assert drifted(account) == before
