"""A third provider, added through the public interfaces only, from request to stored image.

No other file of the project mentions it; docs/adding-a-provider.md lists the files to change.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field
from ringback import providers
from ringback.catalogue.model_input import ModelInput
from ringback.catalogue.models import MODELS, Models
from ringback.catalogue.requests import read_request
from ringback.domain.accounts import ProbeAnswer
from ringback.domain.checks import Check
from ringback.domain.errors import InvalidRequest, LinkDead
from ringback.domain.jobs import Job, JobId, JobStatus, ProviderTaskId
from ringback.domain.pace import Pace
from ringback.domain.verdicts import Submission, TaskCreated, TaskReport, TaskState
from ringback.json_bodies import json_object
from ringback.providers.registry import Clients, found_in
from ringback.use_cases.accept_callback import AcceptCallback, CallbackRequest
from ringback.use_cases.accept_job import AcceptJob, NewJob
from ringback.use_cases.archive_images import ArchiveImages
from ringback.use_cases.check_jobs import CheckJobs
from ringback.use_cases.ports import CallbackReport
from ringback.use_cases.probe_account import ProbeAccount
from ringback.use_cases.providers import Provider, ProviderAccess
from ringback.use_cases.record_verdict import RecordVerdict
from ringback.use_cases.submit_job import SubmitJob

from tests.support.checks import check_one
from tests.support.harness import link_to
from tests.support.in_memory import (
    AllTold,
    InMemoryAccounts,
    InMemoryArchiveQueue,
    InMemoryBucket,
    InMemoryCheckQueue,
    InMemoryJobs,
    InMemoryQueues,
    InMemorySubmitQueue,
    InMemoryThumbnailQueue,
    InMemoryTokens,
    InMemoryWeb,
    InMemoryWindow,
    reading_both,
)
from tests.support.jobs import NOON, a_job_id, facts_of

pytestmark = pytest.mark.usefixtures("copies_in_memory")

PICTURE = b"a toy picture"
LINK, FRESH = "https://toys.example/dead.png", "https://toys.example/fresh.png"
TASK = ProviderTaskId("toy-1")
RUNNING = TaskReport(task_id=TASK, state=TaskState.RUNNING)


class ToyInput(ModelInput):
    model_id = "toy/crayon"
    provider = "toy"
    description = "Crayons: an image from a word."
    documentation = "https://toys.example/docs"
    checked_on = date(2026, 11, 21)

    word: Annotated[str, Field(min_length=1, max_length=10, description="What to draw.")]


def callback_url(provider: str, job_id: JobId) -> str:
    return f"https://hooks.example/{provider}/{job_id}"


MODELS_AND_TOY: Models = {**MODELS, ToyInput.model_id: ToyInput}


@dataclass
class ToyClient:
    report: TaskReport = RUNNING
    sent: list[Mapping[str, Any]] = field(default_factory=list)

    def prepare(self) -> None: ...

    def probe(self) -> ProbeAnswer:
        return ProbeAnswer(is_good=True)

    def create_task(self, job: Job, callback_url: str) -> Submission:
        self.sent.append(job.request.input)
        return TaskCreated(task_id=TASK)

    def read_tasks(self, task_ids: Sequence[ProviderTaskId]) -> Mapping[ProviderTaskId, TaskReport]:
        return {task_id: self.report for task_id in task_ids if task_id == TASK}

    def fresh_links(self, job: Job, number: int) -> list[str]:
        return [FRESH]


class ToyReader:
    """A callback with the right header counts as signed."""

    def read(self, headers: dict[str, str], body: bytes, *, now: datetime) -> CallbackReport:
        report = TaskReport(task_id=TASK, state=TaskState.SUCCEEDED, image_urls=(LINK,))
        return CallbackReport(report=report, proven=headers.get("word") == "crayon")


TOY = Provider(
    name="toy",
    calls_back=False,
    max_batch_size=3,
    keeps_results=None,
    pace=Pace(limit=5, seconds=1),
    deadline=timedelta(minutes=10),
    secret_fields=frozenset({"crayon"}),
    recognizes=lambda job, report, callback_urls: False,
    connect=lambda access: ToyClient(),
    listen=lambda secret: ToyReader(),
)
ACCESS = ProviderAccess(
    base_url="https://toys.example", secret=dict, tokens=InMemoryTokens(), now=lambda: NOON
)


class ToyHarness:
    def __init__(self) -> None:
        self.now, self.client = NOON, ToyClient()
        self.jobs, self.queues, self.bucket = InMemoryJobs(), InMemoryQueues(), InMemoryBucket()
        web = InMemoryWeb({LINK: LinkDead("404"), FRESH: (PICTURE, facts_of(PICTURE))})
        checks, archive = InMemoryCheckQueue(self.queues), InMemoryArchiveQueue(self.queues)
        submissions, known = InMemorySubmitQueue(self.queues), {"toy": TOY}
        calling: dict[str, Any] = {
            "providers": known,
            "clients": {"toy": self.client},
            "now": lambda: self.now,
        }
        self.accept = AcceptJob(
            jobs=self.jobs,
            checks=checks,
            queue=submissions,
            providers=known,
            retention=timedelta(days=1),
            new_job_id=lambda now: a_job_id(),
            now=lambda: self.now,
        )
        accounts = InMemoryAccounts()
        self.send = SubmitJob(
            jobs=self.jobs,
            read_together=reading_both(self.jobs, accounts),
            queue=submissions,
            checks=checks,
            window=InMemoryWindow(pace=TOY.pace),
            accounts=accounts,
            callback_url=callback_url,
            link_to=link_to,
            new_attempt_id=lambda: "0123456789abcdef",
            announce=lambda account: None,
            sleep=lambda seconds: None,
            **calling,
        )
        record = RecordVerdict(
            jobs=self.jobs,
            checks=checks,
            archive=archive,
            open_account=lambda job: None,
            now=lambda: self.now,
        )
        self.accept_callback = AcceptCallback(
            is_genuine=lambda provider, job_id, token: True,
            readers={"toy": TOY.listen(dict)},
            checks=checks,
            record=record,
            now=lambda: self.now,
        )
        accounts, clients = InMemoryAccounts(), calling["clients"]
        self.check = CheckJobs(
            jobs=self.jobs,
            accounts=accounts,
            probe=ProbeAccount(accounts=accounts, clients=clients, now=calling["now"]),
            checks=checks,
            archive=archive,
            queue=submissions,
            record=record,
            told=AllTold(),
            callback_urls=lambda job: [callback_url(job.request.provider, job.job_id)],
            **calling,
        )
        self.archive = ArchiveImages(
            jobs=self.jobs,
            images=self.bucket,
            queue=archive,
            thumbnails=InMemoryThumbnailQueue(self.queues),
            download=web,
            retry_delays=(),
            **calling,
        )

    def submit(self) -> Job:
        body = json.dumps({"model": "toy/crayon", "input": {"word": "kite"}}).encode()
        request = read_request(json_object(body), models=MODELS_AND_TOY)
        job = self.accept(NewJob(request=request, client="studio"))
        return self.send(job.job_id, slot=None, seconds_left=lambda: 60)


def test_its_input_is_validated() -> None:
    body = json.dumps({"model": "toy/crayon", "input": {"word": "x" * 11, "n": 1}}).encode()
    with pytest.raises(InvalidRequest) as refused:
        read_request(json_object(body), models=MODELS_AND_TOY)
    assert [error.field for error in refused.value.errors] == ["input.word", "input.n"]


def test_its_job_is_checked_until_its_image_is_stored() -> None:
    harness = ToyHarness()
    job = harness.submit()
    assert (job.status, harness.client.sent) == (JobStatus.RUNNING, [{"word": "kite"}])
    [(_, delay)] = harness.queues.due
    harness.now += timedelta(seconds=delay)
    check_one(harness.check, Check(job_id=job.job_id))
    [_, (_, delay)] = harness.queues.due
    harness.now += timedelta(seconds=delay)
    harness.client.report = TaskReport(task_id=TASK, state=TaskState.SUCCEEDED, image_urls=(LINK,))
    check_one(harness.check, Check(job_id=job.job_id))
    assert harness.queues.archive == [(job.job_id, 1, 0)]
    assert harness.archive(job.job_id, attempt=1).status is JobStatus.SUCCEEDED
    assert [*harness.bucket.objects.values()] == [PICTURE]


def test_its_signed_callbacks_are_accepted() -> None:
    harness = ToyHarness()
    job = harness.submit()
    call = CallbackRequest(provider="toy", job_id=job.job_id, token="t", headers={}, body=b"")
    assert harness.accept_callback(call) is None
    assert harness.queues.claims == [(job.job_id, TASK, 0)]
    signed = CallbackRequest(
        provider="toy", job_id=job.job_id, token="t", headers={"word": "crayon"}, body=b""
    )
    job_after = harness.accept_callback(signed)
    assert job_after is not None
    assert job_after.status is JobStatus.ARCHIVING


def test_its_folder_alone_registers_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "provider.py").write_text(
        "from tests.contract.test_toy_provider import TOY as PROVIDER"
    )
    monkeypatch.setattr(providers, "__path__", [*providers.__path__, str(tmp_path)])
    assert [provider.name for provider in found_in(providers)] == [
        "canary",
        "chanjing",
        "kie",
        "toy",
    ]


def test_its_client_is_connected_on_first_use() -> None:
    connected: list[ProviderAccess] = []

    def connect(access: ProviderAccess) -> ToyClient:
        connected.append(access)
        return ToyClient()

    clients = Clients({"toy": ACCESS}, {"toy": replace(TOY, connect=connect)})
    assert ([*clients], connected) == (["toy"], [])
    assert clients["toy"] is clients["toy"]
    assert connected == [ACCESS]
