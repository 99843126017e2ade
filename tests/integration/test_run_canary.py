"""The canary with whole functions: it comes out, and each broken step is named.

The same on a deployed stack, which takes minutes, is in tests/e2e/test_canary.py.
"""

import json
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import boto3
import pytest
from ringback.aws.canary import CanaryEventQueue
from ringback.aws.job_items import to_item
from ringback.aws.job_table import JobTable
from ringback.domain import canary
from ringback.domain.canary import Step
from ringback.domain.errors import ProviderUnavailable
from ringback.domain.jobs import Job, JobId, JobStatus
from ringback.use_cases.run_canary import PATIENCE, Run, RunCanary

from tests.support.aws import CALLBACK_BASE_URL, CANARY_SECRET, RESOURCES, Cloud
from tests.support.jobs import a_job_id
from tests.support.lambdas import Lambdas, a_batch, an_event, settings_given, with_body
from tests.support.loopback_provider import LoopbackProvider
from tests.support.template import resources

LINK: Final = "/canary/picture.png"
RULE: Final = resources("AWS::Events::Rule")["CanaryRule"]
DETAIL_TYPE: Final = RULE["EventPattern"]["detail-type"]


@dataclass
class Chain:
    """Every function on the way of a job. ``broken`` is the step that does not happen.

    It is the public API of the run, and its clock: each look for the event takes five seconds.
    """

    cloud: Cloud
    lambdas: Lambdas
    provider: LoopbackProvider
    broken: Step | None = None
    seconds: float = 0

    def __post_init__(self) -> None:
        self.provider.answers[LINK] = (200, canary.PICTURE)
        self.lambdas.settings["PLAIN_HTTP_HOSTS"] = self.provider.address
        # A function is called back while another one runs: its own resources must be there.
        for name in settings_given("receive_callback") & RESOURCES.keys():
            self.cloud.setting(name)

    def run(self) -> Run:
        return RunCanary(api=self, events=self, clock=lambda: self.seconds)()

    def post(self) -> JobId:
        if self.broken is Step.ACCEPTED:
            raise ProviderUnavailable("POST /jobs: HTTP 500")
        event = with_body(an_event("accept_job", "post_v4_edit"), self._body())
        reply = self.lambdas("accept_job", self._authorized(event))
        assert reply["statusCode"] == 202, reply
        return JobId(json.loads(reply["body"])["job_id"])

    def get(self, job_id: JobId) -> dict[str, Any]:
        event = an_event("query_jobs", "one") | {"pathParameters": {"job_id": job_id}}
        reply = self.lambdas("query_jobs", self._authorized(event))
        shown: dict[str, Any] = json.loads(reply["body"])
        return shown

    def download(self, url: str) -> bytes:
        key = url.partition("?")[0].partition(".com/")[2]
        body: bytes = (
            boto3.client("s3").get_object(Bucket=self.cloud.bucket, Key=key)["Body"].read()
        )
        return body

    def end_of(self, job_id: JobId) -> str:
        """Let each function read its queue once, and look for the event."""
        self.seconds += 5
        self._read(Step.SUBMITTED, "submit_job", self.cloud.submit_queue, "queue_turn")
        if self.broken is not Step.CALLED_BACK:
            for task in self.cloud.messages(self.cloud.canary_queue):
                self.lambdas("answer_canary", a_batch("answer_canary", "task", task))
        before = self.job_of(job_id)
        self._read(Step.ARCHIVED, "archive_images", self.cloud.archive_queue, "archive")
        after = self.job_of(job_id)
        if after.status is not before.status and self.broken is not Step.TOLD:
            self.lambdas("publish_events", a_change(before, after))
        return CanaryEventQueue.connect(self.cloud.canary_events).end_of(job_id)

    def _read(self, step: Step, function: str, queue: str, case: str) -> None:
        if self.broken is not step:
            for message in self.cloud.messages(queue):
                assert self.lambdas(function, a_batch(function, case, message)) == {
                    "batchItemFailures": []
                }

    def receive(self, url: str, call: Any) -> int:
        path = url.removeprefix(f"{CALLBACK_BASE_URL}/callbacks/").split("/")
        event = an_event("receive_callback", "unsigned") | {
            "headers": dict(call.headers),
            "pathParameters": dict(zip(("provider", "job_id", "token"), path, strict=True)),
        }
        return int(self.lambdas("receive_callback", with_body(event, call.body))["statusCode"])

    def job_of(self, job_id: JobId) -> Job:
        return JobTable.connect(self.cloud.table).get(job_id)

    def _body(self) -> bytes:
        return json.dumps({"model": canary.MODEL, "input": {}}).encode()

    def _authorized(self, event: dict[str, Any]) -> dict[str, Any]:
        """Let the authorizer identify the client by the canary's key."""
        key = f"Bearer {canary.api_key(CANARY_SECRET)}"
        request = an_event("authorize_client", "bearer_key") | {"headers": {"authorization": key}}
        answer = self.lambdas("authorize_client", request)
        assert answer["isAuthorized"]
        event = deepcopy(event)
        event["requestContext"]["authorizer"] = {"lambda": answer["context"]}
        return event


