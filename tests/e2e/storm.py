"""Many jobs of both providers while everything goes wrong that can, each with faults of its own."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import cycle
from random import Random
from typing import Any, Final

from local.deployment import Deployment
from local.drop_bucket import drop
from local.jobs_api import JobsApi
from local.waiting import wait_for
from tests.e2e.faults import CHANJING, FAULTS, INAPPLICABLE, KIE, UNHEARD, prompt_field

CLIENTS: Final = 4
SHEET: Final = "requests/storm.jsonl"
# Every so many jobs, one is a row of the sheet.
ROW_EVERY: Final = 12

# At most one fault of each group strikes a job.
LOST: Final = ("slow_create", "error_500_after", "cut_after", "unreadable_after")
ANSWERS: Final = ("error_500_before", "cut_before", "content_policy", *LOST)
EXTRA_CALLBACKS: Final = ("callback_bare", "callback_envelope")
REFUSED_ONCE: Final = ("status_429", "status_455", "token_killed")
GROUPS: Final = (
    ANSWERS,
    REFUSED_ONCE,
    (*UNHEARD, "late_callback", "early_callback", "double_callback", *EXTRA_CALLBACKS),
    ("record_null", "record_404"),
    ("fail", "fewer_images", "more_images"),
    ("dead_link", "truncated_image"),
    ("gone", "truncated_bytes", "not_an_image", "redirect_inside"),
    ("as_png", "as_jpeg", "as_webp"),
)
# Of each group but that of its first fault, a job gets a fault in so many of ten cases. Most of
# those that end a job without an image come as the first one only.
SHARE: Final = 0.3
SHARES: Final = {ANSWERS: 0.1, GROUPS[4]: 0.1, GROUPS[6]: 0.0}
# A late callback comes after the deadline of kie.ai's jobs.
VALUES: Final = {"late_callback": "late_callback=32"}
# Faults that have an effect together with another one only.
TOGETHER: Final[Mapping[tuple[str, str], str]] = {
    **{(KIE, fault): "no_callback" for fault in ("record_null", "record_404")},
    **{
        (CHANJING, fault): "callback_bare"
        for fault in ("late_callback", "early_callback", "double_callback")
    },
}
# By weight: what a fault does to a job that was bought.
ENDS: Final = ("failed", "archive_failed", "succeeded")

End = tuple[str, int]
"""How a job ends, and how many tasks the provider makes for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedJob:
    number: int
    model: str
    faults: frozenset[str]

    @property
    def is_row(self) -> bool:
        return self.number % ROW_EVERY == ROW_EVERY - 1

    @property
    def body(self) -> dict[str, Any]:
        order = [fault for group in GROUPS for fault in group if fault in self.faults]
        asked = ", ".join(VALUES.get(fault, fault) for fault in order)
        prompt = f"kite {self.number} in a storm [simulate: {asked}]"
        return {"model": self.model, "input": {prompt_field(self.model): prompt}}

    @property
    def end(self) -> End:
        """How it ends if no function is killed while it submits the job."""
        never = [FAULTS[self.model, fault] for fault in ANSWERS if fault in self.faults - {*LOST}]
        if never:
            return never[0]
        if self.faults & {*LOST} and not self._is_heard:
            # Paid, and nothing connects the task to its job.
            return "expired", 1
        ends = {FAULTS.get((self.model, fault), ("", 1))[0] for fault in self.faults - {*LOST}}
        return next((end for end in ENDS if end in ends), "succeeded"), 1

    @property
    def ends_if_killed(self) -> set[End]:
        """How it may end if the function is killed while it submits the job."""
        _, tasks = self.end
        lost = replace(self, faults=self.faults | {"cut_after"}).end
        return {("expired", 0), lost} if tasks else {("expired", 0)}

    @property
    def _is_heard(self) -> bool:
        """Whether a callback connects it to its task."""
        if self.model == CHANJING:
            return bool(self.faults & {*EXTRA_CALLBACKS})
        return not self.faults & {*UNHEARD}


def planned_jobs(count: int) -> list[PlannedJob]:
    """Return the jobs of a storm, the same in every run; every fault comes first in its turn."""
    chance = Random(66)  # noqa: S311
    first = {model: cycle(faults_of(model)) for model in (KIE, CHANJING)}
    models = (CHANJING if number % 5 in (2, 4) else KIE for number in range(count))
    return [
        PlannedJob(number=n, model=model, faults=draw(model, next(first[model]), chance))
        for n, model in enumerate(models)
    ]


def faults_of(model: str) -> list[str]:
    return [fault for group in GROUPS for fault in group if fault not in INAPPLICABLE[model]]


def draw(model: str, first: str, chance: Random) -> frozenset[str]:
    faults = {first}
    for group in GROUPS:
        choice = [fault for fault in group if fault not in INAPPLICABLE[model]]
        if first not in group and choice and chance.random() < SHARES.get(group, SHARE):
            faults.add(chance.choice(choice))
    for fault in [*faults]:
        other = TOGETHER.get((model, fault))
        if other and not any(faults & {*group} - {fault} for group in GROUPS if other in group):
            faults.add(other)
    return frozenset(faults)


def submit_all(storm: Sequence[PlannedJob], deployment: Deployment, api: JobsApi) -> None:
    """Drop the rows, and post the other jobs, each request twice, until each is accepted."""
    rows = [json.dumps(job.body) for job in storm if job.is_row]
    drop(deployment, SHEET, "\n".join(rows).encode())
    with ThreadPoolExecutor(CLIENTS) as clients:
        posted = [job for job in storm if not job.is_row]
        for ids in clients.map(lambda job: post_twice(job, api), posted):
            assert len(ids) == 1, ids


def post_twice(job: PlannedJob, api: JobsApi) -> set[str]:
    """Return the ids of the jobs that were made of it."""
    key = {"Idempotency-Key": f"storm-{job.number}"}

    def post() -> tuple[int, str]:
        answer = api.client.post(f"{api.url}/jobs", json=job.body, headers=key)
        return answer.status_code, answer.text

    def is_answered(seen: tuple[int, str]) -> bool:
        # The function, or the one that checks the client's key, was killed.
        return seen[0] < 500

    answers = [wait_for(post, is_answered, what=f"job {job.number} to be taken") for _ in range(2)]
    assert {status for status, _ in answers} == {202}, answers
    return {json.loads(text)["job_id"] for _, text in answers}
