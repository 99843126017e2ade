"""Read a deployed jobs table from one end to the other, for what has no index."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ringback.domain.jobs import JobStatus

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


def items_in(
    table: "DynamoDBClient", name: str, statuses: Iterable[JobStatus], *fields: str
) -> Iterator[dict[str, Any]]:
    """Yield the id, the status and these fields of every job in one of the statuses."""
    values = {f":s{number}": {"S": str(status)} for number, status in enumerate(statuses)}
    pages = table.get_paginator("scan").paginate(
        TableName=name,
        FilterExpression=f"#status IN ({', '.join(values)})",
        ProjectionExpression=", ".join(("job_id", "#status", *fields)),
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues=values,
    )
    for page in pages:
        yield from page["Items"]
