"""The client of kie.ai with recorded responses and broken connections."""

import json
from collections.abc import Callable
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from ringback.domain.accounts import ProbeAnswer
from ringback.domain.errors import (
    CredentialsRefused,
    NotConfigured,
    ProviderUnavailable,
    TaskUnreadable,
)
from ringback.domain.jobs import Job, JobStatus, ProviderTaskId
from ringback.domain.verdicts import (
    OutcomeUnknown,
    Submission,
    TaskCreated,
    TaskRefused,
    TaskReport,
    TaskState,
)
from ringback.providers.kept_answers import MAX_KEPT_BYTES
from ringback.providers.kie.client import KieClient

from tests.support.callbacks import BODIES, RECORDED_TASK, body_files, expected_of
from tests.support.jobs import PROMPT, a_job

BASE_URL = "https://kie.example"
CALLBACK_URL = "https://hooks.example.net/callbacks/kie/job_1/token"
TASK = ProviderTaskId(RECORDED_TASK)
CREATE_FILES = body_files(BODIES / "create_task")
RECORD_FILES = body_files(BODIES / "record_info")

Answer = httpx.Response | Exception


class MockKie:
    """Returns each response once, the last one repeatedly, and records the requests."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = answers
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
        self.requests.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def client(self) -> KieClient:
        return KieClient(BASE_URL, lambda: "kie-key", transport=httpx.MockTransport(self))


def answering(status: int, content: bytes) -> MockKie:
    headers = {"location": "https://elsewhere.example/"} if status // 100 == 3 else {}
    return MockKie(httpx.Response(status, content=content, headers=headers))


def a_body(data: object, code: int = 200) -> httpx.Response:
    return httpx.Response(200, json={"code": code, "msg": "success", "data": data})


def a_record(*urls: str) -> httpx.Response:
    result = json.dumps({"resultUrls": urls})
    return a_body({"taskId": TASK, "state": "success", "resultJson": result})


def envelope(data: object, *, code: int = 200) -> MockKie:
    return MockKie(a_body(data, code))


def recorded_kie(body_file: Path) -> MockKie:
    return answering(expected_of(body_file)["http_status"], body_file.read_bytes())


def submit(kie: MockKie) -> Submission:
    return kie.client.create_task(a_job(JobStatus.SUBMITTING), CALLBACK_URL)


# ------------------------------------------------------------------ createTask


def submission_of(expected: dict[str, Any]) -> Submission:
    match expected:
        case {"created": str(task_id)}:
            return TaskCreated(task_id=ProviderTaskId(task_id))
        case {"refused": dict(refusal)}:
            return TaskRefused(**refusal)
        case {"unknown": True}:
            return OutcomeUnknown(
                reason="", task_id=expected.get("task_id"), account=expected.get("account")
            )
    raise ValueError(f"what is expected cannot be read: {expected}")


@pytest.mark.parametrize("body_file", CREATE_FILES, ids=lambda path: path.stem)
def test_create_task_responses_have_their_expected_outcome(body_file: Path) -> None:
    kie = recorded_kie(body_file)
    submission, expected = submit(kie), submission_of(expected_of(body_file))
    if isinstance(expected, OutcomeUnknown):
        assert isinstance(submission, OutcomeUnknown)
        assert submission.reason
        assert submission.task_id == expected.task_id
        assert submission.account == expected.account
    else:
        assert submission == expected
    assert len(kie.requests) == 1


@pytest.mark.parametrize("body_file", CREATE_FILES, ids=lambda path: path.stem)
def test_a_refusal_comes_with_its_answer(body_file: Path) -> None:
    submission = submit(recorded_kie(body_file))
    if isinstance(submission, TaskRefused):
        assert submission.answer
        assert (
            f'"code":{submission.code}' in submission.answer or '"code":' not in submission.answer
        )


def test_every_documented_code_is_recorded_in_three_forms() -> None:
    rows = (400, 401, 402, 404, 408, 422, 429, 433, 455, 500, 501, 505)
    ways = ("code_{0}_under_http_200", "code_{0}_under_http_{0}", "http_{0}_without_envelope")
    assert {way.format(row) for row in rows for way in ways} <= {path.stem for path in CREATE_FILES}


@pytest.mark.parametrize("code", [405, 413, 415])
def test_a_request_that_http_itself_refuses_created_nothing(code: int) -> None:
    refused = submit(answering(code, b"<html>not allowed</html>"))
    assert refused == TaskRefused(code=str(code), message="")


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout])
def test_a_failed_connection_proves_nothing_was_created(error: type[httpx.TransportError]) -> None:
    kie = MockKie(error("no"))
    submission = submit(kie)
    assert isinstance(submission, TaskRefused)
    assert (submission.code, submission.retry_after) == ("unreachable", 30)
    assert len(kie.requests) == 1


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout,
        httpx.ReadError,
        httpx.RemoteProtocolError,
        httpx.WriteError,
        httpx.WriteTimeout,
        httpx.CloseError,
        httpx.PoolTimeout,
        httpx.ProxyError,
        httpx.DecodingError,
    ],
)
def test_a_connection_lost_later_proves_nothing(error: type[httpx.RequestError]) -> None:
    kie = MockKie(error("no"))
    assert submit(kie) == OutcomeUnknown(reason=error.__name__)
    assert len(kie.requests) == 1


def test_an_undecodable_response_proves_nothing() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, stream=httpx.ByteStream(b"no gzip"), headers={"content-encoding": "gzip"}
        )

    client = KieClient(BASE_URL, lambda: "kie-key", transport=httpx.MockTransport(answer))
    submission = client.create_task(a_job(JobStatus.SUBMITTING), CALLBACK_URL)
    assert submission == OutcomeUnknown(reason="DecodingError")


@pytest.mark.parametrize("status", [402, 429])
@pytest.mark.parametrize("charset", ["undefined", "idna", "punycode", "hex", "rot13", "none", '"'])
def test_a_refusal_is_read_whatever_charset_it_names(charset: str, status: int) -> None:
    headers = {"content-type": f"text/html; charset={charset}"}
    page = httpx.Response(status, content=b"<p>no\xff</p>", headers=headers)
    submission = submit(MockKie(page))
    assert isinstance(submission, TaskRefused)
    assert (submission.code, submission.answer) == (str(status), '"<p>no\ufffd</p>"')


def test_a_huge_page_is_kept_in_part() -> None:
    submission = submit(answering(402, b"x" * 1_000_000))
    assert isinstance(submission, TaskRefused)
    assert submission.answer == ('"' + "x" * MAX_KEPT_BYTES)[:MAX_KEPT_BYTES]


def test_create_task_sends_the_documented_request() -> None:
    kie = envelope({"taskId": TASK})
    job = a_job(JobStatus.SUBMITTING)
    kie.client.create_task(job, CALLBACK_URL)
    (request,) = kie.requests
    assert (request.method, str(request.url)) == ("POST", f"{BASE_URL}/api/v1/jobs/createTask")
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content) == {
        "model": job.request.model,
        "callBackUrl": CALLBACK_URL,
        "input": {"prompt": PROMPT, "image_size": "square_hd", "max_images": 1},
    }


def test_a_base_url_may_have_a_path() -> None:
    kie = envelope({"taskId": TASK})
    client = KieClient(f"{BASE_URL}/kie", lambda: "k", transport=httpx.MockTransport(kie))
    client.create_task(a_job(JobStatus.SUBMITTING), CALLBACK_URL)
    assert str(kie.requests[0].url) == f"{BASE_URL}/kie/api/v1/jobs/createTask"


def test_a_long_message_is_truncated() -> None:
    submission = submit(MockKie(httpx.Response(200, json={"code": 400, "msg": "x" * 5000})))
    assert isinstance(submission, TaskRefused)
    assert len(submission.message) == 2000


# ------------------------------------------------------------------ every call

DEAD = "https://tempfile.aiquickdraw.com/p/0123_1.jpg"


def made(*urls: str, **changes: Any) -> Job:
    return a_job(JobStatus.ARCHIVING, result_urls=urls, **changes)


EVERY_CALL: dict[str, Callable[[KieClient], object]] = {
    "create_task": lambda client: client.create_task(a_job(JobStatus.SUBMITTING), CALLBACK_URL),
    "read_tasks": lambda client: client.read_tasks([TASK]),
    "fresh_links": lambda client: list(client.fresh_links(made(DEAD), 1)),
}
every_call = pytest.mark.parametrize("call", EVERY_CALL.values(), ids=EVERY_CALL)


@every_call
def test_every_call_has_our_user_agent(call: Callable[[KieClient], object]) -> None:
    kie = envelope("nothing of use", code=422)
    call(kie.client)
    (request,) = kie.requests
    assert request.headers["authorization"] == "Bearer kie-key"
    assert request.headers["user-agent"].startswith("Ringback/")
    assert len(request.headers.get_list("user-agent")) == 1


@every_call
def test_no_call_is_made_without_a_key(call: Callable[[KieClient], object]) -> None:
    kie = envelope(None)
    client = KieClient(BASE_URL, lambda: "", transport=httpx.MockTransport(kie))
    if call is EVERY_CALL["create_task"]:
        # The job is marked by then: it has to be told that nothing was sent.
        assert isinstance(call(client), TaskRefused)
    else:
        with pytest.raises(NotConfigured, match=r"docs/deploy\.md"):
            call(client)
    assert kie.requests == []


def test_a_key_that_cannot_be_read_any_more_proves_that_nothing_was_created() -> None:
    def unreadable() -> str:
        raise OSError("Secrets Manager is down")

    kie = envelope(None)
    client = KieClient(BASE_URL, unreadable, transport=httpx.MockTransport(kie))
    submission = client.create_task(a_job(JobStatus.SUBMITTING), CALLBACK_URL)
    assert submission == TaskRefused(code="unreachable", message="OSError", retry_after=30)
    assert kie.requests == []


@pytest.mark.parametrize("key", ["", "kie-key\n", "kie key", "kie-kéy", "kie-\x7f"])
def test_an_unusable_key_is_found_before_the_paid_call(key: str) -> None:
    client = KieClient(BASE_URL, lambda: key, transport=httpx.MockTransport(envelope(None)))
    with pytest.raises(NotConfigured) as raised:
        client.prepare()
    assert not key or key not in str(raised.value)


def test_preparing_makes_no_call() -> None:
    kie = envelope(None)
    kie.client.prepare()
    assert kie.requests == []


def test_a_rotated_key_is_used_at_once() -> None:
    kie, keys = envelope({"taskId": TASK}), iter(["old", "new"])
    client = KieClient(BASE_URL, lambda: next(keys), transport=httpx.MockTransport(kie))
    for _ in range(2):
        client.create_task(a_job(JobStatus.SUBMITTING), CALLBACK_URL)
    sent = [request.headers["authorization"] for request in kie.requests]
    assert sent == ["Bearer old", "Bearer new"]


class RotatedKie:
    """kie.ai after its key was changed; ``key`` is what the client was given last."""

    def __init__(self, known: str = "old") -> None:
        self.key, self.asked = known, list[str]()
        self.client = KieClient(
            BASE_URL, lambda: self.key, transport=httpx.MockTransport(self), renew=self.renew
        )

    def renew(self) -> bool:
        was, self.key = self.key, "new"
        return was != "new"

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.headers["authorization"].removeprefix("Bearer "))
        is_known = self.asked[-1] == "new"
        body = {"code": 200, "data": 7} if is_known else {"code": 401, "msg": "unauthorized"}
        return httpx.Response(200, json=body)


def test_a_refused_key_is_read_again() -> None:
    kie = RotatedKie()
    assert kie.client.probe().is_good
    assert kie.asked == ["old", "new"]
    kie.key = ""
    kie.client.prepare()
    assert kie.key == "new"


def test_a_job_whose_key_was_changed_comes_back_at_once() -> None:
    """Its account is good; the paid call is not made twice, in twice the time that it may take."""
    kie = RotatedKie()
    answer = kie.client.create_task(a_job(JobStatus.SUBMITTING), CALLBACK_URL)
    assert isinstance(answer, TaskRefused)
    assert (answer.account, answer.retry_after, kie.asked) == (None, 1, ["old"])


def test_a_key_that_is_refused_and_unchanged_refuses_the_account() -> None:
    kie = RotatedKie()
    kie.renew()
    kie.client.probe()
    refused = envelope(None, code=401).client.create_task(a_job(JobStatus.SUBMITTING), CALLBACK_URL)
    assert isinstance(refused, TaskRefused)
    assert (refused.account, kie.asked) == ("key_refused", ["new"])


@every_call
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(call: Callable[[KieClient], object], status: int) -> None:
    kie = answering(status, b"")
    try:
        assert isinstance(call(kie.client), OutcomeUnknown)
    except ProviderUnavailable:
        assert call is not EVERY_CALL["create_task"]
    assert [request.url.host for request in kie.requests] == ["kie.example"]


def test_proxy_variables_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://proxy.invalid:3128")
    kie = KieClient(BASE_URL, lambda: "kie-key")
    # httpx has one transport per configured proxy.
    assert kie._http._mounts == {}


# ------------------------------------------------------------------ recordInfo


def report_of(expected: dict[str, Any]) -> TaskReport | None:
    report = expected["report"]
    if report is None:
        return None
    exact = None if report["credits"] is None else Decimal(report["credits"])
    converted: dict[str, Any] = {
        "task_id": ProviderTaskId(report["task_id"]),
        "state": TaskState(report["state"]),
        "image_urls": tuple(report["image_urls"]),
        "credits": exact,
    }
    return TaskReport(**(report | converted))


@pytest.mark.parametrize("body_file", RECORD_FILES, ids=lambda path: path.stem)
def test_records_have_their_expected_report(body_file: Path) -> None:
    kie, expected = recorded_kie(body_file), expected_of(body_file)
    if "error" in expected:
        kinds = (ProviderUnavailable, TaskUnreadable, CredentialsRefused)
        with pytest.raises({kind.__name__: kind for kind in kinds}[expected["error"]]) as raised:
            kie.client.read_tasks([TASK])
        assert type(raised.value).__name__ == expected["error"]
    else:
        assert kie.client.read_tasks([TASK]).get(TASK) == report_of(expected)
    (request,) = kie.requests
    assert (request.method, request.url.path) == ("GET", "/api/v1/jobs/recordInfo")
    assert dict(request.url.params) == {"taskId": TASK}


def test_a_record_of_an_unknown_shape_is_kept() -> None:
    """Field case 10: what was paid for may be in it."""
    data = {"taskId": TASK, "state": "success", "resultJson": {"pictures": {"first": "a.png"}}}
    report = envelope(data).client.read_tasks([TASK])[TASK]
    assert report.without_images
    assert json.loads(report.answer)["data"] == data


@pytest.mark.parametrize(
    ("urls", "param"),
    [(["https://x.example/1.png"], "[our request]"), (["https://x.example/1.png", ""], "{}")],
)
def test_our_own_request_is_not_kept_where_all_images_were_found(
    urls: list[str], param: str
) -> None:
    result = json.dumps({"resultUrls": urls})
    data = {"taskId": TASK, "state": "success", "resultJson": result, "param": "{}"}
    report = envelope(data).client.read_tasks([TASK])[TASK]
    assert json.loads(report.answer)["data"] == data | {"param": param}


def test_a_task_that_is_not_visible_has_no_report() -> None:
    assert envelope(None, code=404).client.read_tasks([TASK]) == {}


def test_an_answer_of_a_proxy_is_named_as_such() -> None:
    with pytest.raises(ProviderUnavailable, match="HTTP 502 without kie"):
        answering(502, b"<html>bad gateway</html>").client.read_tasks([TASK])


def test_a_task_id_is_escaped_in_the_query() -> None:
    kie = envelope(None, code=404)
    kie.client.read_tasks([ProviderTaskId("a&taskId=b#/../c")])
    assert kie.requests[0].url.params.multi_items() == [("taskId", "a&taskId=b#/../c")]


# ------------------------------------------------------------------ credit


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (12, ProbeAnswer(is_good=True, credits=Decimal(12))),
        (0.5, ProbeAnswer(is_good=True, credits=Decimal("0.5"))),
        (0, ProbeAnswer(is_good=False, credits=Decimal(0))),
        (-3.5, ProbeAnswer(is_good=False)),
        ("12", ProbeAnswer(is_good=True, credits=Decimal(12))),
        (None, ProbeAnswer(is_good=True)),
        ({}, ProbeAnswer(is_good=True)),
    ],
)
def test_a_probe_asks_for_the_credits_that_are_left(left: object, expected: ProbeAnswer) -> None:
    """An answer in another shape than the documented one leaves it to a job to find out."""
    kie = envelope(left)
    assert kie.client.probe() == expected
    (request,) = kie.requests
    assert (request.method, request.url.path) == ("GET", "/api/v1/chat/credit")


REFUSED_BY_THE_ACCOUNT = [402, 403, 433, 429, 455]


@pytest.mark.parametrize("code", REFUSED_BY_THE_ACCOUNT)
def test_a_probe_that_is_refused_is_a_bad_one(code: int) -> None:
    assert not envelope(None, code=code).client.probe().is_good
    assert not answering(code, b"<html>no").client.probe().is_good


@pytest.mark.parametrize("kie", [envelope(None, code=401), answering(401, b"<html>no")])
def test_a_probe_with_a_wrong_key_says_so(kie: MockKie) -> None:
    with pytest.raises(CredentialsRefused):
        kie.client.probe()


@pytest.mark.parametrize(
    "kie",
    [
        envelope(None, code=500),
        envelope(12, code=503),
        answering(502, b"<html>bad gateway"),
        MockKie(httpx.ReadTimeout("no")),
        MockKie(httpx.ConnectError("no")),
    ],
)
def test_a_probe_without_an_answer_says_so(kie: MockKie) -> None:
    with pytest.raises(ProviderUnavailable):
        kie.client.probe()


@pytest.mark.parametrize(
    "kie",
    [
        *(envelope(data, code=code) for code in (400, 404, 405, 410, 422) for data in (None, 0)),
        *(answering(code, b"<html>gone") for code in (301, 404, 405, 410)),
        answering(200, b"<html>our new dashboard"),
        answering(200, b""),
        answering(204, b""),
        answering(200, b'{"credits": 0}'),
        envelope(data=False),
    ],
)
def test_a_probe_whose_route_has_changed_leaves_it_to_a_job(kie: MockKie) -> None:
    """It says nothing about the account, which would else be paused for good."""
    assert kie.client.probe().is_good


# ------------------------------------------------------------------ download-url

FRESH = "https://tempfile.aiquickdraw.com/p/0123_1.jpg?signed=1"
RECORDED = "https://tempfile.aiquickdraw.com/p/0123_1.jpg?recorded=1"


def test_a_dead_link_is_exchanged() -> None:
    kie = envelope(FRESH)
    assert list(kie.client.fresh_links(made(DEAD), 1)) == [FRESH]
    (request,) = kie.requests
    assert (request.method, request.url.path) == ("POST", "/api/v1/common/download-url")
    assert json.loads(request.content) == {"url": DEAD}


def test_a_link_waits_for_a_key_that_the_provider_accepts() -> None:
    with pytest.raises(NotConfigured):
        list(envelope(None, code=401).client.fresh_links(made(DEAD), 1))


@pytest.mark.parametrize("code", [400, 402, 403, 404, 422, 501])
def test_an_unexchangeable_link_is_read_from_the_record(code: int) -> None:
    assert list(envelope(None, code=code).client.fresh_links(made(DEAD), 1)) == []
    kie = MockKie(a_body(None, code), a_record(RECORDED))
    assert list(kie.client.fresh_links(made(DEAD, task_id=TASK), 1)) == [RECORDED]


def test_the_record_is_read_if_the_minted_link_is_dead() -> None:
    kie = MockKie(a_body(FRESH), a_record("https://cdn.example/of-another", RECORDED))
    links = kie.client.fresh_links(made("https://cdn.example/of-another", DEAD, task_id=TASK), 2)
    assert next(links) == FRESH
    assert [request.url.path for request in kie.requests] == ["/api/v1/common/download-url"]
    assert list(links) == [RECORDED]
    assert kie.requests[1].url.params["taskId"] == TASK


@pytest.mark.parametrize("urls", [[DEAD], []])
def test_an_unchanged_link_in_the_record_is_not_retried(urls: list[str]) -> None:
    kie = MockKie(a_body(FRESH), a_record(*urls))
    assert list(kie.client.fresh_links(made(DEAD, task_id=TASK), 1)) == [FRESH]


@pytest.mark.parametrize(
    "kie",
    [
        envelope(None),
        envelope({"url": FRESH}),
        envelope(FRESH, code=500),
        envelope(None, code=429),
        envelope(None, code=455),
        answering(403, b"error code: 1010"),
        answering(404, b"<html>"),
        answering(502, b"<html>"),
        answering(200, b""),
    ],
)
def test_an_unavailable_link_is_retried_later(kie: MockKie) -> None:
    with pytest.raises(ProviderUnavailable) as raised:
        list(kie.client.fresh_links(made(DEAD), 1))
    assert "aiquickdraw" not in str(raised.value)


@pytest.mark.parametrize("call", ["read_tasks", "fresh_links"])
@pytest.mark.parametrize(
    "error", [httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError]
)
def test_a_lost_connection_is_retried_later(call: str, error: type[httpx.TransportError]) -> None:
    kie = MockKie(error("https://kie.example/?secret"))
    with pytest.raises(ProviderUnavailable) as raised:
        EVERY_CALL[call](kie.client)
    assert str(raised.value) == error.__name__
    assert len(kie.requests) == 1


def test_connections_are_not_reused() -> None:
    """A connection that died in a frozen container would make the paid call's outcome unknown."""
    connections: list[object] = []

    class Provider(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            connections.append(self.client_address)
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            client = KieClient(f"http://127.0.0.1:{server.server_port}", lambda: "key")
            for _ in range(3):
                client.create_task(a_job(), "https://hooks.example")
        finally:
            server.shutdown()
    assert len(set(connections)) == 3
