"""The simulator's receivers of webhooks, tested over HTTP."""

import socket
from collections.abc import Iterator
from threading import Thread

import httpx
import pytest
from ringback.domain.clock import utc_now
from ringback.outbound.guarded_http import GuardedHttp
from ringback.outbound.webhook_sender import SendWebhook

from local.simulator.receivers import BEHAVIOURS
from local.simulator.settings import Settings
from local.simulator.simulator import Simulator
from tests.contract.test_simulator_kie import NO_TLS
from tests.support.webhooks import a_webhook


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(Settings(kie_api_key="k")) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def client(simulator: Simulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=simulator.url, verify=NO_TLS, trust_env=False) as client:
        yield client


def post(client: httpx.Client, path: str, times: int = 1) -> list[int]:
    return [client.post(path, content=b"{}").status_code for _ in range(times)]


def test_each_behaviour_is_explained(client: httpx.Client) -> None:
    assert client.get("/_simulator/receivers").json().keys() == BEHAVIOURS.keys()


@pytest.mark.parametrize(
    ("path", "statuses"),
    [
        ("/receivers/ok", [200, 200]),
        ("/receivers/fail-2/a", [500, 500, 200, 200]),
        ("/receivers/gone/a", [410, 410]),
        ("/receivers/busy-7/a", [429, 200]),
        ("/receivers/redirect/a", [302]),
        ("/receivers/slow-0/a", [200]),
        ("/receivers/unknown", [404]),
        ("/receivers/OK", [404]),
    ],
)
def test_a_receiver_behaves_as_its_path_says(
    client: httpx.Client, path: str, statuses: list[int]
) -> None:
    assert post(client, path, len(statuses)) == statuses


def test_over_tls_a_receiver_has_a_certificate_that_nobody_vouches_for(
    client: httpx.Client, simulator: Simulator
) -> None:
    """Nothing is sent to it: the webhook has the job's data."""
    port, path = int(simulator.url.rpartition(":")[2]), "/receivers/ok/encrypted"

    def to_the_simulator(_address: str, _port: int, timeout: float) -> socket.socket:
        return socket.create_connection(("127.0.0.1", port), timeout)

    http = GuardedHttp(resolve=lambda _host, _port: ["93.184.216.34"], connect=to_the_simulator)
    send = SendWebhook(http=http, headers_of=lambda _webhook, _at: {}, now=utc_now)
    tried = send(a_webhook(f"https://studio.example{path}"))
    assert (tried.status, tried.timed_out) == (None, False)
    assert tried.error.endswith("SSLCertVerificationError")
    assert client.get("/_simulator/webhooks", params={"path": path}).json() == []
    # A client that looks away is served.
    url = f"https://127.0.0.1:{port}{path}"
    assert httpx.post(url, verify=False, trust_env=False).status_code == 200  # noqa: S501
    assert len(client.get("/_simulator/webhooks", params={"path": path}).json()) == 1


def test_each_path_counts_by_itself(client: httpx.Client) -> None:
    assert post(client, "/receivers/fail-1/one", 2) == [500, 200]
    assert post(client, "/receivers/fail-1/two", 2) == [500, 200]


def test_a_busy_receiver_says_when_to_come_back(client: httpx.Client) -> None:
    assert client.post("/receivers/busy-7/b").headers["retry-after"] == "7"


def test_what_arrives_is_listed(client: httpx.Client) -> None:
    client.post("/receivers/ok/listed", content='{"a": "ü"}', headers={"webhook-id": "msg_1"})
    [one] = client.get("/_simulator/webhooks", params={"path": "/receivers/ok/listed"}).json()
    assert (one["body"], one["headers"]["webhook-id"], one["status"]) == (
        '{"a": "ü"}',
        "msg_1",
        200,
    )
    assert len(client.get("/_simulator/webhooks").json()) > 1


def test_who_asks_for_more_is_answered_when_it_has_come(
    client: httpx.Client, simulator: Simulator
) -> None:
    path, answers = "/receivers/ok/awaited", list[int]()

    def ask() -> None:
        url = f"{simulator.url}/_simulator/webhooks?path={path}&count=2"
        answers.append(len(httpx.get(url, verify=NO_TLS, trust_env=False, timeout=20).json()))

    asking = Thread(target=ask)
    asking.start()
    post(client, path)
    assert answers == []
    post(client, path)
    asking.join(20)
    assert answers == [2]


def test_stopping_ends_the_wait_of_a_receiver_that_hangs() -> None:
    simulator = Simulator(Settings(kie_api_key="k")).start()
    failed = list[type[Exception]]()

    def hang() -> None:
        try:
            httpx.post(
                f"{simulator.url}/receivers/hang", verify=NO_TLS, trust_env=False, timeout=20
            )
        except httpx.TransportError as error:
            failed.append(type(error))

    hanging = Thread(target=hang)
    hanging.start()
    url = f"{simulator.url}/_simulator/webhooks?count=1"
    assert len(httpx.get(url, verify=NO_TLS, trust_env=False).json()) == 1
    simulator.stop()
    hanging.join(10)
    assert failed == [httpx.RemoteProtocolError]
