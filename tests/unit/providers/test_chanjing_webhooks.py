"""Webhooks in Chanjing's form: the envelope of its look-up, unsigned."""

import json
from dataclasses import replace
from datetime import timedelta

from ringback.domain.jobs import JobStatus
from ringback.domain.verdicts import TaskState
from ringback.domain.webhooks import MAX_BODY_BYTES
from ringback.providers.chanjing.callback import ChanjingCallbackReader
from ringback.providers.chanjing.task_bodies import task_body
from ringback.providers.chanjing.webhooks import ChanjingWebhooks

from tests.support.jobs import NOON, a_job, a_stored_image
from tests.support.provider_apis import link_to
from tests.support.webhooks import SECRET, a_webhook

FORM = ChanjingWebhooks()


def test_a_success_is_told_in_an_envelope() -> None:
    job = a_job(JobStatus.SUCCEEDED, images=(a_stored_image(),))
    body = FORM.body(job, link_to)
    assert json.loads(body) == {
        "trace_id": job.job_id,
        "code": 0,
        "msg": "success",
        "data": task_body(job, link_to),
    }
    report = ChanjingCallbackReader().read({}, body.encode(), now=NOON).report
    assert (report.state, report.image_urls) == (
        TaskState.SUCCEEDED,
        (link_to(a_stored_image().key),),
    )


def test_a_body_without_its_echo_fits() -> None:
    job = a_job(JobStatus.SUCCEEDED, images=(a_stored_image(),))
    given = {"ref_img_url": ["https://res.example/" + "x" * 2000] * 20}
    text = FORM.body(replace(job, request=replace(job.request, input=given)), link_to)
    assert len(text.encode()) <= MAX_BODY_BYTES
    data = json.loads(text)["data"]
    assert (data["ref_img_url"], data["photo_info"]) == ([], {})
    assert data["output_url"] == [link_to(a_stored_image().key)]


def test_it_is_not_signed() -> None:
    assert FORM.headers(a_webhook(), SECRET, at=NOON + timedelta(days=1)) == {}
