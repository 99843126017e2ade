from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

import pytest
from ringback.domain.errors import (
    FieldError,
    IdempotencyConflict,
    InputImageRefused,
    InvalidRequest,
    JobDeleted,
    UnknownJob,
    WrongState,
)
from ringback.domain.job_posts import JobPost
from ringback.domain.jobs import ENDED, FINAL, GONE, Job, JobStatus
from ringback.use_cases.find_jobs import FindJobs
from ringback.use_cases.retry_job import RetryJob

from tests.support.harness import Harness
from tests.support.jobs import a_job, a_tagged_request

URL = "s3://drops/a.png"
WITH_IMAGE = a_job(
    JobStatus.FAILED, number=99, request=replace(a_job().request, input_images={URL: "v1"})
)


@pytest.fixture
def harness() -> Harness:
    return Harness()


def exists(url: str, version: str, *, client: str) -> str:
    return version


def gone(url: str, version: str, *, client: str) -> NoReturn:
    raise InputImageRefused("the object does not exist")


def retry(
    harness: Harness,
    old: Job,
    *,
    key: str | None = None,
    client: str = "studio",
    pass_through: bool = False,
    check_image: Callable[..., str] = exists,
) -> Job:
    harness.jobs.by_id[old.job_id] = old
    retry_job = RetryJob(
        find=FindJobs(jobs=harness.jobs),
        jobs=harness.jobs,
        accept=harness.acceptor,
        pass_through=pass_through,
        check_image=check_image,
    )
    return retry_job(JobPost(client=client, idempotency_key=key, body={}, retry_of=old.job_id))


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_retry_is_a_new_job_that_names_the_old_one(harness: Harness, status: JobStatus) -> None:
    old = a_job(status, number=99)
    new = retry(harness, old)
    assert (new.status, new.retry_of, new.request, new.client) == (
        JobStatus.ACCEPTED,
        old.job_id,
        old.request,
        old.client,
    )
    assert new.job_id != old.job_id
    assert harness.jobs.get(old.job_id) == old
    assert harness.queues.submit == [(new.job_id, 0, None)]


@pytest.mark.parametrize("status", sorted(set(JobStatus) - ENDED))
def test_an_unfinished_job_is_not_retried(harness: Harness, status: JobStatus) -> None:
    with pytest.raises(WrongState, match=f"it is {status}"):
        retry(harness, a_job(status, number=99), pass_through=True)
    assert harness.queues.submit == []


@pytest.mark.parametrize(
    ("status", "error"), [(JobStatus.DELETING, WrongState), (JobStatus.DELETED, JobDeleted)]
)
def test_a_deleted_job_is_not_retried(
    harness: Harness, status: JobStatus, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"deleted|job_"):
        retry(harness, a_job(status, number=99), pass_through=True)
    assert harness.queues.submit == []


def test_another_client_s_job_is_unknown(harness: Harness) -> None:
    with pytest.raises(UnknownJob):
        retry(harness, a_job(JobStatus.FAILED, number=99), client="shop")
    assert harness.queues.submit == []


def test_a_repeated_retry_with_a_key_is_one_job(harness: Harness) -> None:
    old = a_job(JobStatus.EXPIRED, number=99)
    assert retry(harness, old, key="k").job_id == retry(harness, old, key="k").job_id
    assert len(harness.queues.submit) == 1
    with pytest.raises(IdempotencyConflict):
        retry(harness, a_job(JobStatus.FAILED, number=98), key="k")


def test_a_retry_keeps_the_tags(harness: Harness) -> None:
    old = a_job(JobStatus.FAILED, number=99, request=a_tagged_request("spring"))
    assert retry(harness, old).request.tags == ("spring",)


def test_a_retry_checks_the_versions_that_the_old_job_had(harness: Harness) -> None:
    checked: list[tuple[str, str, str]] = []

    def check(url: str, version: str, *, client: str) -> str:
        checked.append((url, version, client))
        return version

    assert retry(harness, WITH_IMAGE, check_image=check).request == WITH_IMAGE.request
    assert checked == [(URL, "v1", "studio")]


def test_a_retry_without_its_image_is_refused(harness: Harness) -> None:
    with pytest.raises(InvalidRequest) as refused:
        retry(harness, WITH_IMAGE, key="k", check_image=gone)
    assert refused.value.errors == (FieldError("input", f"{URL}: the object does not exist"),)
    assert [*harness.jobs.by_id] == [WITH_IMAGE.job_id]


def test_a_repeat_returns_its_job_after_its_image_is_gone(harness: Harness) -> None:
    new = retry(harness, WITH_IMAGE, key="k")
    assert retry(harness, WITH_IMAGE, key="k", check_image=gone).job_id == new.job_id


@pytest.mark.parametrize("status", sorted(GONE))
def test_a_repeat_returns_its_job_after_the_old_one_was_deleted(
    harness: Harness, status: JobStatus
) -> None:
    """Whose answer is lost would buy it again with another key."""
    new = retry(harness, a_job(JobStatus.EXPIRED, number=99), key="k")
    assert retry(harness, a_job(status, number=99), key="k").job_id == new.job_id
    assert len(harness.queues.submit) == 1
    with pytest.raises(IdempotencyConflict):
        retry(harness, a_job(status, number=98), key="k")


def test_a_repeat_returns_its_job_after_the_old_one_is_forgotten(harness: Harness) -> None:
    old = a_job(JobStatus.EXPIRED, number=99)
    new = retry(harness, old, key="k")
    # Another's job is unknown as well.
    assert retry(harness, replace(old, client="nobody"), key="k").job_id == new.job_id


def test_a_repeat_returns_its_job_while_the_old_one_is_archived(
    harness: Harness,
) -> None:
    old = a_job(JobStatus.EXPIRED, number=99)
    new = retry(harness, old, key="k")
    late = replace(old, status=JobStatus.ARCHIVING)
    assert retry(harness, late, key="k").job_id == new.job_id
    with pytest.raises(WrongState):
        retry(harness, late, key="other")


def test_a_repeat_returns_its_job_after_its_model_is_disabled(harness: Harness) -> None:
    old = a_job(JobStatus.FAILED, number=99, request=replace(a_job().request, checked=False))
    new = retry(harness, old, key="k", pass_through=True)
    assert retry(harness, old, key="k").job_id == new.job_id


def test_unchecked_input_is_retried_only_while_that_is_enabled(harness: Harness) -> None:
    unchecked = replace(a_job().request, checked=False)
    old = a_job(JobStatus.FAILED, number=99, request=unchecked)
    with pytest.raises(WrongState, match="catalogue"):
        retry(harness, old)
    assert harness.queues.submit == []
    assert retry(harness, old, pass_through=True).request == unchecked
