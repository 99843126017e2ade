"""An empty handler: what Python and Lambda's runtime client cost by themselves."""

from typing import Any


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return {"statusCode": 200}
