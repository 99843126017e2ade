"""The simulated kie.ai, tested over HTTP."""

import hashlib
import hmac
import io
import json
import signal
import ssl
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread
from typing import Any

import httpx
import pytest
from PIL import Image

from local.simulator.http_messages import Reply, Request
from local.simulator.kie.models import expected_size
from local.simulator.server import LoopbackServer
from local.simulator.settings import Settings
from local.simulator.simulator import Simulator
from local.waiting import wait_for

KEY, HMAC_KEY = "unit-test-api-key", "unit-test-webhook-key"
V4 = "bytedance/seedream-v4-text-to-image"
AGENT = {"User-Agent": "simulator-tests/1"}
CREATE = "/api/v1/jobs/createTask"
# All requests are plain HTTP, and loading the certificates takes longer than most tests.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Clock:
    """A clock that tests advance."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


class Receiver:
    """Receives callbacks and answers them with ``statuses``, then with 200."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.statuses: list[int] = []
        self.may_answer = Event()
        self.may_answer.set()
        self._server = LoopbackServer(0, self._take)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook/$default?a=b"

    def _take(self, request: Request) -> Reply:
        self.requests.append(request)
        self.may_answer.wait(10)
        return Reply(status=self.statuses.pop(0) if self.statuses else 200)

    def run(self) -> None:
        self._server.serve_forever(0.02)

    def close(self) -> None:
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()


def until(is_so: Callable[[], Any]) -> None:
    wait_for(lambda: bool(is_so()), bool, what="the simulator", pause=0.005)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with closing(Receiver()) as receiver:
        Thread(target=receiver.run, daemon=True).start()
        yield receiver


@pytest.fixture
def simulator(clock: Clock) -> Iterator[Simulator]:
    settings = Settings(
        kie_api_key=KEY,
        kie_hmac_key=HMAC_KEY,
        generate_seconds=0.02,
        credits=100,
        callback_retry_seconds=(0.01, 0.01, 0.01),
    )
    with Simulator(settings, clock=clock) as simulator:
        yield simulator


@pytest.fixture
def kie(simulator: Simulator) -> Iterator[httpx.Client]:
    yield from a_client(simulator)


def a_client(simulator: Simulator) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {KEY}", **AGENT}
    with httpx.Client(base_url=simulator.url, headers=headers, timeout=10, verify=NO_TLS) as client:
        yield client


@pytest.fixture
def cdn(simulator: Simulator) -> Iterator[httpx.Client]:
    with httpx.Client(headers=AGENT, timeout=10, verify=NO_TLS) as client:
        yield client


def order(prompt: str = "a red kite", url: str | None = None, **given: Any) -> dict[str, Any]:
    return {"model": V4, "callBackUrl": url, "input": {"prompt": prompt, **given}}


def create(kie: httpx.Client, prompt: str = "x", url: str | None = None, **given: Any) -> str:
    answer = kie.post(CREATE, json=order(prompt, url, **given)).json()
    assert (answer["code"], answer["msg"]) == (200, "success"), answer
    return str(answer["data"]["taskId"])


def tasks(kie: httpx.Client) -> list[Any]:
    return list(kie.get("/_simulator/tasks").json())


def finished(kie: httpx.Client, task_id: str) -> Any:
    def record() -> Any:
        return kie.get("/api/v1/jobs/recordInfo", params={"taskId": task_id}).json()

    until(lambda: record()["data"]["state"] in {"success", "fail"})
    return record()


def links(kie: httpx.Client, prompt: str = "x", **given: Any) -> list[str]:
    record = finished(kie, create(kie, prompt, **given))
    return list(json.loads(record["data"]["resultJson"])["resultUrls"])


