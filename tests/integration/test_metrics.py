"""Each metric is written by the code that it is about, and named as the alarms name it."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from ringback.aws.accounts import AccountTable
from ringback.aws.job_items import to_item
from ringback.aws.job_table import JobTable
from ringback.domain.clock import utc_now
from ringback.domain.jobs import FINAL, Job, JobStatus, ProviderTaskId
from ringback.domain.webhooks import to_message
from ringback.metric_table import JOBS

from tests.infrastructure.test_alarms import known_metrics
from tests.support.alarms import own_metrics
from tests.support.aws import Cloud
from tests.support.callbacks import RECORDED_TASK, recorded, signed_event
from tests.support.image_files import image
from tests.support.jobs import TASK, a_job, a_job_id, a_request
from tests.support.lambdas import Lambdas, a_batch, an_event
from tests.support.loopback_provider import CREATE, CREDIT, RECORD, LoopbackProvider
from tests.support.metrics import Value, values_in
from tests.support.posts import a_submit_message, submit, the_probe
from tests.support.webhooks import a_webhook

NAMESPACE: Final = "Ringback/test"
KIE: Final = (("Provider", "kie"),)
IMAGE: Final = image("PNG")


@dataclass
class World:
    cloud: Cloud
    lambdas: Lambdas
    provider: LoopbackProvider
    written: Callable[[], str]

    def record(self, status: JobStatus, **changes: Any) -> Job:
        job = a_job(status, **changes)
        JobTable.connect(self.cloud.table).create(job)
        return job

    def counted(self) -> list[Value]:
        return values_in(self.written())


@pytest.fixture
def world(
    cloud: Cloud,
    lambdas: Lambdas,
    provider: LoopbackProvider,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> World:
    monkeypatch.setenv("METRICS_NAMESPACE", NAMESPACE)
    lambdas.settings["PLAIN_HTTP_HOSTS"] = f"{provider.address},127.0.0.1:9"
    return World(cloud, lambdas, provider, lambda: capsys.readouterr().out)


def a_change(old: Job | None, new: Job) -> dict[str, Any]:
    (record,) = deepcopy(an_event("publish_events", "job_succeeded")["Records"])
    images = {"Keys": {"job_id": {"S": new.job_id}}, "NewImage": to_item(new)}
    record["dynamodb"] |= images
    record["dynamodb"].pop("OldImage")
    if old:
        record["dynamodb"]["OldImage"] = to_item(old)
    return {"Records": [record]}


def a_job_becomes(status: JobStatus) -> Callable[[World], None]:
    def become(world: World) -> None:
        old = None if status is JobStatus.ACCEPTED else a_job(JobStatus.RUNNING, changes=2)
        world.lambdas("publish_events", a_change(old, a_job(status, changes=3 if old else 0)))

    return become


def a_callback_comes(world: World) -> None:
    sent_at = utc_now() - timedelta(seconds=40)
    task_id = ProviderTaskId(RECORDED_TASK)
    world.record(JobStatus.RUNNING, task_id=task_id, submitted_at=sent_at)
    body = recorded("success")
    world.lambdas("receive_callback", signed_event(body, job_id=a_job_id(), now=utc_now()))


def a_callback_is_forged(world: World) -> None:
    body, job = recorded("success"), a_job_id()
    event = signed_event(body, job_id=job, now=utc_now(), hmac_key="another key of 16 bytes")
    assert world.lambdas("receive_callback", event)["statusCode"] == 401


def no_callback_comes(world: World) -> None:
    at = utc_now()
    world.record(
        JobStatus.RUNNING, task_id=TASK, submitted_at=at - timedelta(minutes=15), deadline_at=at
    )
    result = json.dumps({"resultUrls": ["https://cdn.example/1.png"]})
    data = {"taskId": TASK, "state": "success", "costTime": 1, "resultJson": result}
    world.provider.will_answer(RECORD, {"code": 200, "msg": "success", "data": data})
    world.lambdas("check_jobs", a_batch("check_jobs", "due", {"job_id": a_job_id()}))


def archive(world: World, content: bytes, *, attempt: int) -> None:
    world.provider.answers["/p/1"] = (200, content)
    at = utc_now()
    began = {"submitted_at": at, "updated_at": at - timedelta(seconds=3)}
    urls = (f"{world.provider.url}/p/1",)
    world.record(JobStatus.ARCHIVING, task_id=TASK, result_urls=urls, **began)
    message = {"job_id": a_job_id(), "attempt": attempt}
    world.lambdas("archive_images", a_batch("archive_images", "archive", message))


def images_are_archived(world: World) -> None:
    archive(world, IMAGE, attempt=1)


def an_error_page_comes(world: World) -> None:
    archive(world, b"<html>gone</html>", attempt=99)


def an_account_is_refused(world: World) -> None:
    world.provider.will_answer(CREATE, {"code": 402, "msg": "No."})
    submit(world.lambdas)


def an_account_is_probed(world: World) -> None:
    an_account_is_refused(world)
    world.written()
    world.provider.will_answer(CREDIT, {"code": 200, "msg": "success", "data": 0.5})
    world.lambdas("check_jobs", the_probe(world.lambdas))


def another_account_has_no_key(world: World) -> None:
    world.lambdas.settings["CHANJING_SECRET_ARN"] = world.cloud.setting("KIE_SECRET_ARN")
    request = replace(a_request(), provider="chanjing")
    job = world.record(JobStatus.ACCEPTED, request=request)
    world.lambdas("submit_job", a_submit_message(job.job_id))


def no_receiver_listens(world: World) -> None:
    message = to_message(a_webhook("http://127.0.0.1:9/"))
    world.lambdas("notify_client", a_batch("notify_client", "first_try", message))


def a_receiver_is_switched_off(world: World) -> None:
    world.lambdas("publish_events", an_event("publish_events", "receiver_off"))


def a_message_fails(world: World) -> None:
    world.lambdas("submit_job", a_batch("submit_job", "queue_turn", "not JSON"))


Named = tuple[str, tuple[tuple[str, str], ...]]
PATHS: Final[dict[Named, tuple[Callable[[World], None], float | None]]] = {
    **{(JOBS[each].name, ()): (a_job_becomes(each), 1) for each in JOBS},
    ("TimeToCallback", ()): (a_callback_comes, None),
    ("CallbacksRefused", ()): (a_callback_is_forged, 1),
    ("CallbacksMissed", ()): (no_callback_comes, 1),
    ("TimeToArchive", ()): (images_are_archived, None),
    ("BytesArchived", ()): (images_are_archived, len(IMAGE)),
    ("ImagesQuarantined", ()): (an_error_page_comes, 1),
    ("AccountRefusals", KIE): (an_account_is_refused, 1),
    ("AccountPaused", KIE): (an_account_is_refused, 1),
    ("AccountPaused", (("Provider", "chanjing"),)): (another_account_has_no_key, 1),
    ("CreditsLeft", KIE): (an_account_is_probed, 0.5),
    ("DeliveriesFailed", ()): (no_receiver_listens, 1),
    ("ReceiversSwitchedOff", ()): (a_receiver_is_switched_off, 1),
    ("MessagesFailed", (("Function", "submit_job"),)): (a_message_fails, 1),
}


def test_every_metric_has_a_path_here() -> None:
    # The canary's is in test_run_canary.py.
    assert {name for name, _ in PATHS} == known_metrics().keys() - {"CanaryFailed"}


def test_every_metric_that_an_alarm_watches_has_a_path_here() -> None:
    watched = {metric for metrics in own_metrics().values() for metric in metrics}
    assert {tuple(metric) for metric in watched} - {("CanaryFailed", ())} <= PATHS.keys()


@pytest.mark.parametrize("named", PATHS, ids=str)
def test_the_path_writes_its_metric(named: Named, world: World) -> None:
    happen, expected = PATHS[named]
    happen(world)
    found = [each for each in world.counted() if (each.name, each.dimensions) == named]
    assert [each.namespace for each in found] == [NAMESPACE]
    assert found[0].value == expected if expected is not None else 2 < found[0].value < 60


def test_a_repeated_callback_is_counted_once(world: World) -> None:
    a_callback_comes(world)
    body = recorded("success")
    world.lambdas("receive_callback", signed_event(body, job_id=a_job_id(), now=utc_now()))
    assert [each.name for each in world.counted()] == ["TimeToCallback"]


def test_a_claim_that_a_check_confirms_is_no_missed_callback(world: World) -> None:
    """Without a webhook key, every callback is one."""
    at = utc_now()
    world.record(JobStatus.RUNNING, task_id=TASK, submitted_at=at, deadline_at=at)
    result = json.dumps({"resultUrls": ["https://cdn.example/1.png"]})
    data = {"taskId": TASK, "state": "success", "costTime": 1, "resultJson": result}
    world.provider.will_answer(RECORD, {"code": 200, "msg": "success", "data": data})
    claim = {"job_id": a_job_id(), "claimed_task": TASK}
    world.lambdas("check_jobs", a_batch("check_jobs", "due", claim))
    assert [each.name for each in world.counted()] == ["TimeToCallback"]


def test_a_job_that_waits_again_is_not_new(world: World) -> None:
    old = a_job(JobStatus.SUBMITTING, changes=1)
    world.lambdas(
        "publish_events", a_change(old, replace(old, status=JobStatus.ACCEPTED, changes=2))
    )
    assert world.counted() == []


def test_an_end_that_is_told_again_is_counted_once(world: World) -> None:
    for status in FINAL:
        job = a_job(status, changes=3)
        world.lambdas("publish_events", a_change(job, replace(job, tell_again_at=utc_now())))
    assert world.counted() == []


def test_an_open_account_is_not_paused(world: World) -> None:
    an_account_is_probed(world)
    world.provider.will_answer(CREATE, {"code": 200, "msg": "success", "data": {"taskId": TASK}})
    submit(world.lambdas)
    paused = [each.value for each in world.counted() if each.name == "AccountPaused"]
    assert (paused[0], paused[-1]) == (1, 0)


def test_credits_are_told_while_jobs_spend_them(world: World) -> None:
    """An early warning: the account is open, and stays so."""
    world.provider.will_answer(CREATE, {"code": 200, "msg": "success", "data": {"taskId": TASK}})
    world.provider.will_answer(CREDIT, {"code": 200, "msg": "success", "data": 99.5})
    submit(world.lambdas)
    submit(world.lambdas)
    told = [each for each in world.counted() if each.name in ("CreditsLeft", "AccountPaused")]
    assert {(each.name, each.value) for each in told} == {
        ("AccountPaused", 0),
        ("CreditsLeft", 99.5),
    }
    account = AccountTable.connect(world.cloud.table).read("kie")
    assert (account.credits_left, account.pause) == (Decimal("99.5"), None)
    assert len(world.provider.at(CREDIT)) == 1
