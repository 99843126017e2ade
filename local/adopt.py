"""Take kept buckets and a kept or restored table into a new stack: ``make adopt``.

CloudFormation imports them as the template describes them. ``make deploy`` then adds all else.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from local.chosen_stack import STACK
from local.failures import LocalFailure
from local.template import load_template

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_dynamodb import DynamoDBClient

CHANGE_SET: Final = "adopt"
POLL_SECONDS: Final = 2
# What each kept resource is identified by, beside its name in the template.
IDENTIFIERS: Final[Mapping[str, str]] = {
    "JobsTable": "TableName",
    "ImagesBucket": "BucketName",
    "DropBucket": "BucketName",
}


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.adopt", description=__doc__)
    stack = os.environ.get("STACK") or STACK
    parser.add_argument("--stack", default=stack, help=f"the new stack (STACK; {STACK} by default)")
    parser.add_argument("--table", required=True, help="the name of the jobs table")
    parser.add_argument("--images", required=True, help="the name of the images bucket")
    parser.add_argument("--drops", required=True, help="the name of the drop bucket")
    given = parser.parse_args(words)
    kept = {"JobsTable": given.table, "ImagesBucket": given.images, "DropBucket": given.drops}
    try:
        check_stream(boto3.client("dynamodb"), given.table)
        adopt(boto3.client("cloudformation"), given.stack, kept)
    except (BotoCoreError, ClientError, WaiterError, LocalFailure) as error:
        print(f"adopt: {error}", file=sys.stderr)
        return 1
    print(f"Stack {given.stack} has them. Deploy the rest: make deploy")
    return 0


def check_stream(tables: "DynamoDBClient", name: str) -> None:
    """Raise ``LocalFailure`` if the table lacks the stream that the template describes.

    An import doesn't compare the two, and the deployment then finds no ``StreamArn``. AWS restores
    no table's stream:
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableToPointInTime.html
    """
    wanted = load_template()["Resources"]["JobsTable"]["Properties"]["StreamSpecification"]
    found = tables.describe_table(TableName=name)["Table"].get("StreamSpecification")
    if found != {"StreamEnabled": True, **wanted}:
        view = wanted["StreamViewType"]
        raise LocalFailure(f"table {name} has no stream of {view}: see Restore in docs/operate.md")


def adopt(stacks: "CloudFormationClient", stack: str, kept: Mapping[str, str]) -> None:
    """Create a stack that has the kept resources, each by its name in the template."""
    template = import_template(load_template())
    stacks.create_change_set(
        StackName=stack,
        ChangeSetName=CHANGE_SET,
        ChangeSetType="IMPORT",
        TemplateBody=json.dumps(template),
        ResourcesToImport=[
            {
                "LogicalResourceId": name,
                "ResourceType": template["Resources"][name]["Type"],
                "ResourceIdentifier": {IDENTIFIERS[name]: kept[name]},
            }
            for name in IDENTIFIERS
        ],
    )
    waiting: Any = {"Delay": POLL_SECONDS, "MaxAttempts": 300}
    stacks.get_waiter("change_set_create_complete").wait(
        StackName=stack, ChangeSetName=CHANGE_SET, WaiterConfig=waiting
    )
    stacks.execute_change_set(StackName=stack, ChangeSetName=CHANGE_SET)
    stacks.get_waiter("stack_import_complete").wait(StackName=stack, WaiterConfig=waiting)


def import_template(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of the template that is kept, without what it needs of the rest."""
    resources = dict[str, Any]()
    for name in IDENTIFIERS:
        resource = {**template["Resources"][name]}
        resource.pop("DependsOn", None)
        # The queue that it notifies does not exist yet.
        properties = {**resource["Properties"]}
        properties.pop("NotificationConfiguration", None)
        resources[name] = resource | {"Properties": properties}
    sections = ("AWSTemplateFormatVersion", "Parameters", "Conditions")
    return {name: template[name] for name in sections} | {"Resources": resources}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
