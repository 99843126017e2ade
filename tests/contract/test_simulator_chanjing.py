"""The simulated Chanjing, tested over HTTP: as documented, including its traps."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread
from typing import Any

import httpx
import pytest
from PIL import Image

from local.simulator.settings import Settings
from local.simulator.simulator import Simulator
from local.waiting import wait_for

APP = {"app_id": "app", "secret_key": "secret"}
BODY = {
    "model_code": "doubao-seedream-4.0",
    "creation_type": 3,
    "ref_prompt": "a red kite",
    "aspect_ratio": "9:16",
    "clarity": 1024,
}
SECONDS = 120


class Clock:
    now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def simulator(clock: Clock) -> Iterator[Simulator]:
    settings = Settings(
        kie_api_key="k",
        chanjing_app_id=APP["app_id"],
        chanjing_secret_key=APP["secret_key"],
        chanjing_create_limit=3,
        generate_seconds=0.01,
        callback_retry_seconds=(),
    )
    with Simulator(settings, clock=clock) as simulator:
        yield simulator


class Client:
    """A client of one of the hosts with one token."""

    def __init__(self, simulator: Simulator, *, host: str = "/open-api") -> None:
        self.url, self.token = simulator.url + host, ""

    def call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        headers = {"access_token": self.token}
        known: dict[str, Any] = {"headers": headers, "trust_env": False, "timeout": SECONDS}
        response = httpx.request(method, self.url + path, **known, **arguments)
        assert response.status_code == 200
        answer: dict[str, Any] = response.json()
        assert answer.keys() == {"trace_id", "code", "msg", "data"}
        return answer

    def log_in(self) -> dict[str, Any]:
        data: dict[str, Any] = self.call("POST", "/open/v1/access_token", json=APP)["data"]
        self.token = data["access_token"]
        return data

    def submit(self, **changes: Any) -> dict[str, Any]:
        return self.call("POST", "/open/v1/ai_creation/task/submit", json=BODY | changes)

    def create_with(self, prompt: str, **changes: Any) -> dict[str, Any]:
        return self.submit(ref_prompt=f"a kite [simulate: {prompt}]", **changes)

    def one(self, task_id: str) -> dict[str, Any]:
        return self.call("GET", "/open/v1/ai_creation/task", params={"unique_id": task_id})

    def page(self, *ids: str, **changes: Any) -> dict[str, Any]:
        wanted = {"unique_ids": [*ids], "type": 3, "page": 1, "page_size": 50} | changes
        return self.call("POST", "/open/v1/ai_creation/task/page", json=wanted)

    def finished(self, task_id: str) -> dict[str, Any]:
        def observe() -> dict[str, Any]:
            task: dict[str, Any] = self.one(task_id)["data"]
            return task

        ends = ("success", "error", "fail")
        return wait_for(
            observe,
            lambda task: task["progress_desc"].lower() in ends,
            what="the task to end",
            pause=0.01,
        )


@pytest.fixture
def client(simulator: Simulator) -> Client:
    client = Client(simulator)
    client.log_in()
    return client


def tasks(simulator: Simulator) -> list[dict[str, Any]]:
    found = httpx.get(f"{simulator.url}/_simulator/tasks", trust_env=False).json()
    return [task for task in found if task["provider"] == "chanjing"]


def test_a_task_is_created_and_its_images_can_be_downloaded(client: Client) -> None:
    task = client.finished(client.submit(number_of_images=2)["data"])
    assert len(task["output_url"]) == 2
    assert (task["type"], task["model_code"]) == (3, "doubao-seedream-4.0")
    for url in task["output_url"]:
        # The CDN refuses the default User-Agents of libraries.
        image = httpx.get(url, headers={"user-agent": "Ringback"}, trust_env=False)
        picture = Image.open(BytesIO(image.content))
        assert picture.size == (576, 1024)


@pytest.mark.parametrize("host", ["", "/www", "/open-api"])
def test_both_hosts_are_served(simulator: Simulator, client: Client, host: str) -> None:
    task_id = client.submit()["data"]
    other = Client(simulator, host=host)
    other.token = client.token
    assert other.one(task_id)["data"]["unique_id"] == task_id


def test_a_new_token_invalidates_the_previous_one(simulator: Simulator, client: Client) -> None:
    other = Client(simulator)
    other.log_in()
    assert client.submit()["code"] == 10400
    assert other.submit()["code"] == 0
    issued = httpx.get(f"{simulator.url}/_simulator/tokens", trust_env=False).json()
    assert issued == {"issued": 2}


def test_a_token_expires(client: Client, clock: Clock) -> None:
    assert client.log_in()["expire_in"] == int(clock.now) + 86_400
    clock.now += 86_399
    assert client.submit()["code"] == 0
    clock.now += 1
    assert client.submit()["code"] == 10400


@pytest.mark.parametrize("token", ["", "guessed"])
def test_requests_without_a_token_are_refused(client: Client, token: str) -> None:
    task_id = client.submit()["data"]
    client.token = token
    assert client.one(task_id)["code"] == client.page(task_id)["code"] == 10400


@pytest.mark.parametrize("app", [{}, {"app_id": "app"}, APP | {"secret_key": "x"}])
def test_wrong_credentials_get_no_token(client: Client, app: dict[str, str]) -> None:
    assert client.call("POST", "/open/v1/access_token", json=app)["code"] == 40000
    assert client.submit()["code"] == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"model_code": "seedream"},
        {"creation_type": 4},
        {"creation_type": "3"},
        {"ref_prompt": " "},
        {"aspect_ratio": "21:9"},
        {"clarity": 512},
        {"clarity": "1024"},
        {"number_of_images": 5},
        {"number_of_images": 0},
        {"ref_img_url": "https://a.example/"},
        {"seed": 1},
        {"quality_mode": "std"},
        {"model_code": "doubao-seedream-4.5"},  # its minimum clarity is 2048
        {"model_code": "kling-v2", "ref_img_url": ["https://a.example/"] * 2},
        {"model_code": "kling-v2-1", "ref_img_url": ["https://a.example/"]},
        {"model_code": "wan2.2-t2i"},  # it has no clarity
    ],
    ids=json.dumps,
)
def test_an_invalid_field_is_refused(
    simulator: Simulator, client: Client, changes: dict[str, Any]
) -> None:
    assert client.submit(**changes)["code"] == 40000
    assert tasks(simulator) == []


def test_a_body_that_is_not_json_is_malformed(client: Client) -> None:
    path = "/open/v1/ai_creation/task/submit"
    assert client.call("POST", path, content=b"{")["code"] == 400


def test_nothing_is_created_over_the_limit(simulator: Simulator, client: Client) -> None:
    codes = [client.submit()["code"] for _ in range(5)]
    assert codes == [0, 0, 0, 40001, 40001]
    assert len(tasks(simulator)) == 3


def test_states_come_in_varying_case(client: Client) -> None:
    task_id = client.submit()["data"]
    client.finished(task_id)
    words = {client.one(task_id)["data"]["progress_desc"] for _ in range(6)}
    assert words == {"Success", "success", "SUCCESS"}


def test_a_page_has_many_tasks_in_its_own_order(client: Client) -> None:
    ids = [client.submit()["data"] for _ in range(3)]
    data = client.page(*reversed(ids), "unknown")["data"]
    assert [task["unique_id"] for task in data["list"]] == sorted(ids)
    assert data["page_info"]["total_count"] == 3
    rest = client.page(*ids, page=2, page_size=2)["data"]["list"]
    assert [task["unique_id"] for task in rest] == sorted(ids)[2:]


@pytest.mark.parametrize(
    "changes",
    [{"unique_ids": []}, {"unique_ids": ["x"] * 51}, {"page_size": 51}, {"type": 4}, {"page": 0}],
    ids=str,
)
def test_a_page_has_limits(client: Client, changes: dict[str, Any]) -> None:
    assert client.page("x", **changes)["code"] == 40000


def test_kie_s_tasks_are_not_chanjing_s(simulator: Simulator, client: Client) -> None:
    body = {
        "model": "bytedance/seedream-v4-text-to-image",
        "callBackUrl": "https://hooks.example/1",
        "input": {"prompt": "x"},
    }
    made = httpx.post(
        f"{simulator.url}/api/v1/jobs/createTask",
        json=body,
        headers={"authorization": "Bearer k", "user-agent": "Ringback"},
        trust_env=False,
    ).json()["data"]["taskId"]
    assert client.one(made)["code"] == 40000


# ------------------------------------------------------------------ faults


def test_error_50000_occurs_before_or_after_the_task_was_created(
    simulator: Simulator, client: Client
) -> None:
    assert client.create_with("error_500_before")["code"] == 50000
    assert tasks(simulator) == []
    assert client.create_with("error_500_after")["code"] == 50000
    assert len(tasks(simulator)) == 1


def test_an_invalidated_token_is_refused_once(client: Client) -> None:
    assert client.create_with("token_killed")["code"] == 10400
    client.log_in()
    assert client.create_with("token_killed")["code"] == 0


def test_a_failed_generation_has_a_message(client: Client) -> None:
    task = client.finished(client.create_with("fail")["data"])
    assert task["err_msg"]
    assert not task["output_url"]


@pytest.mark.parametrize("fault", ["callback_bare", "callback_envelope"])
def test_callbacks_come_in_either_shape_and_only_on_request(
    simulator: Simulator, client: Client, fault: str
) -> None:
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/callbacks"
        client.finished(client.submit(callback=url)["data"])
        task_id = client.create_with(fault, callback=url)["data"]
        wait_for(lambda: len(received), bool, what="the callback", pause=0.01)
        server.shutdown()
        thread.join()
    [body] = received
    task = body["data"] if fault == "callback_envelope" else body
    assert task["unique_id"] == task_id
    by_id = {task["id"]: task for task in tasks(simulator)}
    assert [call["status"] for call in by_id[task_id]["callbacks"]] == [200]


@pytest.mark.parametrize("fault", ["no_credits", "key_capped"])
def test_an_account_without_credits_still_gets_tokens(simulator: Simulator, fault: str) -> None:
    url = f"{simulator.url}/_simulator/faults"
    httpx.post(url, json={"fault": fault}, trust_env=False)
    client = Client(simulator)
    client.log_in()
    assert (client.submit()["code"], client.submit()["msg"]) == (40000, "余额不足")
    httpx.delete(url, trust_env=False)
    assert client.submit()["code"] == 0


def test_refused_credentials_get_no_token_and_end_the_one_there_is(simulator: Simulator) -> None:
    url = f"{simulator.url}/_simulator/faults"
    client = Client(simulator)
    client.log_in()
    httpx.post(url, json={"fault": "key_refused"}, trust_env=False)
    assert client.submit()["code"] == 10400
    assert client.call("POST", "/open/v1/access_token", json=APP)["code"] == 40000
    httpx.delete(url, trust_env=False)
    client.log_in()
    assert client.submit()["code"] == 0
