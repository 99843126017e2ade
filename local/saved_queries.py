"""Lets the local AWS deploy queries for Logs Insights. It keeps none: it has no Logs Insights."""

from typing import Any
from uuid import uuid4

TYPE = "AWS::Logs::QueryDefinition"


def accept_saved_queries() -> None:
    """Patch the emulator, which this process is about to run."""
    from ministack.services.cloudformation import (  # type: ignore[import-not-found]
        provisioners,
    )

    provisioners._RESOURCE_HANDLERS[TYPE] = {"create": create, "update": update, "delete": delete}


def create(_logical_id: str, properties: dict[str, Any], _stack: str) -> tuple[str, dict[str, Any]]:
    """Return the id of a new query and its attributes, as CloudFormation names them."""
    for required in ("Name", "QueryString"):
        if not properties.get(required):
            raise ValueError(f"{required} is required for {TYPE}")
    query = str(uuid4())
    return query, {"QueryDefinitionId": query}


def update(
    query: str, _old: dict[str, Any], _new: dict[str, Any], _stack: str
) -> tuple[str, dict[str, Any]]:
    return query, {"QueryDefinitionId": query}


def delete(_query: str, _properties: dict[str, Any]) -> None:
    """Forget nothing."""
