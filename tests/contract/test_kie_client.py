"""The client of kie.ai against recorded answers, and against lines that break."""

import json
from collections.abc import Callable
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from ringback.domain.errors import NotConfigured, ProviderUnavailable
from ringback.domain.jobs import Job, JobStatus, ProviderTaskId
from ringback.domain.verdicts import (
    OutcomeUnknown,
    Submission,
    TaskCreated,
    TaskRefused,
    TaskReport,
    TaskState,
)
from ringback.providers.kie.client import KieClient

from tests.support.callbacks import BODIES, RECORDED_TASK, body_files, expected_of
from tests.support.jobs import PROMPT, a_job

BASE_URL = "https://kie.example"
CALLBACK_URL = "https://hooks.example.net/callbacks/kie/job_1/token"
TASK = ProviderTaskId(RECORDED_TASK)
CREATE_FILES = body_files(BODIES / "create_task")
RECORD_FILES = body_files(BODIES / "record_info")

Answer = httpx.Response | Exception


class Line:
    """A line to kie.ai that gives its answers in turn, the last one to all that follows."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = answers
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def client(self) -> KieClient:
        return KieClient(BASE_URL, lambda: "kie-key", transport=httpx.MockTransport(self))


def answering(status: int, content: bytes) -> Line:
    headers = {"location": "https://elsewhere.example/"} if status // 100 == 3 else {}
    return Line(httpx.Response(status, content=content, headers=headers))


def a_body(data: object, code: int = 200) -> httpx.Response:
    return httpx.Response(200, json={"code": code, "msg": "success", "data": data})


def a_record(*urls: str) -> httpx.Response:
    result = json.dumps({"resultUrls": urls})
    return a_body({"taskId": TASK, "state": "success", "resultJson": result})


def envelope(data: object, *, code: int = 200) -> Line:
    return Line(a_body(data, code))


def recorded_line(body_file: Path) -> Line:
    return answering(expected_of(body_file)["http_status"], body_file.read_bytes())


def submit(line: Line) -> Submission:
    return line.client.create_task(a_job(JobStatus.SUBMITTING), CALLBACK_URL)


# ------------------------------------------------------------------ createTask


def submission_of(expected: dict[str, Any]) -> Submission:
    match expected:
        case {"created": str(task_id)}:
            return TaskCreated(task_id=ProviderTaskId(task_id))
        case {"refused": dict(refusal)}:
            return TaskRefused(**refusal)
        case {"unknown": True}:
            return OutcomeUnknown(reason="")
    raise ValueError(f"what is expected cannot be read: {expected}")


@pytest.mark.parametrize("body_file", CREATE_FILES, ids=lambda path: path.stem)
def test_an_answer_to_create_task_proves_what_is_written_beside_it(body_file: Path) -> None:
    line = recorded_line(body_file)
    submission, expected = submit(line), submission_of(expected_of(body_file))
    if isinstance(expected, OutcomeUnknown):
        assert isinstance(submission, OutcomeUnknown)
        assert submission.reason
    else:
        assert submission == expected
    assert len(line.asked) == 1


def test_every_row_of_the_code_table_is_recorded_in_three_ways() -> None:
    rows = (400, 401, 402, 404, 408, 422, 429, 433, 455, 500, 501, 505)
    ways = ("code_{0}_under_http_200", "code_{0}_under_http_{0}", "http_{0}_without_envelope")
    assert {way.format(row) for row in rows for way in ways} <= {path.stem for path in CREATE_FILES}


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout])
def test_without_a_connection_nothing_was_created(error: type[httpx.TransportError]) -> None:
    line = Line(error("no"))
    submission = submit(line)
    assert isinstance(submission, TaskRefused)
    assert (submission.code, submission.retry_after) == ("unreachable", 30)
    assert len(line.asked) == 1


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
def test_once_connected_a_broken_line_proves_nothing(error: type[httpx.RequestError]) -> None:
    line = Line(error("no"))
    assert submit(line) == OutcomeUnknown(reason=error.__name__)
    assert len(line.asked) == 1


def test_an_answer_that_cannot_be_unpacked_proves_nothing() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, stream=httpx.ByteStream(b"no gzip"), headers={"content-encoding": "gzip"}
        )

    client = KieClient(BASE_URL, lambda: "kie-key", transport=httpx.MockTransport(answer))
    submission = client.create_task(a_job(JobStatus.SUBMITTING), CALLBACK_URL)
    assert submission == OutcomeUnknown(reason="DecodingError")


def test_create_task_sends_what_the_page_asks_for() -> None:
    line = envelope({"taskId": TASK})
    job = a_job(JobStatus.SUBMITTING)
    line.client.create_task(job, CALLBACK_URL)
    (request,) = line.asked
    assert (request.method, str(request.url)) == ("POST", f"{BASE_URL}/api/v1/jobs/createTask")
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content) == {
        "model": job.request.model,
        "callBackUrl": CALLBACK_URL,
        "input": {"prompt": PROMPT, "image_size": "square_hd", "max_images": 1},
    }


def test_a_base_url_may_have_a_path() -> None:
    line = envelope({"taskId": TASK})
    client = KieClient(f"{BASE_URL}/kie", lambda: "k", transport=httpx.MockTransport(line))
    client.create_task(a_job(JobStatus.SUBMITTING), CALLBACK_URL)
    assert str(line.asked[0].url) == f"{BASE_URL}/kie/api/v1/jobs/createTask"


def test_a_message_is_cut() -> None:
    submission = submit(Line(httpx.Response(200, json={"code": 400, "msg": "x" * 5000})))
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
def test_a_call_says_who_we_are(call: Callable[[KieClient], object]) -> None:
    line = envelope("nothing of use", code=422)
    call(line.client)
    (request,) = line.asked
    assert request.headers["authorization"] == "Bearer kie-key"
    assert request.headers["user-agent"].startswith("Ringback/")
    assert len(request.headers.get_list("user-agent")) == 1


@every_call
def test_no_call_is_made_without_a_key(call: Callable[[KieClient], object]) -> None:
    line = envelope(None)
    client = KieClient(BASE_URL, lambda: "", transport=httpx.MockTransport(line))
    with pytest.raises(NotConfigured, match=r"docs/deploy\.md"):
        call(client)
    assert line.asked == []


@pytest.mark.parametrize("key", ["", "kie-key\n", "kie key", "kie-kéy", "kie-\x7f"])
def test_a_key_that_no_header_can_carry_is_found_before_the_paid_call(key: str) -> None:
    client = KieClient(BASE_URL, lambda: key, transport=httpx.MockTransport(envelope(None)))
    with pytest.raises(NotConfigured) as raised:
        client.prepare()
    assert not key or key not in str(raised.value)


def test_a_key_in_place_lets_the_call_be_prepared_without_making_it() -> None:
    line = envelope(None)
    line.client.prepare()
    assert line.asked == []


def test_a_rotated_key_is_used_at_once() -> None:
    line, keys = envelope({"taskId": TASK}), iter(["old", "new"])
    client = KieClient(BASE_URL, lambda: next(keys), transport=httpx.MockTransport(line))
    for _ in range(2):
        client.create_task(a_job(JobStatus.SUBMITTING), CALLBACK_URL)
    sent = [request.headers["authorization"] for request in line.asked]
    assert sent == ["Bearer old", "Bearer new"]


@every_call
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(call: Callable[[KieClient], object], status: int) -> None:
    line = answering(status, b"")
    try:
        assert isinstance(call(line.client), OutcomeUnknown)
    except ProviderUnavailable:
        assert call is not EVERY_CALL["create_task"]
    assert [request.url.host for request in line.asked] == ["kie.example"]


def test_the_environments_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://proxy.invalid:3128")
    kie = KieClient(BASE_URL, lambda: "kie-key")
    # httpx keeps one transport for each proxy that it found.
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
def test_a_record_says_what_is_written_beside_it(body_file: Path) -> None:
    line, expected = recorded_line(body_file), expected_of(body_file)
    if "error" in expected:
        assert expected["error"] == ProviderUnavailable.__name__
        with pytest.raises(ProviderUnavailable):
            line.client.read_tasks([TASK])
    else:
        assert line.client.read_tasks([TASK]).get(TASK) == report_of(expected)
    (request,) = line.asked
    assert (request.method, request.url.path) == ("GET", "/api/v1/jobs/recordInfo")
    assert dict(request.url.params) == {"taskId": TASK}


def test_a_strange_task_id_does_not_leave_its_parameter() -> None:
    line = envelope(None, code=404)
    line.client.read_tasks([ProviderTaskId("a&taskId=b#/../c")])
    assert line.asked[0].url.params.multi_items() == [("taskId", "a&taskId=b#/../c")]


# ------------------------------------------------------------------ download-url

FRESH = "https://tempfile.aiquickdraw.com/p/0123_1.jpg?signed=1"
RECORDED = "https://tempfile.aiquickdraw.com/p/0123_1.jpg?recorded=1"


def test_a_dead_link_is_changed_for_a_fresh_one() -> None:
    line = envelope(FRESH)
    assert list(line.client.fresh_links(made(DEAD), 1)) == [FRESH]
    (request,) = line.asked
    assert (request.method, request.url.path) == ("POST", "/api/v1/common/download-url")
    assert json.loads(request.content) == {"url": DEAD}


@pytest.mark.parametrize("code", [400, 401, 402, 404, 422, 501])
def test_a_link_that_cannot_be_changed_is_looked_up_in_the_record(code: int) -> None:
    assert list(envelope(None, code=code).client.fresh_links(made(DEAD), 1)) == []
    line = Line(a_body(None, code), a_record(RECORDED))
    assert list(line.client.fresh_links(made(DEAD, task_id=TASK), 1)) == [RECORDED]


def test_the_record_is_read_once_the_minted_link_has_proved_to_be_dead() -> None:
    line = Line(a_body(FRESH), a_record("https://cdn.example/of-another", RECORDED))
    links = line.client.fresh_links(made("https://cdn.example/of-another", DEAD, task_id=TASK), 2)
    assert next(links) == FRESH
    assert [request.url.path for request in line.asked] == ["/api/v1/common/download-url"]
    assert list(links) == [RECORDED]
    assert line.asked[1].url.params["taskId"] == TASK


@pytest.mark.parametrize("urls", [[DEAD], []])
def test_a_link_that_the_record_has_not_changed_is_not_tried_again(urls: list[str]) -> None:
    line = Line(a_body(FRESH), a_record(*urls))
    assert list(line.client.fresh_links(made(DEAD, task_id=TASK), 1)) == [FRESH]


@pytest.mark.parametrize(
    "line",
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
def test_no_link_for_now_is_asked_for_again(line: Line) -> None:
    with pytest.raises(ProviderUnavailable) as raised:
        list(line.client.fresh_links(made(DEAD), 1))
    assert "aiquickdraw" not in str(raised.value)


@pytest.mark.parametrize("call", ["read_tasks", "fresh_links"])
@pytest.mark.parametrize(
    "error", [httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError]
)
def test_a_broken_line_is_tried_again_later(call: str, error: type[httpx.TransportError]) -> None:
    line = Line(error("https://kie.example/?secret"))
    with pytest.raises(ProviderUnavailable) as raised:
        EVERY_CALL[call](line.client)
    assert str(raised.value) == error.__name__
    assert len(line.asked) == 1


def test_no_call_uses_the_connection_of_another() -> None:
    """A connection that a frozen container let die would make the paid call look lost."""
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