def code(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["code"]


# createTask


def test_every_created_task_has_its_own_id(kie: httpx.Client) -> None:
    ids = [create(kie, url="http://127.0.0.1:9/same") for _ in range(3)]
    assert all(task_id.startswith("task_bytedance_") for task_id in ids)
    assert len(set(ids)) == 3
    assert kie.get("/_simulator/callback_urls").json() == {"http://127.0.0.1:9/same": ids}


@pytest.mark.parametrize("key", ["", "Bearer", "Bearer wrong", KEY])
def test_a_wrong_key_is_refused(kie: httpx.Client, key: str) -> None:
    answer = kie.post(CREATE, json=order(), headers={"Authorization": key})
    assert code(answer) == (401, 401)
    assert tasks(kie) == []


@pytest.mark.parametrize("agent", ["python-httpx/0.28.1", ""])
def test_the_user_agent_of_a_library_is_refused(kie: httpx.Client, agent: str) -> None:
    answer = kie.post(CREATE, json=order(), headers={"User-Agent": agent})
    assert (answer.status_code, answer.text) == (403, "error code: 1010")


def test_errors_appear_where_the_provider_puts_them(kie: httpx.Client) -> None:
    assert code(kie.post(CREATE, content=b"{")) == (400, 400)
    assert code(kie.post(CREATE, json=order() | {"model": "x"})) == (200, 422)
    assert code(kie.post(CREATE, json=order(max_images=7))) == (200, 422)
    assert code(kie.get("/api/v1/nothing")) == (404, 404)
    assert tasks(kie) == []


def test_the_twenty_first_create_in_ten_seconds_is_refused(kie: httpx.Client, clock: Clock) -> None:
    answers = [code(kie.post(CREATE, json=order())) for _ in range(21)]
    assert answers == [(200, 200)] * 20 + [(429, 429)]
    assert len(tasks(kie)) == 20
    clock.now += 10
    kie.post("/_simulator/faults", json={"fault": "no_credits"})
    assert code(kie.post(CREATE, json=order())) == (200, 402)


def test_credits_are_charged_at_submission(kie: httpx.Client) -> None:
    for _ in range(3):
        create(kie, max_images=6)
    assert kie.get("/api/v1/chat/credit").json() == {"code": 200, "msg": "success", "data": 10}
    assert code(kie.post(CREATE, json=order(max_images=3))) == (200, 402)
    assert [task["credits_charged"] for task in tasks(kie)] == [30, 30, 30]


def test_a_failed_task_is_refunded(kie: httpx.Client) -> None:
    record = finished(kie, create(kie, "[simulate: fail=422]"))
    assert (record["code"], record["data"]["state"]) == (501, "fail")
    assert (record["data"]["failCode"], record["data"]["creditsConsumed"]) == ("422", 0)
    assert kie.get("/api/v1/chat/credit").json()["data"] == 100


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        ("status_429", (429, 429)),
        ("status_455", (200, 455)),
        ("error_500_before", (500, 500)),
        ("content_policy", (400, 400)),
        ("no_credits", (200, 402)),
        ("key_capped", (200, 433)),
        ("key_refused", (401, 401)),
    ],
)
def test_a_requested_refusal_creates_nothing(
    kie: httpx.Client, fault: str, answer: tuple[int, int]
) -> None:
    assert code(kie.post(CREATE, json=order(f"[simulate: {fault}]"))) == answer
    assert tasks(kie) == []
    assert kie.get("/api/v1/chat/credit").json()["data"] == 100


def test_credits_are_taken_and_given_back_on_command(kie: httpx.Client) -> None:
    for credits, answer in ((4.5, (200, 402)), (0, (200, 402)), (5, (200, 200))):
        assert kie.post("/_simulator/credits", json={"credits": credits}).json() == {
            "credits": credits
        }
        assert kie.get("/api/v1/chat/credit").json()["data"] == credits
        assert code(kie.post(CREATE, json=order())) == answer
    assert kie.get("/api/v1/chat/credit").json()["data"] == 0
    for wrong in (b"", b"[]", b'{"credits": "1"}', b'{"credits": true}', b'{"credits": NaN}'):
        assert kie.post("/_simulator/credits", content=wrong).status_code == 400


@pytest.mark.parametrize(
    ("fault", "create_answer", "credit_answer"),
    [
        ("no_credits", (200, 402), (200, 200)),
        ("key_capped", (200, 433), (200, 200)),
        ("key_refused", (401, 401), (401, 401)),
    ],
)
def test_an_account_is_bad_until_its_fault_is_removed(
    kie: httpx.Client,
    fault: str,
    create_answer: tuple[int, int],
    credit_answer: tuple[int, int],
) -> None:
    kie.post("/_simulator/faults", json={"fault": fault})
    for _ in range(2):
        assert code(kie.post(CREATE, json=order())) == create_answer
    credit = kie.get("/api/v1/chat/credit")
    assert code(credit) == credit_answer
    assert (credit.json()["data"] == 100) == (fault == "key_capped")
    kie.delete("/_simulator/faults")
    assert code(kie.post(CREATE, json=order())) == (200, 200)


