"""The stack that a command works on: one in your AWS account, or the one of ``make run``."""

import argparse
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import boto3

from local.deployment import Deployment, administrator
from local.emulator import endpoint_url
from local.failures import LocalFailure
from local.ports import ports_from_environment
from local.sam import STACK_NAME

STACK: Final = "ringback"


@dataclass(frozen=True)
class Stack:
    """Methods and properties raise botocore's errors; what they return is read once.

    ``endpoint_url`` is the local AWS's.
    """

    name: str
    session: boto3.Session
    endpoint_url: str | None = None

    def client(self, service: str) -> Any:
        clients: Any = self.session
        return clients.client(service, **self._at)

    @property
    def _at(self) -> Mapping[str, str]:
        return {"endpoint_url": self.endpoint_url} if self.endpoint_url else {}

    @cached_property
    def description(self) -> Mapping[str, Any]:
        [described] = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        found: Mapping[str, Any] = described
        return found

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        listed = self.description.get("Outputs", [])
        return {each["OutputKey"]: each["OutputValue"] for each in listed}

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        listed = self.description.get("Parameters", [])
        return {each["ParameterKey"]: each["ParameterValue"] for each in listed}

    @cached_property
    def resources(self) -> list[Mapping[str, Any]]:
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        return [
            resource
            for page in pages.paginate(StackName=self.name)
            for resource in page["StackResourceSummaries"]
        ]

    def resources_of(self, kind: str) -> Iterator[tuple[str, str]]:
        """Yield each resource's name in the template, and its id: of a queue, its URL."""
        for resource in self.resources:
            # One whose creation failed has no id.
            if resource["ResourceType"] == kind and resource.get("PhysicalResourceId"):
                yield resource["LogicalResourceId"], resource["PhysicalResourceId"]

    def output(self, name: str) -> str:
        """Raise ``LocalFailure`` if the stack has no such output: it is not a Ringback stack."""
        if name not in self.outputs:
            raise LocalFailure(f"stack {self.name} has no output {name}")
        return self.outputs[name]


def stack_of(deployment: Deployment) -> Stack:
    return Stack(STACK_NAME, administrator(), deployment.endpoint_url)


def add_stack_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stack",
        default=os.environ.get("STACK") or STACK,
        help=f"the CloudFormation stack (STACK; {STACK} by default)",
    )
    add_switch(parser, "LOCAL", "of the stack of make run")


def add_switch(parser: argparse.ArgumentParser, variable: str, words: str) -> None:
    """Add a flag that make's variable of the same name sets as well."""
    is_set = os.environ.get(variable, "") not in ("", "0")
    flag = f"--{variable.lower().replace('_', '-')}"
    parser.add_argument(flag, action="store_true", default=is_set, help=f"{words} ({variable}=1)")


def chosen_stack(given: argparse.Namespace) -> Stack:
    if given.local:
        return Stack(STACK_NAME, administrator(), endpoint_url(ports_from_environment().aws))
    return Stack(given.stack, boto3.Session())
