"""The table of states, as design.md has it."""

from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.jobs import FINAL, NEXT, JobStatus, may_precede

# What a provider says late still counts (docs/decisions/0011), and a redrive goes on copying.
REOPENED = {
    JobStatus.EXPIRED: {JobStatus.ARCHIVING, JobStatus.FAILED},
    JobStatus.FAILED: {JobStatus.ARCHIVING},
    JobStatus.ARCHIVE_FAILED: {JobStatus.ARCHIVING},
}


def test_every_status_has_its_row() -> None:
    assert set(NEXT) == set(JobStatus)


def test_nothing_follows_a_final_state_but_better_knowledge() -> None:
    for status in FINAL:
        assert NEXT[status] == REOPENED.get(status, set())


def test_every_state_can_reach_a_final_one() -> None:
    reaching = set(FINAL)
    while grown := {status for status in NEXT if NEXT[status] & reaching} - reaching:
        reaching |= grown
    assert reaching == set(JobStatus)


def test_a_job_goes_back_to_its_turn_only_from_the_paid_call() -> None:
    assert may_precede(JobStatus.ACCEPTED) == {JobStatus.SUBMITTING}


def test_the_paid_call_is_made_for_accepted_jobs_only() -> None:
    assert may_precede(JobStatus.SUBMITTING) == {JobStatus.ACCEPTED}


@given(st.lists(st.sampled_from(JobStatus), max_size=30))
def test_no_walk_undoes_a_success(wanted: list[JobStatus]) -> None:
    status, succeeded = JobStatus.ACCEPTED, False
    for following in wanted:
        if following in NEXT[status]:
            status = following
        succeeded = succeeded or status is JobStatus.SUCCEEDED
        assert not succeeded or status is JobStatus.SUCCEEDED
