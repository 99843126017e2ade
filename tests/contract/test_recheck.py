"""After a table was taken into a new stack, its unfinished jobs get their messages again."""

from dataclasses import replace

import boto3
import pytest
from ringback.aws.deletions import DeletionTable
from ringback.aws.job_table import JobTable
from ringback.aws.told_marks import ToldTable
from ringback.domain.checks import Check, from_message
from ringback.domain.jobs import FINAL, GONE, JobStatus

from local.recheck import UNTOLD_KEPT, send_checks, unfinished_jobs
from tests.support.aws import Cloud
from tests.support.jobs import NOON, a_job


@pytest.mark.parametrize("queue", [False, True])
def test_every_open_job_is_checked(cloud: Cloud, queue: bool) -> None:  # noqa: FBT001
    table = JobTable.connect(cloud.table)
    statuses = [status for status in JobStatus if status not in GONE]
    jobs = [table.create(a_job(status, number=n)).job for n, status in enumerate(statuses)]
    outputs = {"CheckQueueUrl": cloud.check_queue, "SubmitQueueUrl": cloud.submit_queue}
    found = unfinished_jobs(boto3.client("dynamodb"), cloud.table, at=NOON)
    number = send_checks(boto3.client("sqs"), outputs, found, queue=queue)
    not_final = [job.job_id for job in jobs if job.status not in FINAL]
    checks = [from_message(message) for message in cloud.messages(cloud.check_queue)]
    assert len(checks) == len(not_final)
    assert all(Check(job_id=job_id) in checks for job_id in not_final)
    assert number == len(not_final) == 4
    accepted = [{"job_id": job.job_id} for job in jobs if job.status is JobStatus.ACCEPTED]
    assert cloud.messages(cloud.submit_queue) == (accepted if queue else [])


def test_a_final_job_is_checked_if_its_last_change_was_not_told(cloud: Cloud) -> None:
    """A stream of a restored table has no record of it."""
    table, told = JobTable.connect(cloud.table), ToldTable.connect(cloud.table)
    uncounted, untold, told_once, told_all = (
        table.create(a_job(JobStatus.EXPIRED, number=number, changes=number)).job
        for number in range(4)
    )
    told.add([told_all])
    told.add([replace(told_once, changes=1)])
    client = boto3.client("dynamodb")
    found = dict(unfinished_jobs(client, cloud.table, at=NOON))
    assert found == {untold.job_id: JobStatus.EXPIRED, told_once.job_id: JobStatus.EXPIRED}
    assert uncounted.changes == 0
    assert not dict(unfinished_jobs(client, cloud.table, at=NOON + UNTOLD_KEPT))


def test_a_deletion_is_resumed(cloud: Cloud) -> None:
    """Its messages are gone with the earlier stack, and its client need not ask again."""
    jobs, deletions = JobTable.connect(cloud.table), DeletionTable.connect(cloud.table)
    begun, untold, told = (
        deletions.begin(jobs.create(a_job(JobStatus.EXPIRED, number=n)).job, at=NOON).job
        for n in range(3)
    )
    for job in (untold, told):
        deletions.bury(job, at=NOON)
    ToldTable.connect(cloud.table).add([untold, jobs.get(told.job_id)])
    found = dict(unfinished_jobs(boto3.client("dynamodb"), cloud.table, at=NOON))
    assert found == {begun.job_id: JobStatus.DELETING, untold.job_id: JobStatus.DELETED}
    outputs = {"DeleteQueueUrl": cloud.delete_queue}
    assert send_checks(boto3.client("sqs"), outputs, found.items(), queue=True) == 2
    sent = [message["job_id"] for message in cloud.messages(cloud.delete_queue)]
    assert sorted(sent) == sorted(found)
