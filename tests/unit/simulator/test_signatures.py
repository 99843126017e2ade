import pytest

from local.simulator.kie.signatures import sign, signature_headers

KEY = "unit-test-webhook-key"
TASK = "0123456789abcdef0123456789abcdef"
NOW = 1790000000.9
GOOD = "0sOKEuIpvRXdwCFp1hHj8WRKlz4MTWRw8j7Nsm4f4vM="


@pytest.mark.parametrize(
    ("task_id", "signature"),
    [
        (TASK, GOOD),
        ("task_seedream_1790000000001", "w5uh9K2hJPBUxmS1RkCDPTuF/C3QYIaT94lSUxaXgfY="),
    ],
)
def test_the_published_vectors(task_id: str, signature: str) -> None:
    assert sign(task_id, 1790000000, KEY) == signature


def test_a_good_signature_is_current() -> None:
    word, headers = signature_headers(TASK, now=NOW, key=KEY, faults={})
    assert word == "good"
    assert headers == {"X-Webhook-Timestamp": "1790000000", "X-Webhook-Signature": GOOD}


def test_a_stale_signature_is_six_minutes_old() -> None:
    word, headers = signature_headers(TASK, now=NOW, key=KEY, faults={"stale_signature": 1})
    assert (word, headers["X-Webhook-Timestamp"]) == ("stale", "1789999640")
    assert headers["X-Webhook-Signature"] == sign(TASK, 1789999640, KEY)


def test_a_wrong_signature_uses_another_key() -> None:
    word, headers = signature_headers(TASK, now=NOW, key=KEY, faults={"wrong_signature": 1})
    assert (word, headers["X-Webhook-Timestamp"]) == ("wrong", "1790000000")
    assert headers["X-Webhook-Signature"] != GOOD


@pytest.mark.parametrize(("key", "faults"), [("", {}), (KEY, {"unsigned": 1.0})])
def test_unsigned_callbacks_have_no_headers(key: str, faults: dict[str, float]) -> None:
    assert signature_headers(TASK, now=NOW, key=key, faults=faults) == ("none", {})