def test_a_fault_of_some_requests_is_not_the_account_s(kie: httpx.Client) -> None:
    """Otherwise one that strikes twice would never end for a client that asks first."""
    kie.post("/_simulator/faults", json={"fault": "no_credits", "count": 2})
    kie.post("/_simulator/faults", json={"fault": "key_refused", "probability": 0.1})
    assert kie.get("/api/v1/chat/credit").json()["data"] == 100


@pytest.mark.parametrize(("fault", "created"), [("cut_before", 0), ("cut_after", 1)])
def test_the_connection_is_cut_on_request(kie: httpx.Client, fault: str, created: int) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        kie.post(CREATE, json=order(f"[simulate: {fault}]"))
    assert len(tasks(kie)) == created
    assert kie.get("/api/v1/chat/credit").json()["data"] == 100 - 5 * created


def test_a_task_can_be_created_although_the_answer_is_an_error(kie: httpx.Client) -> None:
    assert kie.post(CREATE, json=order("[simulate: error_500_after]")).status_code == 500
    page = kie.post(CREATE, json=order("[simulate: unreadable_after]"))
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html")
    assert len(tasks(kie)) == 2


def test_a_slow_answer_comes_after_the_task(kie: httpx.Client) -> None:
    with pytest.raises(httpx.ReadTimeout):
        kie.post(CREATE, json=order("[simulate: slow_create=60]"), timeout=0.1)
    assert len(tasks(kie)) == 1


# Callbacks


def test_a_callback_is_signed_and_agrees_with_the_record(
    kie: httpx.Client, receiver: Receiver
) -> None:
    task_id = create(kie, url=receiver.url)
    record = finished(kie, task_id)
    until(lambda: tasks(kie)[0]["callbacks"])
    (call,) = receiver.requests
    body = json.loads(call.body)
    digest = hmac.digest(HMAC_KEY.encode(), f"{task_id}.1790000000".encode(), "sha256")
    assert (call.method, call.path, call.raw_query) == ("POST", "/hook/$default", "a=b")
    assert call.headers["content-type"] == "application/json"
    assert call.headers["x-webhook-timestamp"] == "1790000000"
    assert call.headers["x-webhook-signature"] == b64encode(digest).decode()
    assert (body["code"], body["data"]["taskId"]) == (200, task_id)
    for name in ("state", "param", "resultJson", "creditsConsumed", "completeTime"):
        assert body["data"][name] == record["data"][name]
    (delivery,) = tasks(kie)[0]["callbacks"]
    assert (delivery["status"], delivery["signed"], delivery["attempt"]) == (200, True, 1)


def test_a_failure_is_called_back_too(kie: httpx.Client, receiver: Receiver) -> None:
    create(kie, "[simulate: fail]", receiver.url)
    until(lambda: receiver.requests)
    body = json.loads(receiver.requests[0].body)
    assert (body["code"], body["data"]["failCode"]) == (501, "500")


def test_a_callback_not_answered_with_200_is_repeated_three_times(
    kie: httpx.Client, receiver: Receiver
) -> None:
    receiver.statuses = [500, 202, 404, 503, 500]
    create(kie, url=receiver.url)
    until(lambda: len(tasks(kie)[0]["callbacks"]) == 4)
    time.sleep(0.1)
    statuses = [delivery["status"] for delivery in tasks(kie)[0]["callbacks"]]
    assert statuses == [500, 202, 404, 503]
    assert len(receiver.requests) == 4


def test_only_loopback_is_called(kie: httpx.Client) -> None:
    create(kie, url="https://hooks.example.net/x")
    until(lambda: tasks(kie)[0]["callbacks"])
    (delivery,) = tasks(kie)[0]["callbacks"]
    assert (delivery["status"], delivery["error"]) == (None, "refused: not http on loopback")


def test_an_unreachable_receiver_is_retried(kie: httpx.Client, receiver: Receiver) -> None:
    receiver.close()
    create(kie, url=receiver.url)
    until(lambda: len(tasks(kie)[0]["callbacks"]) == 4)
    assert tasks(kie)[0]["callbacks"][3]["error"] == "ConnectionRefusedError"


