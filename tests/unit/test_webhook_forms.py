"""Webhooks in the form of a provider's own callbacks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from ringback.callbacks.standard_webhooks import WebhookHeaders
from ringback.domain.errors import JobDeleted, UnknownMessage
from ringback.domain.jobs import FINAL, GONE, RINGBACK, Job, JobStatus
from ringback.domain.webhooks import (
    MAX_BODY_BYTES,
    Tried,
    Webhook,
    from_message,
    to_message,
    webhook_of,
)
from ringback.providers.registry import PROVIDERS, forms_of
from ringback.use_cases.webhook_forms import GOES_ON, SendInForm, first_that_fits

from tests.support.in_memory import InMemoryJobs
from tests.support.jobs import NOON, a_job
from tests.support.provider_apis import link_to
from tests.support.webhooks import SECRET, URL, an_event


class Shouting:
    """A form of nobody."""

    def body(self, job: Job, link: Callable[[str], str]) -> str:
        return f"{job.status}!"

    def headers(self, webhook: Webhook, secret: object, *, at: datetime) -> Mapping[str, str]:
        return {"shout": f"{webhook.job_id} {secret} {at:%H}"}


@dataclass
class Post:
    jobs: InMemoryJobs = field(default_factory=InMemoryJobs)
    sent: list[Webhook] = field(default_factory=list)

    def __call__(self, webhook: Webhook) -> Tried:
        send = SendInForm(
            send=self.send,
            forms={"shouting": Shouting()},
            jobs=self.jobs,
            link=link_to,
            now=lambda: NOON,
        )
        return send(webhook)

    def send(self, webhook: Webhook) -> Tried:
        self.sent.append(webhook)
        return Tried(at=NOON, duration=timedelta(0), status=200)


def told(status: JobStatus = JobStatus.SUCCEEDED, *, url: str | None = URL) -> Job:
    job = a_job(status)
    return replace(job, request=replace(job.request, form="shouting", call_back_url=url))


def test_a_job_s_own_receiver_is_told_in_the_form_of_its_request() -> None:
    webhook = webhook_of(an_event(), job=told(), url=URL)
    assert (webhook.form, webhook.body) == ("shouting", "")
    assert from_message(to_message(webhook)) == webhook


@pytest.mark.parametrize("job", [told(url=None), told(url=f"{URL}&x"), a_job()])
def test_any_other_receiver_is_told_in_ringback_s_own(job: Job) -> None:
    webhook = webhook_of(an_event(), job=job, url=URL)
    assert webhook.form == RINGBACK
    assert '"specversion"' in webhook.body


def test_a_webhook_is_written_when_it_is_sent() -> None:
    post, job = Post(), told()
    post.jobs.create(job)
    webhook = webhook_of(an_event(), job=job, url=URL)
    assert post(webhook).is_delivered
    assert post.sent == [replace(webhook, body="succeeded!")]


def test_one_in_ringback_s_own_form_is_sent_as_it_is() -> None:
    post, webhook = Post(), webhook_of(an_event(), job=a_job(), url=URL)
    assert post(webhook).is_delivered
    assert post.sent == [webhook]


@pytest.mark.parametrize("status", sorted(set(JobStatus) - GONE))
def test_a_job_that_has_gone_on_is_told_when_it_has_ended(status: JobStatus) -> None:
    """A late success reopens a failed job. Nobody is to take the one for the other."""
    post, job = Post(), told(status)
    post.jobs.create(job)
    tried = post(webhook_of(an_event(), job=job, url=URL))
    assert tried.is_delivered == bool(post.sent) == (status in FINAL)
    if status not in FINAL:
        assert tried == Tried(at=NOON, duration=timedelta(0), error=GOES_ON, is_ours=True)


@pytest.mark.parametrize("status", sorted(GONE))
def test_a_deleted_job_is_not_told_in_a_form(status: JobStatus) -> None:
    post, job = Post(), told(status)
    post.jobs.create(job)
    with pytest.raises(JobDeleted):
        post(webhook_of(an_event(), job=job, url=URL))
    assert post.sent == []


def test_each_form_signs_in_its_own_way() -> None:
    headers = WebhookHeaders(lambda: {"studio": SECRET}, {"shouting": Shouting()})
    job = told()
    webhook = webhook_of(an_event(), job=job, url=URL)
    assert headers(webhook, NOON) == {"shout": f"{job.job_id} {SECRET} 12"}
    assert "webhook-signature" in headers(replace(webhook, form=RINGBACK), NOON)
    with pytest.raises(UnknownMessage):
        headers(replace(webhook, form="whispering"), NOON)


def test_every_provider_with_endpoints_has_a_form() -> None:
    served = {name for name, provider in PROVIDERS.items() if provider.serve}
    assert served == set(forms_of(PROVIDERS))


def test_the_first_body_that_fits_is_sent() -> None:
    large: dict[str, Any] = {"a": "水" * (MAX_BODY_BYTES // 3)}
    assert first_that_fits({"a": 1, "b": "水"}, {"a": 1}) == '{"a":1,"b":"水"}'
    assert first_that_fits(large, {"a": 1}) == '{"a":1}'
    exact = {"a": "x" * (MAX_BODY_BYTES - 8)}
    assert len(first_that_fits(exact, {})) == MAX_BODY_BYTES
    assert first_that_fits(large, large | {"b": 1}).endswith('"b":1}')
