"""Post jobs to the functions, with or without delivering their submit messages."""

import json
from typing import Any, Final

from ringback.aws.job_table import JobTable
from ringback.domain.jobs import Job, JobId
from ringback.http_api.replies import job_body

from tests.support.aws import Cloud
from tests.support.jobs import MODEL, PROMPT
from tests.support.lambdas import Lambdas, a_batch, an_event, with_body, with_headers

TASK: Final = "task_seedream_1790000000001"
REQUEST: Final = {"model": MODEL, "input": {"prompt": PROMPT, "seed": 7}}
ANSWERED: Final = {"code": 200, "msg": "success", "data": {"taskId": TASK}}
DONE: Final[dict[str, Any]] = {"batchItemFailures": []}
ANY_MODEL: Final = {
    "model": "google/nano-banana",
    "input": {"prompt": PROMPT, "Colour": [1, None]},
}


def a_post(request: object = REQUEST, *, key: str | None = None) -> dict[str, Any]:
    event = with_body(an_event("accept_job", "post"), json.dumps(request).encode())
    return with_headers(event, idempotency_key=key) if key is not None else event


def a_submit_message(job_id: str, *, slot: int | None = None) -> dict[str, Any]:
    return a_batch("submit_job", "queue_turn", {"job_id": job_id, "slot": slot})


def body_of(reply: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(reply["body"])
    return body


def the_job(cloud: Cloud, job_id: str) -> Job:
    return JobTable.connect(cloud.table).get(JobId(job_id))


def accept(lambdas: Lambdas, event: dict[str, Any] | None = None) -> dict[str, Any]:
    """Post a job and return it as the response shows it."""
    reply = lambdas("accept_job", event or a_post())
    assert reply["statusCode"] == 202, reply
    return body_of(reply)


def submit(lambdas: Lambdas, event: dict[str, Any] | None = None) -> dict[str, Any]:
    """Post a job and deliver its submit message; return the job afterwards."""
    before = len(lambdas.sent(lambdas.cloud.submit_queue))
    job_id = accept(lambdas, event)["job_id"]
    for message, delay in lambdas.sent(lambdas.cloud.submit_queue)[before:]:
        assert (message["job_id"], delay) == (job_id, 0)
        assert lambdas("submit_job", a_batch("submit_job", "queue_turn", message)) == DONE
    shown: dict[str, Any] = json.loads(json.dumps(job_body(the_job(lambdas.cloud, job_id))))
    return shown


def waiting(lambdas: Lambdas) -> list[tuple[str, int]]:
    """Return the jobs that were delayed in the submit queue, each with its delay in seconds."""
    sent = lambdas.sent(lambdas.cloud.submit_queue)
    return [(message["job_id"], delay) for message, delay in sent if delay]


def the_probe(lambdas: Lambdas) -> dict[str, Any]:
    """Return the newest probe of an account as check_jobs receives it."""
    sent = lambdas.sent(lambdas.cloud.check_queue)
    probe = [message for message, _ in sent if "probe" in message][-1]
    return a_batch("check_jobs", "probe", probe)
