"""Each secret is rotated as docs/operate.md says, while containers of all ages work.

A container is a use case with caches of its own, as a running function has. At each step of a
procedure the oldest containers, and ones that have just started, do what they do; nothing that they
send, sign or are sent may be refused.
"""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

import boto3
import pytest
from ringback.aws.job_table import JobTable
from ringback.aws.secrets import LASTING_SECONDS, JsonSecret
from ringback.domain.checks import Check
from ringback.domain.client_keys import Scope, keys_in
from ringback.domain.clock import utc_now
from ringback.domain.jobs import Job, JobId, JobStatus
from ringback.domain.verdicts import TaskCreated, TaskRefused
from ringback.domain.webhooks import Webhook
from ringback.use_cases.accept_callback import AcceptCallback
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from local import callback_secret
from local.client_keys import Keys
from local.failures import LocalFailure
from local.owner_secrets import StoredJson
from local.provider_secrets import changed, fields_of
from local.webhook_secrets import Webhooks
from tests.support.aws import CALLBACK_KEY, CHANJING_SECRET, HMAC_KEY, WEBHOOK_SECRET, Cloud
from tests.support.callbacks import RECORDED_TASK, recorded, signed_event
from tests.support.chanjing import PAGE_PATH, SUBMIT_PATH, TOKEN_PATH
from tests.support.jobs import TASK, a_job, a_job_id, a_request
from tests.support.lambdas import Lambdas, a_batch, an_event
from tests.support.loopback_provider import CREATE, LoopbackProvider, ReceivedRequest
from tests.support.posts import ANSWERED, DONE, a_post, a_submit_message, submit, the_job
from tests.support.webhooks import a_webhook

# Between two looks at the containers, in seconds; and how long a procedure tells to wait.
STEP: Final = 60
# So many of a function's containers are kept.
OLDEST: Final = 4
A_MINUTE: Final = 60
SPREAD: Final = LASTING_SECONDS + 60


@dataclass
class Fleet:
    """Containers by their function, of all ages, and the clock that their caches go by."""

    lambdas: Lambdas
    now: float = 1000.0
    containers: dict[str, list[Any]] = field(default_factory=dict)
    work: Any = lambda: None

    def all_of(self, function: str, maker: str = "") -> Iterator[Any]:
        """Yield the use case of each container, and of one that starts now."""
        self.lambdas.restart(function)
        make = getattr(self.lambdas._start(function), maker or function)
        started, new = self.containers.setdefault(function, []), make()
        make.cache_clear()
        yield from (*started, new)
        # The oldest ones stay, and learn of a change as late as any.
        if len(started) < OLDEST:
            started.append(new)

    def app(self, function: str) -> Any:
        return self.lambdas._start(function)

    def wait(self, seconds: float) -> None:
        """Let time go by, in which all containers work."""
        until = self.now + seconds
        while self.now < until:
            self.work()
            self.now += min(STEP, until - self.now)
        self.work()


