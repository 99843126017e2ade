"""After a table was taken into a new stack, its open jobs get their messages again."""

import boto3
import pytest
from ringback.aws.job_table import JobTable
from ringback.domain.checks import Check, from_message
from ringback.domain.jobs import FINAL, JobStatus

from local.recheck import open_jobs, send_checks
from tests.support.aws import Cloud
from tests.support.jobs import a_job


@pytest.mark.parametrize("queue", [False, True])
def test_every_open_job_is_checked(cloud: Cloud, queue: bool) -> None:  # noqa: FBT001
    table = JobTable.connect(cloud.table)
    jobs = [table.create(a_job(status, number=n)).job for n, status in enumerate(JobStatus)]
    outputs = {"CheckQueueUrl": cloud.check_queue, "SubmitQueueUrl": cloud.submit_queue}
    found = open_jobs(boto3.client("dynamodb"), cloud.table)
    number = send_checks(boto3.client("sqs"), outputs, found, queue=queue)
    not_final = [job.job_id for job in jobs if job.status not in FINAL]
    checks = [from_message(message) for message in cloud.messages(cloud.check_queue)]
    assert len(checks) == len(not_final)
    assert all(Check(job_id=job_id) in checks for job_id in not_final)
    assert number == len(not_final) == 4
    accepted = [{"job_id": job.job_id} for job in jobs if job.status is JobStatus.ACCEPTED]
    assert cloud.messages(cloud.submit_queue) == (accepted if queue else [])
