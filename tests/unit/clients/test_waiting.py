"""Waiting is done over the live line, and by asking only where there is none."""

import asyncio
from itertools import pairwise

import httpx
import pytest
from ringback_client import errors

from tests.support.client_api import (
    FOLLOWING,
    KEY,
    FakeApi,
    a_job,
    an_event,
    job_id,
    problem,
)

MODEL = "bytedance/seedream"


def ended(api: FakeApi) -> None:
    api.end()


def silence(api: FakeApi) -> type[TimeoutError]:
    return TimeoutError


def too_late(api: FakeApi) -> None:
    raise AssertionError


def told(*events: dict[str, object]) -> dict[str, object]:
    return {"events": list(events)}


def test_a_job_is_awaited_over_the_line() -> None:
    line = [FOLLOWING, told(an_event(1, "running")), ended, told(an_event(1, "succeeded"))]
    api = FakeApi(told=[line])
    job = api.client().jobs.create(MODEL, {"prompt": "A blue door"}, wait=True)
    assert job.status == "succeeded"
    # Once after the line is open, once for the links.
    assert api.lines() == ["POST /jobs", *[f"GET /jobs/{job_id(1)}"] * 2]
    assert api.said == [{"key": KEY}]
    assert (api.slept, api.closed) == ([], 1)


def test_what_ended_before_the_line_was_open_is_not_waited_for() -> None:
    api = FakeApi(told=[[FOLLOWING]]).add(a_job(status="failed"))
    assert [job.status for job in api.client().jobs.wait(job_id(1))] == ["failed"]


def test_other_jobs_cost_no_request() -> None:
    line = [FOLLOWING, *[told(an_event(7, "succeeded"))] * 5, ended, told(an_event(1, "succeeded"))]
    api = FakeApi(told=[line]).add(a_job())
    seen = list[object]()
    [job] = api.client().jobs.wait(job_id(1), on_event=lambda event: seen.append(event["subject"]))
    assert (job.status, len(api.requests), seen) == ("succeeded", 2, [job_id(1)])


def test_a_line_that_ends_is_opened_again() -> None:
    api = FakeApi(told=[[FOLLOWING, ended], [FOLLOWING]]).add(a_job())
    assert [job.status for job in api.client().jobs.wait(job_id(1))] == ["succeeded"]
    assert len(api.said) == 2


def test_a_silent_line_is_not_trusted_for_ever() -> None:
    """In rare cases an event is lost."""
    api = FakeApi(told=[[FOLLOWING, ended, silence, too_late], [FOLLOWING]]).add(a_job())
    assert [job.status for job in api.client().jobs.wait(job_id(1))] == ["succeeded"]


@pytest.mark.parametrize(
    "line",
    [
        *([], ["no JSON"], [[]], [{"refused": "unknown key"}], [silence], [FOLLOWING, "no JSON"]),
        [FOLLOWING, "[" * 100_000],
    ],
)
def test_without_the_line_a_job_is_asked_for_less_and_less(line: list[object]) -> None:
    def end_at_last(api: FakeApi) -> None:
        if len(api.slept) == 12:
            api.end()

    api = FakeApi(told=[line], on_sleep=end_at_last).add(a_job())
    assert [job.status for job in api.client().jobs.wait(job_id(1))] == ["succeeded"]
    assert api.slept[0] == 1
    assert all(before <= after for before, after in pairwise(api.slept))
    assert api.slept[-1] == 30


def test_several_jobs_share_a_line_and_come_as_they_end() -> None:
    def end(number: int, status: str) -> list[object]:
        return [lambda api: api.end(number, status), told(an_event(number, status))]

    line = [FOLLOWING, *end(3, "succeeded"), *end(1, "failed"), *end(2, "cancelled")]
    api = FakeApi(told=[line]).add(*(a_job(number) for number in (1, 2, 3)))
    found = api.client().jobs.wait(*(job_id(number) for number in (1, 2, 3)))
    assert [job.status for job in found] == ["succeeded", "failed", "cancelled"]
    assert len(api.said) == 1


def test_waiting_has_an_end() -> None:
    api = FakeApi(has_line=False).add(a_job())
    with pytest.raises(errors.WaitTimedOut) as raised:
        list(api.client().jobs.wait(job_id(1), timeout=10))
    assert raised.value.job_ids == (job_id(1),)
    assert sum(api.slept) == 10


GONE = httpx.ConnectError("gone")


