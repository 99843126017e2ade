"""What is kept of the answer that decided a job, and what is taken out of it."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.callbacks.tokens import make_token
from ringback.providers.kept_answers import MAX_KEPT_BYTES, kept

from tests.support.callbacks import recorded
from tests.support.jobs import a_job_id

TOKEN = make_token(b"x" * 32, "kie", a_job_id())
URL = f"https://hooks.example:8443/stage/callbacks/kie/{a_job_id()}/{TOKEN}"
PHP = URL.replace("/", "\\/")


def test_an_answer_is_kept_as_it_came() -> None:
    answer = json.loads(recorded("success"))
    assert json.loads(kept(answer)) == answer


SPELLINGS: list[Any] = [
    URL,
    {"callBackUrl": URL, "model": "m"},
    [f"calls {URL} twice: {URL}"],
    json.dumps({"callBackUrl": URL}),
    f'{{"callBackUrl":"{PHP}"}}',
    json.dumps({"param": f'{{"callBackUrl":"{PHP}"}}'}),
    json.dumps({"callBackUrl": URL}).replace("/", "\\u002f"),
    f"https://relay.example/?to={quote(URL, safe='')}",
    f"/callbacks/kie/{a_job_id()}/{TOKEN}",
]


@pytest.mark.parametrize("value", SPELLINGS)
def test_our_callback_url_is_taken_out(value: Any) -> None:
    answer = {"code": 200, "data": {"param": value, "resultUrls": ["https://cdn.example/1.png"]}}
    text = kept(answer)
    assert TOKEN not in text
    assert "hooks.example" not in text
    assert "[callback URL]" in text
    assert "https://cdn.example/1.png" in text
    assert json.loads(text)["code"] == 200


@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize(("equals", "ampersand"), [("=", "&"), (r"\u003d", r"\u0026")])
def test_signatures_of_links_to_input_images_are_taken_out(
    depth: int, equals: str, ampersand: str
) -> None:
    secrets = {
        "X-Amz-Credential": "AKIA%2F2026",
        "X-Amz-Signature": "c0ffee",
        "X-Amz-Security-Token": "t0%2Fken",
    }
    query = ampersand.join(f"{name}{equals}{value}" for name, value in secrets.items())
    value: Any = f"https://drops.example/fox.png?{query}{ampersand}x{equals}1"
    for _ in range(depth):
        value = json.dumps({"input": {"image_urls": [value]}})
    text = kept({"param": value, "taskId": "t1"})
    assert all(secret not in text for secret in secrets.values())
    assert json.loads(text)["taskId"] == "t1"
    assert "https://drops.example/fox.png" in text


@given(st.integers(0, 4), st.text(max_size=20), st.text(max_size=20))
def test_at_any_depth_of_json(depth: int, before: str, after: str) -> None:
    value: Any = {before: f"{before} {URL}", "after": after}
    for _ in range(depth):
        value = {"x": json.dumps(value)}
    assert TOKEN not in kept(value)


def test_an_answer_is_bounded() -> None:
    text = kept({"msg": "\N{SNOWMAN}" * MAX_KEPT_BYTES})
    assert MAX_KEPT_BYTES - 3 <= len(text.encode()) <= MAX_KEPT_BYTES
    assert kept({"half": "\ud83d"}) == '{"half":"?"}'
