"""Have thumbnails made of all images that have none: ``make thumbnails``.

They have none if ``Thumbnails`` was ``false`` when they were copied. Safe to repeat: an image that
has one meanwhile is left alone.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from ringback.domain.jobs import JobStatus

from local.chosen_stack import STACK, Stack
from local.failures import LocalFailure
from local.table_scan import items_in

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sqs import SQSClient

# The images of all others are still being copied, and get thumbnails at the end of that.
COPIED: Final = (JobStatus.SUCCEEDED, JobStatus.ARCHIVE_FAILED)


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.thumbnails", description=__doc__)
    stack = os.environ.get("STACK") or STACK
    parser.add_argument("--stack", default=stack, help=f"the stack (STACK; {STACK} by default)")
    given = parser.parse_args(words)
    try:
        number = request_thumbnails(boto3.Session(), given.stack)
    except (BotoCoreError, ClientError, LocalFailure) as error:
        print(f"thumbnails: {error}", file=sys.stderr)
        return 1
    print(f"{number} thumbnails are made")
    return 0


def request_thumbnails(session: boto3.Session, stack: str) -> int:
    """Return the number of images. Raises ``LocalFailure`` while nothing reads the messages."""
    deployed = Stack(stack, session)
    if deployed.parameters.get("Thumbnails") == "false":
        raise LocalFailure(f"stack {stack} has Thumbnails=false: deploy it with true first")
    queue = dict(deployed.resources_of("AWS::SQS::Queue"))["ThumbnailQueue"]
    images = without_thumbnail(session.client("dynamodb"), deployed.outputs["JobsTableName"])
    return send(session.client("sqs"), queue, images)


def without_thumbnail(table: "DynamoDBClient", name: str) -> Iterator[tuple[str, int]]:
    """Yield the job's id and the image's number."""
    for item in items_in(table, name, COPIED, "images"):
        for number, image in item.get("images", {}).get("M", {}).items():
            if "thumbnail" not in image["M"]:
                yield item["job_id"]["S"], int(number)


def send(sqs: "SQSClient", queue_url: str, images: Iterable[tuple[str, int]]) -> int:
    count = 0
    for job_id, number in images:
        body = json.dumps({"job_id": job_id, "number": number})
        sqs.send_message(QueueUrl=queue_url, MessageBody=body)
        count += 1
    return count


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