@pytest.mark.parametrize("failure", [GONE, httpx.Response(503)])
def test_a_wait_outlasts_an_outage(failure: httpx.Response | Exception) -> None:
    line = [FOLLOWING, ended, told(an_event(1, "succeeded"))]
    api = FakeApi(told=[line], script=[httpx.Response(200, json=a_job()), *[failure] * 99])
    assert [job.status for job in api.client().jobs.wait(job_id(1))] == ["succeeded"]
    assert 100 < api.monotonic() < 600


def test_a_wait_outlasts_no_outage_for_ever() -> None:
    api = FakeApi(script=[httpx.Response(200, json=a_job(2, "succeeded")), *[GONE] * 999])
    found = api.client().jobs.wait(job_id(2), job_id(1))
    assert next(found).job_id == job_id(2)
    with pytest.raises(errors.NoAnswer):
        next(found)
    assert 600 < api.monotonic() < 660
    answers = [httpx.Response(200, json=a_job())] * 20
    api = FakeApi(has_line=False, script=[*answers, *[GONE] * 999])
    with pytest.raises(errors.NoAnswer):
        next(api.client().jobs.wait(job_id(1)))
    assert api.monotonic() > 600 + 400  # since the last answer
    api = FakeApi(script=[GONE] * 999)
    with pytest.raises(errors.WaitTimedOut):
        next(api.client().jobs.wait(job_id(1), timeout=100))


def test_a_job_that_is_deleted_meanwhile_ends_the_wait() -> None:
    def delete(api: FakeApi) -> None:
        api.script.append(problem(410, "job-deleted"))

    api = FakeApi(told=[[FOLLOWING, delete, told(an_event(1, "deleted"))]]).add(a_job())
    with pytest.raises(errors.JobDeleted):
        list(api.client().jobs.wait(job_id(1)))
    assert api.slept == []


def test_a_job_that_is_gone_ends_the_wait() -> None:
    api = FakeApi(told=[[FOLLOWING]])
    with pytest.raises(errors.UnknownJob):
        list(api.client().jobs.wait(job_id(1)))


def test_an_unknown_state_is_not_final() -> None:
    api = FakeApi(has_line=False, on_sleep=ended).add(a_job(status="polishing"))
    assert [job.status for job in api.client().jobs.wait(job_id(1))] == ["succeeded"]


def test_the_asynchronous_client_waits_the_same_way() -> None:
    line = [FOLLOWING, silence, told()]
    later = [FOLLOWING, ended, told(an_event(1, "succeeded"))]
    api = FakeApi(told=[line, later])

    async def journey() -> str:
        async with api.async_client() as client:
            return (await client.jobs.create(MODEL, {}, wait=True)).status

    assert asyncio.run(journey()) == "succeeded"
    assert (api.slept, api.closed) == ([], 2)


def test_silence_ends_no_line() -> None:
    def api() -> FakeApi:
        return FakeApi(told=[[FOLLOWING, silence, told(an_event(1, "running"))]])

    async def first(api: FakeApi) -> object:
        async with api.async_client() as client:
            return await anext(client.events())

    one, other = api(), api()
    assert next(one.client().events()) == asyncio.run(first(other)) == an_event(1, "running")
    assert (one.slept, other.slept) == ([], [])


def test_events_come_once_and_go_on_after_a_break() -> None:
    first, second = an_event(1, "running"), an_event(1, "succeeded") | {"time": "2026-11-28"}
    api = FakeApi(
        told=[[FOLLOWING, told(first)], [], [told(first, second), FOLLOWING], [FOLLOWING]]
    )
    events = api.client().events()
    assert [next(events), next(events)] == [first, second]
    assert api.said[0] == {"key": KEY}
    assert api.said[1]["since"] == first["time"]
    with pytest.raises(StopTest):
        api.on_sleep = stop_at_the_end
        next(events)
    assert api.said[-1]["since"] == "2026-11-28"


def stop_at_the_end(api: FakeApi) -> None:
    if not api.told:
        raise StopTest


class StopTest(Exception):
    pass


def test_events_need_a_line_that_takes_the_key() -> None:
    with pytest.raises(errors.NotConfigured):
        next(FakeApi(has_line=False).client().events())
    with pytest.raises(errors.LineRefused, match="unknown key"):
        next(FakeApi(told=[[{"refused": "unknown key"}]]).client().events())


def test_a_key_without_scope_is_told_while_waiting() -> None:
    api = FakeApi(told=[[{"refused": "no"}]], script=[problem(403, "missing-scope")])
    with pytest.raises(errors.MissingScope):
        list(api.client().jobs.wait(job_id(1)))
