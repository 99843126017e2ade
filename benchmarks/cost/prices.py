"""List prices of AWS, and what the formula assumes of times that moto doesn't have."""

from typing import Final

REGION: Final = "us-east-1"
DATE: Final = "2026-11"
SOURCE: Final = "https://aws.amazon.com/pricing/"

# USD per million. The first tier, without the free ones, taxes and storage.
PRICES: Final = {
    "DynamoDB write units": 0.625,
    "DynamoDB read units": 0.125,
    "SQS requests": 0.40,
    "S3 PUT": 5.00,
    "S3 GET": 0.40,
    "EventBridge events": 1.00,
    "Secrets Manager reads": 5.00,
    "HTTP API requests": 1.00,
    "WebSocket messages": 1.00,
    "Lambda requests": 0.20,
    # arm64; 0.0000133334 USD each.
    "Lambda GB-seconds": 13.3334,
    # Of 1,024 bytes; 0.50 USD per GiB of standard logs.
    "log KB": 0.50 * 1e6 / 1024**2,
}

# Milliseconds until the service has answered, warm connections, in the same region.
WAITS: Final = {
    "dynamodb": 4,
    "sqs": 6,
    "events": 10,
    "s3": 20,
    "secretsmanager": 10,
    "apigatewaymanagementapi": 15,
}
# To store or read an image of 5 MB on top of that, and to load it from its provider.
IMAGE_MS: Final = 40
DOWNLOAD_MS: Final = 150
# Of an answer of the provider: createTask, or the record of a task.
PROVIDER_MS: Final = 250
RECEIVER_MS: Final = 100

# Processor milliseconds of one call of AWS, and of the rest of an invocation, measured on one
# x86_64 core (benchmarks/RESULTS.md). Lambda gives a whole one to 1,769 MB.
CALL_CPU_MS: Final = 1.75
OWN_CPU_MS: Final = {
    "authorize_client": 0.6,
    "accept_job": 4.0,
    "submit_job": 2.0,
    "receive_callback": 1.7,
    "archive_images": 8.0,
    "make_thumbnails": 46.0,
    "check_jobs": 0.5,
    "publish_events": 1.5,
    "notify_client": 3.0,
}
WHOLE_CORE_MB: Final = 1769

# Lambda's own lines in its JSON format, and what CloudWatch adds to each line.
# https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
REQUEST_ID: Final = "79b4f56e-95b1-4643-9700-2807f4e68189"
PLATFORM_LINES: Final = {
    "INFO": (
        '{"time":"2026-11-27T12:00:00.000Z","type":"platform.start","record":{"requestId":'
        f'"{REQUEST_ID}","version":"$LATEST"}}}}',
        '{"time":"2026-11-27T12:00:00.000Z","type":"platform.report","record":{"requestId":'
        f'"{REQUEST_ID}","metrics":{{"durationMs":123.456,"billedDurationMs":124,"memorySizeMB":512,'
        '"maxMemoryUsedMB":100},"status":"success"}}',
    ),
    "WARN": (),
}
LINE_OVERHEAD: Final = 26
# Of an HTTP API's access log, with the overhead.
ACCESS_LINE: Final = 256

# A steady flow: what a container keeps for a while is read once for as many jobs as pass meanwhile.
SECONDS_BETWEEN_JOBS: Final = 10
