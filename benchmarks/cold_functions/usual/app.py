"""The usual stack: Powertools with its router and tracer, boto3, pydantic, httpx.

It does in one event what ours do in two: it checks and records a job, and sends it to a provider.
"""

import json
import os
from typing import Any, Literal

import boto3
import httpx
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, Field

logger, tracer = Logger(service="usual"), Tracer(service="usual")
metrics = Metrics(namespace="usual", service="usual")
app = APIGatewayHttpResolver(enable_validation=True)
table = boto3.resource("dynamodb").Table(os.environ["JOBS_TABLE"])
queue = boto3.client("sqs")
secrets = boto3.client("secretsmanager")
http = httpx.Client()


class Input(BaseModel):
    prompt: str = Field(min_length=1, max_length=5000)
    seed: int | None = None


class Order(BaseModel):
    model: Literal["bytedance/seedream-v4-text-to-image"]
    input: Input


@app.post("/jobs")
@tracer.capture_method
def post_job(order: Order) -> dict[str, str]:
    job_id = app.current_event.request_context.request_id
    table.put_item(Item={"job_id": job_id, "status": "accepted", **order.model_dump()})
    queue.send_message(QueueUrl=os.environ["CHECK_QUEUE_URL"], MessageBody=job_id)
    secret = secrets.get_secret_value(SecretId=os.environ["KIE_SECRET_ARN"])["SecretString"]
    headers = {"Authorization": f"Bearer {json.loads(secret)['api_key']}"}
    url = f"{os.environ['KIE_BASE_URL']}/api/v1/jobs/createTask"
    http.post(url, headers=headers, json=order.model_dump()).raise_for_status()
    metrics.add_metric(name="accepted", unit=MetricUnit.Count, value=1)
    return {"job_id": job_id}


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
