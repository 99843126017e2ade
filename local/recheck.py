"""Send jobs the checks that are gone with another stack: ``make recheck``.

Every open job gets one, which finds out what has become of it, and ends it; so does every job of
the last week whose end was not told, which has it told. Jobs that are being deleted, or whose
deletion was not told, get the message that sees to it. With ``--queue`` accepted jobs are queued
as well. Only do so with the table that the earlier stack used to its end: in one that was restored
to an earlier moment, an accepted job may have been sent, and paid for, since then.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError
from ringback.aws.job_items import DELETION, UNCOUNTED
from ringback.aws.told_marks import ToldTable
from ringback.domain.clock import utc_now
from ringback.domain.jobs import FINAL, GONE, JobId, JobStatus

from local.chosen_stack import add_stack_arguments, chosen_stack
from local.failures import LocalFailure
from local.table_scan import items_in

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sqs import SQSClient

# So long the check of a job tries to have its end told.
UNTOLD_KEPT: Final = timedelta(days=7)


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.recheck", description=__doc__)
    add_stack_arguments(parser)
    queue = bool(os.environ.get("QUEUE"))
    parser.add_argument(
        "--queue", action="store_true", default=queue, help="queue accepted jobs as well (QUEUE=1)"
    )
    given = parser.parse_args(words)
    try:
        stack = chosen_stack(given)
        table = stack.output("JobsTableName")
        jobs = unfinished_jobs(stack.client("dynamodb"), table, at=utc_now())
        number = send_checks(stack.client("sqs"), stack.outputs, jobs, queue=given.queue)
    except (BotoCoreError, ClientError, LocalFailure) as error:
        print(f"recheck: {error}", file=sys.stderr)
        return 1
    print(f"{number} jobs are checked, or deleted if that had begun")
    return 0


def send_checks(
    sqs: "SQSClient", outputs: Mapping[str, str], jobs: Iterable[tuple[str, str]], *, queue: bool
) -> int:
    """Return the number of jobs; ``queue`` is for accepted ones, ``outputs`` are the stack's."""
    number = 0
    for job_id, status in jobs:
        body = json.dumps({"job_id": job_id})
        name = "DeleteQueueUrl" if status in GONE else "CheckQueueUrl"
        sqs.send_message(QueueUrl=outputs[name], MessageBody=body)
        if queue and status == JobStatus.ACCEPTED:
            sqs.send_message(QueueUrl=outputs["SubmitQueueUrl"], MessageBody=body)
        number += 1
    return number


def unfinished_jobs(
    table: "DynamoDBClient", name: str, *, at: datetime
) -> Iterator[tuple[JobId, JobStatus]]:
    """Yield the id and status of every job that is not at its end, or whose end was not told."""
    told = ToldTable(table, name)
    for item in items_in(table, name, JobStatus, "updated_at", "changes", DELETION):
        status = JobStatus(item.get(DELETION, item["status"])["S"])
        job_id = JobId(item["job_id"]["S"])
        # Older versions count no changes, and tell nothing.
        changes = int(item.get("changes", {"N": "0"})["N"]) + UNCOUNTED.get(status, 0)
        is_recent = datetime.fromisoformat(item["updated_at"]["S"]) > at - UNTOLD_KEPT
        has_ended = status in FINAL or status is JobStatus.DELETED
        if not has_ended or (is_recent and told.changes_told(job_id) < changes):
            yield job_id, status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
