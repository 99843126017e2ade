"""What the standard library alone takes to accept and submit a job, and for a callback.

Calls are signed by hand (Signature Version 4) and go over one connection to each host.
"""

import hmac
import json
import os
import ssl
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from http.client import HTTPConnection, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

REGION: Final = os.environ["AWS_REGION"]
TABLE, QUEUE = os.environ["JOBS_TABLE"], os.environ["CHECK_QUEUE_URL"]
DYNAMODB: Final = "DynamoDB_20120810."
SIGNED: Final = "host;x-amz-date;x-amz-security-token;x-amz-target"
CONTEXT: Final = ssl.create_default_context()


@cache
def connection(origin: str, service: str) -> HTTPConnection:
    """Return the one to a host; ``service`` keeps those apart that have one address here."""
    url = urlsplit(origin)
    if url.scheme == "https":
        return HTTPSConnection(str(url.hostname), url.port, context=CONTEXT)
    return HTTPConnection(str(url.hostname), url.port)


@cache
def signing_key(day: str, service: str) -> bytes:
    key = b"AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"].encode()
    for part in (day, REGION, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def call(service: str, target: str, **given: Any) -> dict[str, Any]:
    origin, body = os.environ["AWS_ENDPOINT_URL"], json.dumps(given).encode()
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope, token = f"{now[:8]}/{REGION}/{service}/aws4_request", os.environ["AWS_SESSION_TOKEN"]
    host = urlsplit(origin).netloc
    lines = f"host:{host}\nx-amz-date:{now}\nx-amz-security-token:{token}\nx-amz-target:{target}\n"
    request = f"POST\n/\n\n{lines}\n{SIGNED}\n{sha256(body).hexdigest()}"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    signature = hmac.digest(signing_key(now[:8], service), text.encode(), "sha256").hex()
    credential = f"Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Date": now,
        "X-Amz-Security-Token": token,
        "X-Amz-Target": target,
        "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={SIGNED}, "
        f"Signature={signature}",
    }
    return post(connection(origin, service), "/", body, headers)


def post(to: HTTPConnection, path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    to.request("POST", path, body, headers)
    answer = to.getresponse()
    content = answer.read()
    if answer.status >= 300:
        raise RuntimeError(content)
    found: dict[str, Any] = json.loads(content or b"{}")
    return found


@cache
def provider_key() -> str:
    secret = call(
        "secretsmanager", "secretsmanager.GetSecretValue", SecretId=os.environ["KIE_SECRET_ARN"]
    )
    return str(json.loads(secret["SecretString"])["api_key"])


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    body = json.loads(event["body"])
    if "input" not in body:
        return accept_callback(event["pathParameters"]["job_id"], body)
    job_id = str(uuid4())
    item = {"job_id": job_id, "status": "accepted", "request": event["body"]}
    call("dynamodb", f"{DYNAMODB}PutItem", TableName=TABLE, Item=typed(item))
    call("sqs", "AmazonSQS.SendMessage", QueueUrl=QUEUE, MessageBody=job_id)
    headers = {"Authorization": f"Bearer {provider_key()}", "Content-Type": "application/json"}
    provider = connection(os.environ["KIE_BASE_URL"], "provider")
    post(provider, "/api/v1/jobs/createTask", json.dumps(body).encode(), headers)
    update(job_id, "running")
    return {"statusCode": 202, "body": json.dumps({"job_id": job_id})}


def accept_callback(job_id: str, body: dict[str, Any]) -> dict[str, Any]:
    call("dynamodb", f"{DYNAMODB}GetItem", TableName=TABLE, Key=typed({"job_id": job_id}))
    update(job_id, body["data"]["state"])
    call("sqs", "AmazonSQS.SendMessage", QueueUrl=QUEUE, MessageBody=job_id)
    return {"statusCode": 200}


def update(job_id: str, status: str) -> None:
    call(
        "dynamodb",
        f"{DYNAMODB}UpdateItem",
        TableName=TABLE,
        Key=typed({"job_id": job_id}),
        UpdateExpression="SET #status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues=typed({":status": status}),
    )


def typed(values: dict[str, str]) -> dict[str, Any]:
    return {name: {"S": value} for name, value in values.items()}
