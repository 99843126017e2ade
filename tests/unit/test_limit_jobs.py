"""A client's limit: what counts, what is refused, and what is told of it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from ringback.domain.allowances import Allowance, allowance
from ringback.domain.errors import IdempotencyConflict, TooManyJobs
from ringback.http_api.replies import limit_headers, problem
from ringback.use_cases.accept_job import NewJob
from ringback.use_cases.limit_jobs import LimitJobs

from tests.support.harness import Harness
from tests.support.in_memory import InMemoryCounts
from tests.support.jobs import NOON, a_request

NEW = NewJob(request=a_request(), client="studio")
AT = NOON + timedelta(seconds=18.5)


def limited(harness: Harness, most: int, *, at: datetime = AT) -> LimitJobs:
    return LimitJobs(
        accept=harness.acceptor,
        jobs=harness.jobs,
        counts=InMemoryCounts(),
        most=most,
        now=lambda: at,
    )


def test_a_job_over_the_limit_is_refused_before_anything_is_recorded() -> None:
    harness = Harness()
    limit = limited(harness, 2)
    for _ in range(2):
        limit(NEW)
    with pytest.raises(TooManyJobs) as refused:
        limit(NEW)
    assert refused.value.allowance == Allowance(most=2, left=0, seconds=42)
    assert len(harness.jobs.by_id) == 2
    limit(replace(NEW, client="shop"))


def test_a_repeat_is_neither_counted_nor_refused() -> None:
    harness = Harness()
    limit = limited(harness, 1)
    first = limit(replace(NEW, idempotency_key="k"))
    for key in ("k", '"k"'):
        assert limit(replace(NEW, idempotency_key=key)).job_id == first.job_id
    with pytest.raises(IdempotencyConflict):
        limit(replace(NEW, idempotency_key="k", request=a_request(seed=1)))
    assert limit.allowance_of("studio").left == 0
    with pytest.raises(TooManyJobs):
        limit(replace(NEW, idempotency_key="another"))


def test_the_same_request_twice_at_once_is_one_job_of_the_last_place() -> None:
    """Its repeat is not told that nothing was recorded."""
    harness, keyed = Harness(), replace(NEW, idempotency_key="k")

    class Counts(InMemoryCounts):
        def count(self, client: str, *, most: int, at: datetime) -> bool:
            # The first one is counted and recorded while the second one is about to be.
            if not harness.jobs.by_id:
                super().count(client, most=most, at=at)
                harness.acceptor(keyed)
            return super().count(client, most=most, at=at)

    limit = replace(limited(harness, 1), counts=Counts())
    assert [limit(keyed).job_id] == [*harness.jobs.by_id]
    with pytest.raises(TooManyJobs):
        limit(replace(NEW, idempotency_key="another"))


def test_a_client_is_told_what_is_left() -> None:
    limit = limited(Harness(), 3)
    limit(NEW)
    assert limit.allowance_of("studio") == Allowance(most=3, left=2, seconds=42)


@pytest.mark.parametrize(("after", "seconds"), [(0, 60), (0.9, 60), (1, 59), (59.9, 1), (60, 60)])
def test_a_window_is_a_minute_of_the_clock(after: float, seconds: int) -> None:
    at = NOON + timedelta(seconds=after)
    assert allowance(most=5, counted=7, at=at) == Allowance(most=5, left=0, seconds=seconds)


def test_the_limit_is_told_as_the_draft_has_it() -> None:
    """A list of strings with parameters: https://www.rfc-editor.org/rfc/rfc9651."""
    assert limit_headers(Allowance(most=60, left=12, seconds=34)) == {
        "ratelimit-policy": '"jobs";q=60;w=60',
        "ratelimit": '"jobs";r=12;t=34',
    }


def test_who_is_refused_learns_when_to_come_back() -> None:
    reply = problem(TooManyJobs(Allowance(most=60, left=0, seconds=34)))
    assert (reply["statusCode"], reply["headers"]["retry-after"]) == (429, "34")
    assert reply["headers"]["ratelimit"] == '"jobs";r=0;t=34'
    assert "60 jobs a minute" in reply["body"]
