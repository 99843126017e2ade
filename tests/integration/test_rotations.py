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
from tests.support.jobs import a_job, a_job_id, a_request
from tests.support.lambdas import Lambdas, an_event
from tests.support.loopback_provider import CREATE, LoopbackProvider, ReceivedRequest
from tests.support.posts import ANSWERED
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
        for submit in self.fleet.all_of("submit_job"):
            job_id = a_job_id(next(self.numbers))
            self.urls.append((job_id, submit.callback_url("kie", job_id).rsplit("/", 1)[1]))
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
        for submit in self.fleet.all_of("submit_job"):
            client = submit.clients[self.job.request.provider]
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


TOKEN_PATH: Final = "/open/v1/access_token"
SUBMIT_PATH: Final = "/open/v1/ai_creation/task/submit"


@dataclass
class ChanjingApps:
    """Chanjing with several apps; a new token of an app invalidates its last one."""

    apps: dict[str, str]
    tokens: dict[str, str] = field(default_factory=dict)
    issued: Iterator[int] = field(default_factory=itertools.count)

    def serve(self, provider: LoopbackProvider) -> None:
        provider.answers |= {TOKEN_PATH: self.give_token, SUBMIT_PATH: self.submit}

    def give_token(self, request: ReceivedRequest) -> tuple[int, bytes]:
        app = request.body["app_id"]
        if self.apps.get(app) != request.body["secret_key"]:
            return an_envelope(None, code=40000)
        self.tokens[app] = f"token-{next(self.issued)}"
        expires = int((utc_now() + timedelta(days=1)).timestamp())
        return an_envelope({"access_token": self.tokens[app], "expire_in": expires})

    def submit(self, request: ReceivedRequest) -> tuple[int, bytes]:
        known = {token for app, token in self.tokens.items() if app in self.apps}
        is_known = request.headers["access_token"] in known
        return an_envelope(f"task{next(self.issued)}" if is_known else None, code=10400)


def an_envelope(data: object, *, code: int = 0) -> tuple[int, bytes]:
    envelope = {"trace_id": "t", "code": 0 if data else code, "msg": "", "data": data}
    return 200, json.dumps(envelope).encode()


def test_chanjing_credentials(cloud: Cloud, fleet: Fleet, provider: LoopbackProvider) -> None:
    apps = ChanjingApps({CHANJING_SECRET["app_id"]: CHANJING_SECRET["secret_key"]})
    apps.serve(provider)
    fleet.lambdas.settings["CHANJING_BASE_URL"] = provider.url
    model = "chanjing/doubao-seedream-4.0"
    request = replace(a_request(), provider="chanjing", model=model, input={"ref_prompt": "a"})
    fleet.work = paying = Paying(fleet, a_job(request=request))
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


def test_a_leaked_callback_secret_is_refused_within_a_quarter_of_an_hour(
    cloud: Cloud, fleet: Fleet, callbacks: Callbacks
) -> None:
    job_id, token = callbacks.urls[0]
    fleet.work = lambda: None
    callback_secret.replace(stored_in(cloud.callback_secret))
    fleet.now += LASTING_SECONDS
    for accept in fleet.all_of("receive_callback", "accept_callback"):
        assert callbacks.call_back(job_id, token, accept) == 404


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