def a_change(old: Job, new: Job) -> dict[str, Any]:
    event = deepcopy(an_event("publish_events", "job_succeeded"))
    event["Records"] = event["Records"][:1]
    event["Records"][0]["dynamodb"] |= {
        "Keys": {"job_id": {"S": new.job_id}},
        "OldImage": to_item(old),
        "NewImage": to_item(new),
    }
    return event


@pytest.fixture
def chain(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, monkeypatch: pytest.MonkeyPatch
) -> Chain:
    chain = Chain(cloud, lambdas, provider)
    monkeypatch.setattr("ringback.aws.canary.WAIT_SECONDS", 0)
    # moto's S3 has no address, and its API Gateway no routes.
    monkeypatch.setattr(
        "ringback.aws.canary.CanaryPictureStore.link", lambda _: f"{provider.url}{LINK}"
    )
    monkeypatch.setattr(
        "ringback.providers.canary.http.CanaryHttp.__call__",
        lambda _, url, call: chain.receive(url, call),
    )
    follow(cloud)
    return chain


def follow(cloud: Cloud) -> None:
    """Lead the canary's events to its queue by the template's own pattern."""
    found = boto3.client("sqs").get_queue_attributes(
        QueueUrl=cloud.canary_events, AttributeNames=["QueueArn"]
    )
    pattern = json.dumps({"source": ["/ringback/test"], "detail-type": DETAIL_TYPE})
    events = boto3.client("events")
    events.put_rule(Name="canary", EventBusName=cloud.event_bus, EventPattern=pattern)
    target: Any = {"Id": "run", "Arn": found["Attributes"]["QueueArn"]}
    events.put_targets(Rule="canary", EventBusName=cloud.event_bus, Targets=[target])


def test_it_comes_out(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    run = chain.run()
    # Neither its job nor its callback or image is counted as a client's.
    assert "_aws" not in capsys.readouterr().out
    assert (run.missing, run.reason, chain.seconds < PATIENCE) == (None, "", True)
    assert run.job_id is not None
    job = chain.job_of(run.job_id)
    assert (job.client, job.status, job.credits) == (canary.CLIENT, JobStatus.SUCCEEDED, None)
    kept = job.forget_at - job.created_at
    assert abs(kept - canary.RETENTION) < timedelta(seconds=1)
    assert chain.provider.at("/api/v1/jobs/createTask") == []
    keys = [f"images/{job.job_id}/{name}" for name in ("1.png", "job.json")]
    for key in keys:
        tags = boto3.client("s3").get_object_tagging(Bucket=chain.cloud.bucket, Key=key)
        assert [each["Value"] for each in tags["TagSet"]] == ["canary"]


@pytest.mark.parametrize("step", Step)
def test_each_broken_step_is_named(chain: Chain, step: Step) -> None:
    chain.broken = step
    assert chain.run().missing is step


@pytest.mark.parametrize(
    ("missing", "value"), [(False, 0.0), (True, 1.0)], ids=["comes out", "fails"]
)
def test_a_run_is_one_metric(
    cloud: Cloud,
    lambdas: Lambdas,
    provider: LoopbackProvider,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    missing: bool,
    value: float,
) -> None:
    shown = {
        "status": "succeeded",
        "task_id": "canary-1",
        "images": [{"sha256": canary.PICTURE_SHA256, "url": f"{provider.url}{LINK}"}],
    }
    provider.answers[LINK] = (200, canary.PICTURE[:-1] if missing else canary.PICTURE)
    provider.will_answer("/jobs", {"job_id": a_job_id()}, status=202)
    provider.will_answer(f"/jobs/{a_job_id()}", shown)
    event = {"detail": {"subject": a_job_id(), "data": {"status": "succeeded"}}}
    boto3.client("sqs").send_message(QueueUrl=cloud.canary_events, MessageBody=json.dumps(event))
    lambdas.settings["JOBS_API_URL"] = provider.url
    run = lambdas("run_canary", an_event("run_canary", "clock"))
    assert run["missing_step"] == (Step.ARCHIVED if missing else None)
    lines = [line for line in capsys.readouterr().out.splitlines() if '"CanaryFailed"' in line]
    assert [json.loads(line)["CanaryFailed"] for line in lines] == [value]
    assert provider.requests[0].headers["authorization"] == (
        f"Bearer {canary.api_key(CANARY_SECRET)}"
    )
