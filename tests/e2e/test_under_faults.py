"""Jobs under every fault. They were posted before the first test: some wait for their deadline.

One of the last files of its folder, so that the other tests use that time.
"""

import pytest

from local.jobs_api import Job, JobsApi
from tests.e2e.conftest import SharedStack
from tests.e2e.faults import CHANJING, FAULTS, KIE
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


def test_all_functions_share_one_token(
    under_faults: dict[tuple[str, str], Job], provider: Provider
) -> None:
    """The second is for the one that was killed."""
    assert under_faults
    assert provider.tokens_issued() == 2