@pytest.mark.parametrize("fault", ["wrong_signature", "unsigned", "stale_signature"])
def test_a_signature_is_wrong_on_request(kie: httpx.Client, receiver: Receiver, fault: str) -> None:
    create(kie, f"[simulate: {fault}]", receiver.url)
    until(lambda: tasks(kie)[0]["callbacks"])
    words = {"wrong_signature": "wrong", "unsigned": "none", "stale_signature": "stale"}
    assert tasks(kie)[0]["callbacks"][0]["signature"] == words[fault]
    assert ("x-webhook-signature" in receiver.requests[0].headers) is (fault != "unsigned")


def test_no_callback_is_sent_on_request(kie: httpx.Client, receiver: Receiver) -> None:
    finished(kie, create(kie, "[simulate: no_callback]", receiver.url))
    time.sleep(0.1)
    assert receiver.requests == []


def test_a_late_callback_comes_long_after_the_end(kie: httpx.Client, receiver: Receiver) -> None:
    finished(kie, create(kie, "[simulate: late_callback=0.3]", receiver.url))
    assert receiver.requests == []
    until(lambda: receiver.requests)


def test_an_early_callback_overtakes_the_answer(kie: httpx.Client, receiver: Receiver) -> None:
    task_id = create(kie, "[simulate: early_callback]", receiver.url)
    assert json.loads(receiver.requests[0].body)["data"]["taskId"] == task_id


def test_a_double_callback_is_the_same_twice(kie: httpx.Client, receiver: Receiver) -> None:
    create(kie, "[simulate: double_callback]", receiver.url)
    until(lambda: len(tasks(kie)[0]["callbacks"]) == 2)
    assert receiver.requests[0].body == receiver.requests[1].body


# recordInfo and the control API


def test_a_record_is_hidden_for_a_while_on_request(kie: httpx.Client, clock: Clock) -> None:
    def record(task_id: str) -> httpx.Response:
        return kie.get("/api/v1/jobs/recordInfo", params={"taskId": task_id})

    null = create(kie, "[simulate: record_null=5]")
    missing = create(kie, "[simulate: record_404=5]")
    assert record(null).json()["msg"] == "recordInfo is null"
    assert [code(record(null)), code(record(missing))] == [(200, 422), (404, 404)]
    clock.now += 5
    assert [finished(kie, null)["code"], finished(kie, missing)["code"]] == [200, 200]
    assert code(record("task_unknown")) == (200, 422)


def test_rules_are_set_shown_and_cleared(kie: httpx.Client) -> None:
    wrong = kie.post("/_simulator/faults", json={"fault": "nonsense"})
    assert wrong.status_code == 400
    assert "dead_link" in wrong.json()["error"]
    rule = {"fault": "dead_link", "probability": 0.3, "count": 5, "value": 5}
    assert kie.post("/_simulator/faults", json=rule).status_code == 201
    shown = kie.get("/_simulator/faults").json()
    assert shown["active"] == [{"fault": "dead_link", "probability": 0.3, "left": 5, "value": 5}]
    assert shown["known"]["late_callback"]["value"] == "seconds"
    assert kie.delete("/_simulator/faults").status_code == 204
    assert kie.get("/_simulator/faults").json()["active"] == []


def test_the_request_log_has_every_request(kie: httpx.Client) -> None:
    kie.post(CREATE, json=order("[simulate: status_429]", "http://127.0.0.1:9/x"))
    finished(kie, create(kie))
    asked = kie.get("/_simulator/requests").json()
    assert [line["status"] for line in asked if line["path"] == CREATE] == [429, 200]
    assert asked[0]["about"] == "http://127.0.0.1:9/x"
    assert {line["path"] for line in asked[2:]} == {"/api/v1/jobs/recordInfo"}
    assert KEY not in json.dumps(asked)


# Other models


def images_of(kie: httpx.Client, model: str, given: dict[str, Any]) -> list[Image.Image]:
    answer = kie.post(CREATE, json={"model": model, "input": given}).json()
    record = finished(kie, answer["data"]["taskId"])
    urls = json.loads(record["data"]["resultJson"])["resultUrls"]
    with httpx.Client(headers=AGENT, timeout=10, verify=NO_TLS) as cdn:
        return [Image.open(io.BytesIO(cdn.get(url).content)) for url in urls]


