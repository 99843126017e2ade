"""The usual stack for a callback: Powertools with its router and tracer, boto3, pydantic."""

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

logger, tracer = Logger(service="usual"), Tracer(service="usual")
metrics = Metrics(namespace="usual", service="usual")
app = APIGatewayHttpResolver(enable_validation=True)
table = boto3.resource("dynamodb").Table(os.environ["JOBS_TABLE"])
queue = boto3.client("sqs")


class Task(BaseModel):
    taskId: str  # noqa: N815 the provider's name
    state: str
    resultJson: str | None = None  # noqa: N815


class Callback(BaseModel):
    code: int
    data: Task


@app.post("/callbacks/<provider>/<job_id>/<token>")
@tracer.capture_method
def accept_callback(provider: str, job_id: str, token: str, callback: Callback) -> dict[str, str]:
    table.get_item(Key={"job_id": job_id})
    table.update_item(
        Key={"job_id": job_id},
        UpdateExpression="SET #status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": callback.data.state},
    )
    queue.send_message(QueueUrl=os.environ["CHECK_QUEUE_URL"], MessageBody=job_id)
    metrics.add_metric(name=provider, unit=MetricUnit.Count, value=1)
    return {"job_id": job_id}


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
