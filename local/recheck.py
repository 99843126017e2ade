"""Send a check for every open job, whose messages are gone with another stack: ``make recheck``.

A check finds out what has become of a job, and ends it. With ``--queue`` accepted jobs are queued
as well. Only do so with the table that the earlier stack used to its end: in one that was restored
to an earlier moment, an accepted job may have been sent, and paid for, since then.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from ringback.domain.jobs import FINAL, JobStatus

from local.redrive import STACK
from local.table_scan import items_in

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sqs import SQSClient

OPEN: Final = sorted(set(JobStatus) - FINAL)


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.recheck", description=__doc__)
    stack = os.environ.get("STACK") or STACK
    parser.add_argument("--stack", default=stack, help=f"the stack (STACK; {STACK} by default)")
    queue = bool(os.environ.get("QUEUE"))
    parser.add_argument(
        "--queue", action="store_true", default=queue, help="queue accepted jobs as well (QUEUE=1)"
    )
    given = parser.parse_args(words)
    try:
        session = boto3.Session()
        stacks = session.client("cloudformation").describe_stacks(StackName=given.stack)
        outputs = {
            output["OutputKey"]: output["OutputValue"] for output in stacks["Stacks"][0]["Outputs"]
        }
        jobs = open_jobs(session.client("dynamodb"), outputs["JobsTableName"])
        number = send_checks(session.client("sqs"), outputs, jobs, queue=given.queue)
    except (BotoCoreError, ClientError) as error:
        print(f"recheck: {error}", file=sys.stderr)
        return 1
    print(f"{number} open jobs are checked")
    return 0


def send_checks(
    sqs: "SQSClient", outputs: Mapping[str, str], jobs: Iterable[tuple[str, str]], *, queue: bool
) -> int:
    """Return the number of jobs; ``queue`` is for accepted ones, ``outputs`` are the stack's."""
    number = 0
    for job_id, status in jobs:
        body = json.dumps({"job_id": job_id})
        sqs.send_message(QueueUrl=outputs["CheckQueueUrl"], MessageBody=body)
        if queue and status == JobStatus.ACCEPTED:
            sqs.send_message(QueueUrl=outputs["SubmitQueueUrl"], MessageBody=body)
        number += 1
    return number


def open_jobs(table: "DynamoDBClient", name: str) -> Iterator[tuple[str, str]]:
    """Yield the id and status of every job that is not final."""
    for item in items_in(table, name, OPEN):
        yield item["job_id"]["S"], item["status"]["S"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