@pytest.mark.parametrize(
    ("model", "given", "format", "size"),
    [
        ("bytedance/seedream", {"image_size": "landscape_4_3"}, None, (1024, 768)),
        ("seedream/5-lite-text-to-image", {"quality": "high"}, "PNG", (3072, 3072)),
        (
            "seedream/5-pro-text-to-image",
            {"quality": "basic", "output_format": "jpeg"},
            "JPEG",
            (1024, 1024),
        ),
        (
            "seedream/5-flash-text-to-image",
            {"size": "1.5K", "output_format": "jpeg"},
            "JPEG",
            (1536, 1536),
        ),
    ],
)
def test_an_image_has_the_requested_size_and_format(
    kie: httpx.Client, model: str, given: dict[str, Any], format: str | None, size: tuple[int, int]
) -> None:
    ratio = {"aspect_ratio": "1:1"} if "/5-" in model else {}
    (image,) = images_of(kie, model, {"prompt": "a red kite", **ratio, **given})
    assert image.size == size
    assert image.format == (format or image.format)


def test_any_model_is_accepted_if_enabled(kie: httpx.Client) -> None:
    model: str = "google/nano-banana"
    given: dict[str, Any] = {"Text": [1], "seed": "x"}
    assert code(kie.post(CREATE, json={"model": model, "input": given})) == (200, 422)
    settings = Settings(kie_api_key=KEY, kie_any_model=True, generate_seconds=0.02)
    with Simulator(settings) as simulator, contextmanager(a_client)(simulator) as open_kie:
        (image,) = images_of(open_kie, model, given)
        assert image.size == (1024, 1024)
        (task,) = tasks(open_kie)
        assert (task["input"], task["credits_charged"]) == (given, 1)


# The CDN


def test_all_images_of_a_task_can_be_downloaded(kie: httpx.Client, cdn: httpx.Client) -> None:
    given: dict[str, Any] = {"max_images": 3, "image_size": "landscape_16_9"}
    kinds = set()
    for url in links(kie, **given):
        answer = cdn.get(url)
        with Image.open(io.BytesIO(answer.content)) as image:
            assert image.size == expected_size(V4, given)
            assert Image.MIME[image.format or ""] == answer.headers["content-type"]
            kinds.add(image.format)
        head = cdn.head(url)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(answer.content))
    assert kinds == {"PNG", "JPEG", "WEBP"}


def test_the_pictures_are_listed_with_the_hash_of_their_bytes(
    kie: httpx.Client, cdn: httpx.Client
) -> None:
    first, second = links(kie, "[simulate: truncated_bytes=1]", max_images=2)
    cdn.get(first)  # half of the bytes
    whole = cdn.get(first).content
    (task,) = tasks(kie)
    assert kie.get("/_simulator/pictures").json() == [
        {
            "task": task["id"],
            "number": 1,
            "downloads": 2,
            "sha256": hashlib.sha256(whole).hexdigest(),
        },
        {"task": task["id"], "number": 2, "downloads": 0, "sha256": ""},
    ]
    assert second.endswith((".png", ".jpg", ".webp"))


@pytest.mark.parametrize("fault", ["as_png", "as_jpeg", "as_webp"])
def test_the_format_can_be_requested(kie: httpx.Client, cdn: httpx.Client, fault: str) -> None:
    types = {cdn.head(url).headers["content-type"] for url in links(kie, f"[simulate: {fault}]",
             max_images=2)}  # fmt: skip
    assert types == {fault.replace("as_", "image/")}


def test_the_cdn_requires_a_user_agent_and_no_key(kie: httpx.Client, cdn: httpx.Client) -> None:
    (url,) = links(kie)
    assert cdn.get(url, headers={"User-Agent": "python-httpx/0.28"}).status_code == 403
    assert kie.get(url).status_code == 400
    assert cdn.get(url.replace("/cdn/", "/cdn/x")).status_code == 404


def test_links_expire_and_a_fresh_one_is_valid_for_twenty_minutes(
    kie: httpx.Client, cdn: httpx.Client, clock: Clock
) -> None:
    (url,) = links(kie)
    clock.now += 1199
    assert cdn.head(url).status_code == 200
    clock.now += 1
    assert cdn.head(url).status_code == 403
    fresh = kie.post("/api/v1/common/download-url", json={"url": url}).json()["data"]
    clock.now += 1199
    assert cdn.head(fresh).status_code == 200
    clock.now += 1
    assert cdn.head(fresh).status_code == 403


