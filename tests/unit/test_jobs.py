"""The transitions between states, and what no sequence of them may do."""

from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.jobs import BEFORE_THE_TASK, FINAL, GONE, NEXT, JobStatus, may_precede

# Beside what deletes a job. Late reports still count (docs/decisions/0011 and 0022), and a failed
# copy can be resumed.
REOPENED = {
    JobStatus.EXPIRED: {JobStatus.ARCHIVING, JobStatus.FAILED},
    JobStatus.FAILED: {JobStatus.ARCHIVING},
    JobStatus.ARCHIVE_FAILED: {JobStatus.ARCHIVING},
    JobStatus.CANCELLED: {JobStatus.ARCHIVING},
}


def test_every_state_has_a_row() -> None:
    assert set(NEXT) == set(JobStatus)


def test_only_late_reports_and_resumed_copies_leave_final_states() -> None:
    for status in FINAL:
        assert NEXT[status] == REOPENED.get(status, set()) | {JobStatus.DELETING}


def test_every_state_can_reach_a_final_one() -> None:
    reaching = set(FINAL)
    while grown := {status for status in NEXT if NEXT[status] & reaching} - reaching:
        reaching |= grown
    assert reaching == set(JobStatus) - GONE


def test_only_jobs_that_have_ended_are_deleted_and_nothing_leads_back() -> None:
    assert may_precede(JobStatus.DELETING) == FINAL
    assert may_precede(JobStatus.DELETED) == {JobStatus.DELETING}
    assert {following for status in GONE for following in NEXT[status]} <= GONE


def test_only_submitting_jobs_become_accepted_again() -> None:
    assert may_precede(JobStatus.ACCEPTED) == {JobStatus.SUBMITTING}


def test_a_job_that_was_never_sent_may_be_with_the_provider() -> None:
    """If the provider proves so (docs/decisions/0022). Then the job is past the paid call."""
    proven = {JobStatus.RUNNING, JobStatus.ARCHIVING, JobStatus.FAILED}
    assert NEXT[JobStatus.ACCEPTED] - {JobStatus.SUBMITTING, JobStatus.CANCELLED} == proven
    assert NEXT[JobStatus.CANCELLED] == {JobStatus.ARCHIVING, JobStatus.DELETING}
    assert proven.isdisjoint(BEFORE_THE_TASK)


def test_only_accepted_jobs_become_submitting() -> None:
    assert may_precede(JobStatus.SUBMITTING) == {JobStatus.ACCEPTED}


@given(st.lists(st.sampled_from(JobStatus), max_size=30))
def test_no_sequence_undoes_a_success(wanted: list[JobStatus]) -> None:
    status, succeeded = JobStatus.ACCEPTED, False
    for following in wanted:
        if following in NEXT[status]:
            status = following
        succeeded = succeeded or status is JobStatus.SUCCEEDED
        assert not succeeded or status in {JobStatus.SUCCEEDED, *GONE}