@pytest.fixture
def fleet(lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    fleet = Fleet(lambdas)
    defaults = JsonSecret.__init__.__kwdefaults__
    assert defaults
    monkeypatch.setitem(defaults, "clock", lambda: fleet.now)
    return fleet


def stored_in(arn: str) -> StoredJson:
    return StoredJson(boto3.client("secretsmanager"), arn)


def answer(arn: str, provider: str, **answers: str) -> None:
    """Do what ``make provider-secret`` does with these answers; Enter for the other fields."""
    stored = stored_in(arn)
    stored.write(
        changed(stored.read(), fields_of(provider), lambda asked: answers.get(asked.split()[0], ""))
    )


# ------------------------------------------------------------------ callbacks


@dataclass
class Callbacks:
    """Calls back new jobs, by the URL that each submitting container signs now.

    What is verified is recorded in memory: only who may call back is a matter of secrets.
    """

    fleet: Fleet
    hmac_key: str = HMAC_KEY
    numbers: Iterator[int] = field(default_factory=itertools.count)
    urls: list[tuple[JobId, str]] = field(default_factory=list)
    recorded: list[JobId] = field(default_factory=list)
    to_check: list[JobId] = field(default_factory=list)

    def __call__(self) -> None:
        for each in self.fleet.all_of("submit_job"):
            job_id = a_job_id(next(self.numbers))
            self.urls.append((job_id, each.callback_url("kie", job_id).rsplit("/", 1)[1]))
        # The newest ones, and one that was signed before all else.
        called = {*self.urls[:1], *self.urls[-5:]}
        for accept in self.fleet.all_of("receive_callback", "accept_callback"):
            # The secrets are read again before a refusal, but not twice in ten seconds.
            assert self.call_back(a_job_id(), "forged", accept) == 404
            for job_id, token in called:
                before = len(self.recorded) + len(self.to_check)
                assert self.call_back(job_id, token, accept) == 200, self.fleet.now
                assert len(self.recorded) + len(self.to_check) == before + 1

    def call_back(self, job_id: JobId, token: str, accept: AcceptCallback) -> int:
        event = signed_event(
            recorded("success"),
            job_id=job_id,
            now=utc_now(),
            token=token,
            hmac_key=self.hmac_key,
        )
        here: Any = {"record": self._record, "checks": self}
        in_memory = replace(accept, **here)
        reply = self.fleet.app("receive_callback").handle(event, in_memory)
        status: int = reply["statusCode"]
        return status

    def _record(self, job_id: JobId, report: object, **_: object) -> Job:
        self.recorded.append(job_id)
        return a_job(JobStatus.ARCHIVING, job_id=job_id)

    def add(self, check: Check, *, delay: int) -> None:
        assert (check.claimed_task, delay) == (RECORDED_TASK, 0)
        self.to_check.append(check.job_id)


@pytest.fixture
def callbacks(fleet: Fleet) -> Callbacks:
    fleet.work = callbacks = Callbacks(fleet)
    fleet.work()
    return callbacks


def test_callback_secret(cloud: Cloud, fleet: Fleet, callbacks: Callbacks) -> None:
    stored = stored_in(cloud.callback_secret)
    callback_secret.rotate(stored, fleet.wait)
    fleet.wait(SPREAD)
    assert stored.read()["previous"] == CALLBACK_KEY
    assert callbacks.to_check == []
    # A day later all jobs have ended whose URLs were signed with the old value.
    callbacks.urls.clear()
    callback_secret.end_rotation(stored)
    fleet.wait(SPREAD)
    assert list(stored.read()) == ["current"]


def test_a_rotation_that_was_interrupted_is_ended_and_begun_again(
    cloud: Cloud, fleet: Fleet, callbacks: Callbacks
) -> None:
    stored = stored_in(cloud.callback_secret)

    def interrupted(seconds: float) -> None:
        fleet.wait(seconds / 2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        callback_secret.rotate(stored, interrupted)
    with pytest.raises(LocalFailure, match="END_ROTATION=1 first"):
        callback_secret.rotate(stored, fleet.wait)
    callback_secret.end_rotation(stored)
    assert stored.read() == {"current": CALLBACK_KEY}
    callback_secret.rotate(stored, fleet.wait)
    assert callbacks.to_check == []


def test_webhook_hmac_key(cloud: Cloud, fleet: Fleet, callbacks: Callbacks) -> None:
    answer(cloud.kie_secret, "kie", webhook_hmac_keys="-")
    fleet.wait(SPREAD)
    callbacks.hmac_key = "another-webhook-key-of-kie"
    fleet.wait(2 * STEP)
    answer(cloud.kie_secret, "kie", webhook_hmac_keys=callbacks.hmac_key)
    fleet.wait(SPREAD)
    assert stored_in(cloud.kie_secret).read()["api_key"] == "kie-key"
    # Meanwhile a check asked the provider about each; now they are proven again, by the new key.
    assert callbacks.to_check
    callbacks.to_check.clear()
    callbacks()
    assert callbacks.to_check == []


# ------------------------------------------------------------------ paid calls


@dataclass
class Paying:
    """Makes the paid call for a job through each container."""

    fleet: Fleet
    job: Job
    calls: int = 0

    def __call__(self) -> None:
        for each in self.fleet.all_of("submit_job"):
            client = each.clients[self.job.request.provider]
            outcome = client.create_task(self.job, "https://callbacks.example/x")
            if isinstance(outcome, TaskRefused) and outcome.account is None:
                # For the key before, and for free: the job comes back, and meets the new one.
                assert outcome.retry_after == 1
                outcome = client.create_task(self.job, "https://callbacks.example/x")
            assert isinstance(outcome, TaskCreated), (self.fleet.now, outcome)
            self.calls += 1


def test_kie_api_key(cloud: Cloud, fleet: Fleet, provider: LoopbackProvider) -> None:
    accepted = {"kie-key", "kie-key-2"}

    def create(request: ReceivedRequest) -> tuple[int, bytes]:
        is_known = request.headers["authorization"].removeprefix("Bearer ") in accepted
        return 200, json.dumps(ANSWERED if is_known else {"code": 401, "msg": "No."}).encode()

    provider.answers[CREATE] = create
    fleet.work = paying = Paying(fleet, a_job())
    fleet.work()
    answer(cloud.kie_secret, "kie", api_key="kie-key-2")
    fleet.wait(2 * A_MINUTE)
    accepted.remove("kie-key")
    fleet.wait(2 * A_MINUTE)
    assert paying.calls >= 5 * 5
    assert stored_in(cloud.kie_secret).read()["webhook_hmac_keys"] == [HMAC_KEY]


IMAGE_URL: Final = "https://cdn.example/1.png"


@dataclass
class ChanjingApps:
    """Chanjing with several apps; a new token of an app invalidates its last one."""

    apps: dict[str, str]
    tokens: dict[str, str] = field(default_factory=dict)
    issued: Iterator[int] = field(default_factory=itertools.count)
    tasks: list[str] = field(default_factory=list)

    def serve(self, provider: LoopbackProvider) -> None:
        provider.answers |= {TOKEN_PATH: self.give_token, SUBMIT_PATH: self.submit}
        provider.answers |= {PAGE_PATH: self.show_tasks}

    def give_token(self, request: ReceivedRequest) -> tuple[int, bytes]:
        app = request.body["app_id"]
        if self.apps.get(app) != request.body["secret_key"]:
            return an_envelope(None, code=40000)
        self.tokens[app] = f"token-{next(self.issued)}"
        expires = int((utc_now() + timedelta(days=1)).timestamp())
        return an_envelope({"access_token": self.tokens[app], "expire_in": expires})

    def submit(self, request: ReceivedRequest) -> tuple[int, bytes]:
        if not self.is_known(request):
            return an_envelope(None, code=10400)
        self.tasks.append(f"task{next(self.issued)}")
        return an_envelope(self.tasks[-1])

    def show_tasks(self, request: ReceivedRequest) -> tuple[int, bytes]:
        """Return the asked tasks, which have ended well."""
        known = [task for task in self.tasks if task in request.body["unique_ids"]]
        made = {"type": 3, "progress_desc": "Success", "output_url": [IMAGE_URL], "cost": 9}
        page = {"list": [{"unique_id": task, **made} for task in known]}
        return an_envelope(page if self.is_known(request) else None, code=10400)

    def is_known(self, request: ReceivedRequest) -> bool:
        known = {token for app, token in self.tokens.items() if app in self.apps}
        return request.headers["access_token"] in known

    def reset(self, secret_key: str, *, ends_tokens: bool) -> None:
        """Do what is not documented: whether the tokens that are out there go on working."""
        self.apps = dict.fromkeys(self.apps, secret_key)
        if ends_tokens:
            self.tokens.clear()


def an_envelope(data: object, *, code: int = 0) -> tuple[int, bytes]:
    envelope = {"trace_id": "t", "code": 0 if data else code, "msg": "", "data": data}
    return 200, json.dumps(envelope).encode()


OF_CHANJING: Final = replace(
    a_request(),
    provider="chanjing",
    model="chanjing/doubao-seedream-4.0",
    input={"ref_prompt": "a"},
)


def test_chanjing_credentials(cloud: Cloud, fleet: Fleet, provider: LoopbackProvider) -> None:
    apps = ChanjingApps({CHANJING_SECRET["app_id"]: CHANJING_SECRET["secret_key"]})
    apps.serve(provider)
    fleet.lambdas.settings["CHANJING_BASE_URL"] = provider.url
    fleet.work = paying = Paying(fleet, a_job(request=OF_CHANJING))
    fleet.work()
    apps.apps["app-2"] = "another-secret-key"
    answer(cloud.chanjing_secret, "chanjing", app_id="app-2", secret_key="another-secret-key")
    fleet.wait(2 * A_MINUTE)
    del apps.apps["app-1"]
    fleet.wait(2 * A_MINUTE)
    assert paying.calls >= 5 * 5


# ------------------------------------------------------------------ clients


def keys_of(cloud: Cloud) -> Keys:
    return Keys(stored=stored_in(cloud.client_keys_secret), close=lambda _: None, uses=dict)


def offer(key: str) -> dict[str, Any]:
    event = an_event("authorize_client", "bearer_key")
    event["headers"]["authorization"] = f"Bearer {key}"
    return event


def test_client_key(cloud: Cloud, fleet: Fleet) -> None:
    keys = keys_of(cloud)
    known = [keys.create("studio", [Scope.READ])]

    def work() -> None:
        for cached in fleet.all_of("authorize_client", "secrets"):
            for key in known:
                reply = fleet.app("authorize_client").handle(offer(key), *cached)
                assert reply["isAuthorized"], fleet.now
                assert reply["context"]["client"] == "studio"

    fleet.work = work
    fleet.wait(A_MINUTE)
    [old] = keys_in(keys.stored.read())
    known.append(keys.create("studio", [Scope.READ]))
    # Nobody can have used it sooner; a second unknown key within 2 s is refused without a look.
    fleet.now += 3
    fleet.wait(2 * A_MINUTE)
    del known[0]  # the client has changed over
    keys.revoke("studio", old.id)
    fleet.wait(2 * A_MINUTE)


def test_webhook_secret(cloud: Cloud, fleet: Fleet) -> None:
    ignored: Any = None
    webhooks = Webhooks(stored=stored_in(cloud.webhook_secret), clients=ignored, switch_on=ignored)
    verifier = Verifier(WEBHOOK_SECRET)
    webhook: Webhook = a_webhook("https://studio.example/hooks")

    def work() -> None:
        for notify in fleet.all_of("notify_client"):
            headers = notify.send.send.headers_of(webhook, utc_now())
            try:
                verifier.verify(webhook.body, dict(headers))
            except WebhookVerificationError as error:
                raise AssertionError(f"refused at {fleet.now}") from error

    fleet.work = work
    fleet.wait(A_MINUTE)
    new = webhooks.create("studio", rotate=True)
    fleet.wait(SPREAD)
    verifier = Verifier(new)  # the receiver has changed over
    fleet.wait(A_MINUTE)
    webhooks.end_rotation("studio")
    fleet.wait(SPREAD)
    assert webhooks.stored.read() == {"studio": [new]}


# ------------------------------------------------------------------ a leak


def resume(lambdas: Lambdas, name: str) -> None:
    """Do what the page says with ``/resume``: one job tries, at once."""
    event = an_event("change_job", "resume") | {"pathParameters": {"name": name}}
    assert json.loads(lambdas("change_job", event)["body"])["state"] == "half_open"
    nudge, _ = lambdas.sent(lambdas.cloud.submit_queue)[-1]
    assert lambdas("submit_job", a_batch("submit_job", "nudge", nudge)) == DONE


def test_a_leaked_api_key_of_kie_is_deleted_at_once_and_no_job_fails(
    cloud: Cloud, fleet: Fleet, provider: LoopbackProvider
) -> None:
    lambdas, accepted, created = fleet.lambdas, {"kie-key"}, list[str]()

    def create(request: ReceivedRequest) -> tuple[int, bytes]:
        if request.headers["authorization"].removeprefix("Bearer ") not in accepted:
            return 200, json.dumps({"code": 401, "msg": "No."}).encode()
        created.append(f"{TASK}{len(created)}")
        data = {"taskId": created[-1]}
        return 200, json.dumps({"code": 200, "msg": "success", "data": data}).encode()

    provider.answers[CREATE] = create
    jobs = [submit(lambdas, a_post(key="before"))["job_id"]]
    accepted.clear()
    jobs += [submit(lambdas, a_post(key=f"{number}"))["job_id"] for number in range(2)]
    assert [the_job(cloud, each).status for each in jobs] == ["running", "accepted", "accepted"]
    accepted.add("kie-key-2")
    answer(cloud.kie_secret, "kie", api_key="kie-key-2")
    # Of the functions' containers, all know the old key; the secret is read again after a refusal.
    fleet.now += A_MINUTE
    resume(lambdas, "kie")
    for each in jobs:
        assert lambdas("submit_job", a_submit_message(each)) == DONE
    assert {the_job(cloud, each).task_id for each in jobs} == {*created}
    assert len(created) == len(jobs)


@pytest.mark.parametrize("ends_tokens", [True, False])
def test_chanjing_s_secret_key_is_reset_in_place_and_no_job_is_lost(
    cloud: Cloud,
    fleet: Fleet,
    provider: LoopbackProvider,
    monkeypatch: pytest.MonkeyPatch,
    *,
    ends_tokens: bool,
) -> None:
    """Jobs in flight are asked about later; without a token, the others wait."""
    # For 20 s after a refusal nobody asks for a token; here that time is over at once.
    monkeypatch.setattr("ringback.providers.chanjing.access_tokens.LEASE", timedelta(0))
    apps = ChanjingApps({CHANJING_SECRET["app_id"]: CHANJING_SECRET["secret_key"]}, tasks=[TASK])
    apps.serve(provider)
    lambdas, past = fleet.lambdas, utc_now() - timedelta(seconds=60)
    lambdas.settings |= {"CHANJING_BASE_URL": provider.url, "CHANJING_CREATES_PER_WINDOW": "1000"}
    post = {"model": OF_CHANJING.model, "input": OF_CHANJING.input}
    assert submit(lambdas, a_post(post, key="before"))["status"] == "running"  # has made a token
    in_flight = a_job(
        JobStatus.RUNNING,
        request=OF_CHANJING,
        task_id=TASK,
        submitted_at=past,
        due_at=past,
        deadline_at=utc_now() + timedelta(minutes=10),
    )
    JobTable.connect(cloud.table).create(in_flight)
    due = a_batch("check_jobs", "due", {"job_id": in_flight.job_id})

    apps.reset("another-secret-key", ends_tokens=ends_tokens)
    during = submit(lambdas, a_post(post, key="during"))["job_id"]
    assert the_job(cloud, during).status == ("accepted" if ends_tokens else "running")
    if ends_tokens:
        assert lambdas("check_jobs", due) == DONE
        assert the_job(cloud, in_flight.job_id).status is JobStatus.RUNNING
        again, _ = lambdas.sent(cloud.check_queue)[-1]
        assert again == {"job_id": in_flight.job_id, "unconfigured": 1}

    answer(cloud.chanjing_secret, "chanjing", secret_key="another-secret-key")
    fleet.now += A_MINUTE
    if ends_tokens:
        resume(lambdas, "chanjing")
    assert lambdas("submit_job", a_submit_message(during)) == DONE
    assert lambdas("check_jobs", due) == DONE
    assert the_job(cloud, in_flight.job_id).status is JobStatus.ARCHIVING
    assert the_job(cloud, during).status is JobStatus.RUNNING
    assert len(apps.tasks) == 3


def test_a_leaked_callback_secret_is_refused_within_a_quarter_of_an_hour(
    cloud: Cloud, fleet: Fleet, callbacks: Callbacks
) -> None:
    job_id, token = callbacks.urls[0]
    fleet.work = lambda: None
    callback_secret.replace(stored_in(cloud.callback_secret))
    fleet.now += LASTING_SECONDS
    for accept in fleet.all_of("receive_callback", "accept_callback"):
        assert callbacks.call_back(job_id, token, accept) == 404


def test_a_leaked_hmac_key_proves_nothing_once_another_is_stored(
    cloud: Cloud, fleet: Fleet, callbacks: Callbacks
) -> None:
    """Genuine calls that are refused in between are left to the checks of their jobs."""
    job_id, token = callbacks.urls[0]
    fleet.work = lambda: None

    def replies(key: str) -> set[int]:
        callbacks.hmac_key = key
        accepts = fleet.all_of("receive_callback", "accept_callback")
        return {callbacks.call_back(job_id, token, accept) for accept in accepts}

    assert replies("another-webhook-key-of-kie") == {401}
    answer(cloud.kie_secret, "kie", webhook_hmac_keys="another-webhook-key-of-kie")
    fleet.now += LASTING_SECONDS
    assert replies(HMAC_KEY) == {401}
    assert replies("another-webhook-key-of-kie") == {200}


def test_a_leaked_webhook_secret_signs_nothing_once_its_rotation_has_ended(
    cloud: Cloud, fleet: Fleet
) -> None:
    """Without the sixteen minutes of a rotation; what is refused meanwhile is tried again."""
    ignored: Any = None
    webhooks = Webhooks(stored=stored_in(cloud.webhook_secret), clients=ignored, switch_on=ignored)
    webhook, old = a_webhook("https://studio.example/hooks"), Verifier(WEBHOOK_SECRET)

    def signed() -> list[dict[str, str]]:
        containers = fleet.all_of("notify_client")
        return [dict(each.send.send.headers_of(webhook, utc_now())) for each in containers]

    for headers in signed():
        old.verify(webhook.body, headers)
    new = Verifier(webhooks.create("studio", rotate=True))
    webhooks.end_rotation("studio")
    fleet.now += LASTING_SECONDS
    for headers in signed():
        new.verify(webhook.body, headers)
        with pytest.raises(WebhookVerificationError):
            old.verify(webhook.body, headers)


def test_a_leaked_client_key_is_refused_within_a_minute_by_the_authorizer(
    cloud: Cloud, fleet: Fleet
) -> None:
    keys = keys_of(cloud)
    leaked = keys.create("studio", [Scope.READ])
    for _ in range(2):
        for cached in fleet.all_of("authorize_client", "secrets"):
            assert fleet.app("authorize_client").handle(offer(leaked), *cached)["isAuthorized"]
    keys.revoke("studio")
    fleet.now += A_MINUTE
    for cached in fleet.all_of("authorize_client", "secrets"):
        assert not fleet.app("authorize_client").handle(offer(leaked), *cached)["isAuthorized"]
