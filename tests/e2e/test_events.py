"""A job's end on its way to a queue of one's own."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Final

import pytest

from local.deployment import Deployment
from local.jobs_api import Job, JobsApi
from local.sam import STACK_NAME
from local.waiting import wait_for
from tests.e2e.finished_jobs import FinishedJobs

MODEL: Final = "bytedance/seedream-v4-text-to-image"


@pytest.fixture
def finished_jobs(deployment: Deployment) -> Iterator[FinishedJobs]:
    finished = FinishedJobs(deployment)
    yield finished
    finished.delete()


def test_the_end_of_a_job_reaches_a_queue_once(
    jobs_api: JobsApi, finished_jobs: FinishedJobs
) -> None:
    job_id = jobs_api.submit(MODEL, {"prompt": "a kite that is told of"})["job_id"]
    told = partial(finished_jobs.about, job_id)  # other tests' jobs end as well
    wait_for(told, bool, what="the end of the job to be told")
    (envelope,) = told()
    event = envelope["detail"]
    assert (envelope["detail-type"], envelope["source"]) == (event["type"], event["source"])
    (job,) = jobs_api.wait_until_final([job_id])
    assert event["id"] == f"{job_id}:{job['status']}:{job['changes']}"
    assert (event["type"], event["client"]) == ("ringback.job.succeeded", "local")
    assert event["source"] == f"/ringback/{STACK_NAME}"
    assert keys_of(event["data"]) == keys_of(job)
    assert "http" not in json.dumps(event["data"])


def keys_of(job: Job) -> list[str]:
    return [image["key"] for image in job["images"]]