def test_fresh_links_are_made_for_files_that_do_not_exist(
    kie: httpx.Client, cdn: httpx.Client
) -> None:
    for url in ("https://example.com/a.png", kie.base_url.join("/cdn/none/1.png")):
        answer = kie.post("/api/v1/common/download-url", json={"url": str(url)}).json()
        assert cdn.get(answer["data"]).status_code == 404
    assert code(kie.post("/api/v1/common/download-url", json={})) == (200, 422)


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [("dead_link", [404, 200, 200]), ("dead_link=2", [404, 404, 200]), ("gone", [404, 404, 404])],
)
def test_links_are_dead_on_request(
    kie: httpx.Client, cdn: httpx.Client, fault: str, statuses: list[int]
) -> None:
    (url,) = links(kie, f"[simulate: {fault}]")
    found = []
    for _ in statuses:
        found.append(cdn.get(url).status_code)
        url = kie.post("/api/v1/common/download-url", json={"url": url}).json()["data"]
    assert found == statuses


def test_a_download_is_cut_half_way_and_whole_the_next_time(
    kie: httpx.Client, cdn: httpx.Client
) -> None:
    (url,) = links(kie, "[simulate: truncated_image]")
    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        cdn.get(url)
    with Image.open(io.BytesIO(cdn.get(url).content)) as image:
        image.load()


def test_half_an_image_has_a_matching_length(kie: httpx.Client, cdn: httpx.Client) -> None:
    (url,) = links(kie, "[simulate: truncated_bytes, as_png]")
    answer = cdn.get(url)
    assert answer.headers["content-length"] == str(len(answer.content))
    with Image.open(io.BytesIO(answer.content)) as image, pytest.raises(OSError, match="truncated"):
        image.load()


def test_a_page_can_have_an_image_content_type(kie: httpx.Client, cdn: httpx.Client) -> None:
    (url,) = links(kie, "[simulate: not_an_image]")
    answer = cdn.get(url)
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"<!doctype html>")


def test_a_link_can_redirect_to_a_private_address(kie: httpx.Client, cdn: httpx.Client) -> None:
    (url,) = links(kie, "[simulate: redirect_inside]")
    answer = cdn.get(url, follow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("http://169.254.169.254/")


@pytest.mark.parametrize(("fault", "count"), [("fewer_images", 1), ("more_images", 3)])
def test_the_number_of_images_can_differ_from_the_request(
    kie: httpx.Client, fault: str, count: int
) -> None:
    assert len(links(kie, f"[simulate: {fault}]", max_images=2)) == count


# Starting and stopping


def test_stopping_waits_neither_for_a_slow_receiver_nor_for_a_slow_answer(
    receiver: Receiver,
) -> None:
    receiver.may_answer.clear()
    simulator = Simulator(Settings(kie_api_key=KEY, generate_seconds=0)).start()
    headers = {"Authorization": f"Bearer {KEY}", **AGENT}
    with httpx.Client(base_url=simulator.url, headers=headers, verify=NO_TLS) as kie:
        create(kie, url=receiver.url)
        until(lambda: receiver.requests)
        with pytest.raises(httpx.ReadTimeout):
            kie.post(CREATE, json=order("[simulate: slow_create=60]"), timeout=0.1)
        before = time.monotonic()
        simulator.stop()
        # Not the 60 s of the request that it hangs up on.
        assert time.monotonic() - before < 30
    receiver.may_answer.set()


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_its_url_and_ends_on_sigterm(by: signal.Signals) -> None:
    words = [sys.executable, "-m", "local.simulator", "--port", "0", "--kie-api-key", KEY]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("simulator: listening on http://127.0.0.1:")
        assert httpx.get(f"{line.split()[-1]}/_simulator/tasks").json() == []
        process.send_signal(by)
        assert process.wait(timeout=5) == 0
        assert process.stdout.read() == ""


def test_a_port_in_use_is_reported_in_one_line(simulator: Simulator) -> None:
    port = simulator.url.rpartition(":")[2]
    words = [sys.executable, "-m", "local.simulator", "--port", port, "--kie-api-key", KEY]
    result = subprocess.run(  # noqa: S603
        words, capture_output=True, text=True, timeout=10, check=False
    )
    assert result.returncode == 1
    assert result.stderr == (
        f"simulator: port {port} of 127.0.0.1 is in use; choose another with --port\n"
    )
