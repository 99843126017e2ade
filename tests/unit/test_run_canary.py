"""What a run of the canary finds missing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from ringback.domain.canary import PICTURE, PICTURE_SHA256, Step, api_key, signing_key
from ringback.domain.errors import NotConfigured, ProviderUnavailable
from ringback.domain.jobs import JobId
from ringback.use_cases.run_canary import PATIENCE, Run, RunCanary

from tests.support.jobs import a_job_id

LINK: Final = "https://images.example/1.png"
DONE: Final[dict[str, Any]] = {
    "status": "succeeded",
    "task_id": "canary-1",
    "error": None,
    "images": [{"sha256": PICTURE_SHA256, "url": LINK}],
}


@dataclass
class World:
    """The job as it stands, the event that was told, and seconds that pass while one waits."""

    job: Mapping[str, Any] = field(default_factory=lambda: DONE)
    told: str = "succeeded"
    stored: bytes = PICTURE
    failing: dict[str, Exception] = field(default_factory=dict)
    seconds: float = 0

    def _fail(self, call: str) -> None:
        if call in self.failing:
            raise self.failing[call]

    def post(self) -> JobId:
        self._fail("post")
        return a_job_id()

    def get(self, job_id: JobId) -> Mapping[str, Any]:
        assert job_id == a_job_id()
        self._fail("get")
        return self.job

    def download(self, url: str) -> bytes:
        assert url == LINK
        self._fail("download")
        return self.stored

    def end_of(self, job_id: JobId) -> str:
        assert job_id == a_job_id()
        self._fail("end_of")
        self.seconds += 2
        return self.told

    def run(self) -> Run:
        return RunCanary(api=self, events=self, clock=lambda: self.seconds)()


def test_a_run_in_which_every_step_happens() -> None:
    world = World()
    assert world.run() == Run(job_id=a_job_id())
    assert world.seconds == 2


@pytest.mark.parametrize(
    ("job", "step"),
    [
        ({"status": "accepted", "task_id": None}, Step.SUBMITTED),
        ({"status": "submitting", "task_id": None}, Step.SUBMITTED),
        ({"status": "running"}, Step.CALLED_BACK),
        ({"status": "failed", "error": {"message": "none came"}}, Step.CALLED_BACK),
        ({"status": "expired"}, Step.CALLED_BACK),
        ({"status": "archiving"}, Step.ARCHIVED),
        ({"status": "archive_failed"}, Step.ARCHIVED),
        ({"images": []}, Step.ARCHIVED),
        ({"images": [{"sha256": "0" * 64, "url": LINK}]}, Step.ARCHIVED),
        ({}, Step.TOLD),
    ],
)
def test_the_first_step_that_did_not_happen_is_named(job: dict[str, Any], step: Step) -> None:
    world = World(job=DONE | job, told="")
    assert world.run().missing == step
    assert world.seconds >= PATIENCE


@pytest.mark.parametrize("call", ["post", "get"])
@pytest.mark.parametrize("error", [ProviderUnavailable("HTTP 500"), NotConfigured("no key")])
def test_an_api_that_fails_accepts_nothing(call: str, error: Exception) -> None:
    run = World(failing={call: error}).run()
    assert (run.missing, run.reason) == (Step.ACCEPTED, str(error))


@pytest.mark.parametrize(
    "world",
    [World(stored=PICTURE[:-1]), World(failing={"download": ProviderUnavailable("HTTP 403")})],
)
def test_the_stored_object_itself_is_compared(world: World) -> None:
    assert world.run().missing is Step.ARCHIVED


def test_an_event_of_another_end_is_not_the_event_of_this_one() -> None:
    assert World(told="failed").run().missing is Step.TOLD


def test_events_that_cannot_be_read_are_not_told() -> None:
    run = World(failing={"end_of": ProviderUnavailable("ClientError")}).run()
    assert (run.missing, run.reason) == (Step.TOLD, "ClientError")


def test_a_run_says_why() -> None:
    job = DONE | {"status": "failed", "error": {"message": "the callback did not come"}}
    assert World(job=job, told="failed").run().reason == "failed: the callback did not come"


def test_the_two_keys_are_not_each_other_s() -> None:
    secret = {"key": "x" * 32}
    assert api_key(secret).removeprefix("canary_") != signing_key(secret).hex()
    for bad in ({}, {"key": "x" * 31}, {"key": None}):
        for key in (api_key, signing_key):
            with pytest.raises(NotConfigured):
                key(bad)
