"""Jobs under every fault. They were posted before the first test: some wait for their deadline.

One of the last files of its folder, so that the other tests use that time.
"""

from collections import Counter

import pytest

from local.jobs_api import Job, JobsApi
from local.simulator.faults import FAULTS as SIMULATED
from local.simulator.faults import faults_in
from tests.e2e.conftest import SharedStack
from tests.e2e.faults import CHANJING, FAULTS, INAPPLICABLE, KIE, UNHEARD
from tests.e2e.provider import Provider


@pytest.fixture(scope="module")
def under_faults(jobs_api: JobsApi, shared_stack: SharedStack) -> dict[tuple[str, str], Job]:
    """Return those jobs when they have ended."""
    ids = [job["job_id"] for job in shared_stack.under_faults.values()]
    ended = jobs_api.wait_until_final(ids)
    return dict(zip(shared_stack.under_faults, ended, strict=True))


@pytest.mark.parametrize(("model", "fault"), FAULTS)
def test_under_every_fault_a_job_ends_as_it_should_and_is_bought_once(
    model: str, fault: str, under_faults: dict[tuple[str, str], Job], provider: Provider
) -> None:
    job = under_faults[model, fault]
    status, tasks = FAULTS[model, fault]
    assert (job["status"], len(provider.tasks_of(job["job_id"]))) == (status, tasks), job


def test_what_may_have_been_charged_says_so(under_faults: dict[tuple[str, str], Job]) -> None:
    for model in (KIE, CHANJING):
        assert under_faults[model, "error_500_before"]["error"]["may_be_charged"] is True
        assert under_faults[model, "content_policy"]["error"]["may_be_charged"] is False


def test_the_provider_was_never_asked_twice_for_the_same(
    under_faults: dict[tuple[str, str], Job], provider: Provider
) -> None:
    """The simulator's ledger has every task it ever made, including those of other tests."""
    assert under_faults
    by_url = provider.tasks_by_callback_url()
    assert {url: tasks for url, tasks in by_url.items() if len(tasks) != 1} == {}


def test_only_overdue_jobs_are_asked_about_and_none_more_than_twice(
    under_faults: dict[tuple[str, str], Job], provider: Provider
) -> None:
    reads = Counter(provider.reads())
    asked = {
        fault: reads[job["task_id"]]
        for (model, fault), job in under_faults.items()
        # Of an image that cannot be had whole, the record is read for other links.
        if model == KIE and job["task_id"] and job["status"] != "archive_failed"
        if not any(image["damaged"] for image in job["images"])
    }
    # A success without images may be a mistake of the callback.
    overdue = {fault for fault in asked if names_in(fault) & {*UNHEARD, "fewer_images"}}
    assert {fault: times for fault, times in asked.items() if times > (fault in overdue) * 2} == {}
    assert all(asked[fault] for fault in overdue)


def test_every_fault_has_an_expected_end() -> None:
    tried = {(model, name) for model, asked in FAULTS for name in names_in(asked)}
    inapplicable = {(model, name) for model, names in INAPPLICABLE.items() for name in names}
    assert {(model, name) for model in INAPPLICABLE for name in SIMULATED} == tried | inapplicable


def names_in(asked: str) -> set[str]:
    return {*faults_in(f"[simulate: {asked}]")}


def test_all_functions_share_one_token(
    under_faults: dict[tuple[str, str], Job], provider: Provider
) -> None:
    """The second is for the one that was killed."""
    assert under_faults
    assert provider.tokens_issued() == 2
