"""A job is read together with its account, which usually is that of the job before."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ringback.aws.accounts import AccountTable
from ringback.aws.job_table import JobTable
from ringback.aws.submit_reads import JobsWithAccounts
from ringback.domain.accounts import PauseReason, Probe
from ringback.domain.errors import UnknownJob

from tests.support.aws import Cloud
from tests.support.in_memory import InMemoryAccounts, InMemoryJobs, InMemoryJobsWithAccounts
from tests.support.jobs import NOON, a_job, a_job_id, a_request

PROVIDERS = ("kie", "kie", "chanjing")
JOBS = [
    a_job(number=number, request=replace(a_request(), provider=provider))
    for number, provider in enumerate(PROVIDERS)
]


@pytest.fixture(params=["in_memory", "dynamo_db"])
def reads(request: pytest.FixtureRequest, cloud: Cloud) -> Any:
    """Return the reads of a store with these jobs, in which kie's account is paused."""
    is_fake = request.param == "in_memory"
    jobs = InMemoryJobs() if is_fake else JobTable.connect(cloud.table)
    accounts = InMemoryAccounts() if is_fake else AccountTable.connect(cloud.table)
    for job in JOBS:
        jobs.create(job)
    accounts.pause(
        Probe(provider="kie", probe_id="a probe"),
        reason=PauseReason.NO_CREDITS,
        at=NOON,
        began_at=NOON,
        probe_at=NOON + timedelta(minutes=1),
        refused_job=None,
    )
    if isinstance(jobs, InMemoryJobs) and isinstance(accounts, InMemoryAccounts):
        return InMemoryJobsWithAccounts(jobs, accounts)
    return JobsWithAccounts.connect(cloud.table)


@pytest.mark.parametrize("order", [(0, 1), (0, 2, 1), (2, 2, 0, 0)])
def test_a_job_is_read_with_its_own_account(reads: Any, order: tuple[int, ...]) -> None:
    for number in order:
        job, account = reads.read(a_job_id(number))
        assert job == JOBS[number]
        assert (account.provider, account.pause is None) == (PROVIDERS[number], number == 2)


def test_an_unknown_job_is_unknown(reads: Any) -> None:
    for _ in range(2):
        with pytest.raises(UnknownJob):
            reads.read(a_job_id(9))
        reads.read(a_job_id(0))


def test_only_the_account_of_another_provider_is_read_by_itself(cloud: Cloud) -> None:
    """As they were last written: a paused account must not be taken for an open one."""
    jobs, seen = JobTable.connect(cloud.table), list[tuple[str, bool, int]]()
    for job in JOBS:
        jobs.create(job)
    reads = JobsWithAccounts.connect(cloud.table)

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        asked = params.get("RequestItems", {cloud.table: params})[cloud.table]
        seen.append((model.name, asked["ConsistentRead"], len(asked.get("Keys", "1"))))

    reads._client.meta.events.register("provide-client-params.dynamodb", note)
    try:
        for number in (0, 1, 2):
            reads.read(a_job_id(number))
    finally:
        reads._client.meta.events.unregister("provide-client-params.dynamodb", note)
    alone, together = ("GetItem", True, 1), ("BatchGetItem", True, 2)
    assert seen == [("BatchGetItem", True, 1), alone, together, together, alone]
