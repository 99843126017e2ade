from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

import pytest
from ringback.domain.errors import (
    FieldError,
    IdempotencyConflict,
    InputImageRefused,
    InvalidRequest,
    UnknownJob,
    WrongState,
)
from ringback.domain.jobs import FINAL, Job, JobStatus
from ringback.use_cases.accept_job import JobPost
from ringback.use_cases.find_jobs import FindJobs
from ringback.use_cases.retry_job import RetryJob

from tests.support.desk import Desk
from tests.support.jobs import a_job

URL = "s3://drops/a.png"
WITH_IMAGE = a_job(
    JobStatus.FAILED, number=99, request=replace(a_job().request, input_images={URL: "v1"})
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def exists(url: str, version: str) -> str:
    return version


def gone(url: str, version: str) -> NoReturn:
    raise InputImageRefused("the object does not exist")


def retry(
    desk: Desk,
    old: Job,
    *,
    key: str | None = None,
    client: str = "studio",
    pass_through: bool = False,
    check_image: Callable[[str, str], str] = exists,
) -> Job:
    desk.jobs.by_id[old.job_id] = old
    retry_job = RetryJob(
        find=FindJobs(jobs=desk.jobs),
        jobs=desk.jobs,
        accept=desk.acceptor,
        pass_through=pass_through,
        check_image=check_image,
    )
    return retry_job(JobPost(client=client, idempotency_key=key, body={}, retry_of=old.job_id))


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_retry_is_a_new_job_that_names_the_old_one(desk: Desk, status: JobStatus) -> None:
    old = a_job(status, number=99)
    new = retry(desk, old)
    assert (new.status, new.retry_of, new.request, new.client) == (
        JobStatus.ACCEPTED,
        old.job_id,
        old.request,
        old.client,
    )
    assert new.job_id != old.job_id
    assert desk.jobs.get(old.job_id) == old
    assert desk.queues.submit == [(new.job_id, 0, None)]


@pytest.mark.parametrize("status", sorted(set(JobStatus) - FINAL))
def test_a_job_that_may_still_succeed_is_not_retried(desk: Desk, status: JobStatus) -> None:
    with pytest.raises(WrongState, match=f"it is {status}"):
        retry(desk, a_job(status, number=99), pass_through=True)
    assert desk.queues.submit == []


def test_another_client_s_job_is_unknown(desk: Desk) -> None:
    with pytest.raises(UnknownJob):
        retry(desk, a_job(JobStatus.FAILED, number=99), client="shop")
    assert desk.queues.submit == []


def test_a_repeated_retry_with_a_key_is_one_job(desk: Desk) -> None:
    old = a_job(JobStatus.EXPIRED, number=99)
    assert retry(desk, old, key="k").job_id == retry(desk, old, key="k").job_id
    assert len(desk.queues.submit) == 1
    with pytest.raises(IdempotencyConflict):
        retry(desk, a_job(JobStatus.FAILED, number=98), key="k")


def test_a_retry_checks_the_versions_that_the_old_job_had(desk: Desk) -> None:
    checked: list[tuple[str, str]] = []

    def check(url: str, version: str) -> str:
        checked.append((url, version))
        return version

    assert retry(desk, WITH_IMAGE, check_image=check).request == WITH_IMAGE.request
    assert checked == [(URL, "v1")]


def test_a_retry_whose_image_is_gone_is_refused_before_it_is_recorded(desk: Desk) -> None:
    with pytest.raises(InvalidRequest) as refused:
        retry(desk, WITH_IMAGE, key="k", check_image=gone)
    assert refused.value.errors == (FieldError("input", f"{URL}: the object does not exist"),)
    assert [*desk.jobs.by_id] == [WITH_IMAGE.job_id]


def test_a_repeat_is_the_same_job_although_its_image_is_gone(desk: Desk) -> None:
    new = retry(desk, WITH_IMAGE, key="k")
    assert retry(desk, WITH_IMAGE, key="k", check_image=gone).job_id == new.job_id


def test_a_repeat_is_the_same_job_although_the_old_one_is_being_archived_now(desk: Desk) -> None:
    old = a_job(JobStatus.EXPIRED, number=99)
    new = retry(desk, old, key="k")
    late = replace(old, status=JobStatus.ARCHIVING)
    assert retry(desk, late, key="k").job_id == new.job_id
    with pytest.raises(WrongState):
        retry(desk, late, key="other")


def test_a_repeat_is_the_same_job_although_its_model_is_disabled_now(desk: Desk) -> None:
    old = a_job(JobStatus.FAILED, number=99, request=replace(a_job().request, checked=False))
    new = retry(desk, old, key="k", pass_through=True)
    assert retry(desk, old, key="k").job_id == new.job_id


def test_unchecked_input_is_retried_only_while_that_is_enabled(desk: Desk) -> None:
    unchecked = replace(a_job().request, checked=False)
    old = a_job(JobStatus.FAILED, number=99, request=unchecked)
    with pytest.raises(WrongState, match="catalogue"):
        retry(desk, old)
    assert desk.queues.submit == []
    assert retry(desk, old, pass_through=True).request == unchecked
