"""The documented policies let whoever deploys make all that has a name of its own."""

import json
from typing import Final

import pytest

from tests.support.template import ROOT, resources

# CloudFormation and SAM name these after their logical ids, others after the stack.
NAMED_BY_ID: Final = {
    "AWS::SecretsManager::Secret": "arn:aws:secretsmanager:REGION:ACCOUNT:secret:{}-*",
    "AWS::Serverless::LayerVersion": "arn:aws:lambda:REGION:ACCOUNT:layer:{}*",
}


@pytest.mark.parametrize("kind", NAMED_BY_ID)
def test_it_names_every_resource_that_is_not_named_after_the_stack(kind: str) -> None:
    named = {
        resource
        for path in ROOT.glob("docs/deployer-policy*.json")
        for statement in json.loads(path.read_text())["Statement"]
        for resource in statement["Resource"]
    }
    assert {NAMED_BY_ID[kind].format(name) for name in resources(kind)} <= named
