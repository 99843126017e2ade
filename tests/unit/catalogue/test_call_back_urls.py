"""``callBackUrl`` in requests, recipes and sheets."""

import json
from typing import Any

import pytest
from ringback.catalogue.call_back_urls import MAX_CALL_BACK_LENGTH, CallBacks
from ringback.catalogue.field_kinds import field_kinds
from ringback.catalogue.requests import read_request
from ringback.domain.drops import Drop
from ringback.domain.errors import InvalidRequest
from ringback.sheets.recipes import photo_row
from ringback.sheets.rows import read_sheet

from tests.support.guarded_urls import URLS
from tests.support.jobs import MODEL
from tests.support.sheets import layout_of, parts

URL = "https://studio.example/hooks?order=66"
SENT = {"model": MODEL, "input": {"prompt": "a kite"}, "callBackUrl": URL}
PLAIN = frozenset({"127.0.0.1:4567"})
# The others are refused when their names are looked up.
REFUSED = [url for url, seen, reason in URLS if seen is None and reason.startswith("URL")]


def refusals(sent: dict[str, Any], **options: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as refused:
        read_request(sent, **options)
    return {error.field: error.message for error in refused.value.errors}


def test_the_url_is_a_part_of_the_request() -> None:
    request = read_request(SENT)
    assert request.call_back_url == URL
    assert request.sent == SENT
    assert read_request({**SENT, "callBackUrl": URL.upper()[:8] + URL[8:]}).sent != request.sent
    del (without := dict(SENT))["callBackUrl"]
    assert read_request(without).call_back_url is None


@pytest.mark.parametrize(
    "url",
    [
        "http://studio.example/hooks",
        "https://127.0.0.1/hooks",
        "https://169.254.169.254/latest",
        "https://[::1]/hooks",
        "https://localhost/hooks",
        "https://studio.internal/hooks",
        "https://user:secret@studio.example/hooks",
        "https://studio.example:8443/hooks",
        "https://größe.example/hooks",
        "ftp://studio.example/hooks",
        "studio.example/hooks",
        "",
    ],
)
def test_a_url_that_is_never_called_is_refused(url: str) -> None:
    assert refusals({**SENT, "callBackUrl": url})["callBackUrl"].startswith(
        "must be a public, percent-encoded https:// URL: "
    )


@pytest.mark.parametrize("url", REFUSED)
def test_what_the_guard_refuses_by_the_url_alone_is_refused_at_once(url: str) -> None:
    assert refusals({**SENT, "callBackUrl": url}).keys() == {"callBackUrl"}


@pytest.mark.parametrize("url", [None, 7, True, [URL], {"url": URL}])
def test_the_url_is_text(url: Any) -> None:
    assert "must be text" in refusals({**SENT, "callBackUrl": url})["callBackUrl"]


def test_the_url_has_a_maximum_length() -> None:
    longest = URL + "x" * (MAX_CALL_BACK_LENGTH - len(URL))
    assert read_request({**SENT, "callBackUrl": longest})
    assert "at most 2048" in refusals({**SENT, "callBackUrl": longest + "x"})["callBackUrl"]


def test_a_simulator_on_this_machine_may_be_called_where_it_is_listed() -> None:
    sent = {**SENT, "callBackUrl": "http://127.0.0.1:4567/receivers/ok"}
    assert "callBackUrl" in refusals(sent)
    call_backs = CallBacks(plain_http_hosts=PLAIN)
    assert read_request(sent, call_backs=call_backs).call_back_url == sent["callBackUrl"]
    others = {**SENT, "callBackUrl": "http://127.0.0.1:4566/receivers/ok"}
    assert "callBackUrl" in refusals(others, call_backs=call_backs)


def test_a_client_without_a_secret_is_told_with_all_other_faults() -> None:
    call_backs = CallBacks(why_not=lambda: "no secret")
    sent = {"model": MODEL, "input": {}, "callBackUrl": URL}
    assert refusals(sent, call_backs=call_backs) == {
        "callBackUrl": "no secret",
        "input.prompt": "required",
    }


def test_a_secret_matters_only_to_requests_with_a_url() -> None:
    def ask() -> str:
        raise AssertionError("asked")

    call_backs = CallBacks(why_not=ask)
    assert read_request({"model": MODEL, "input": {"prompt": "x"}}, call_backs=call_backs)
    assert refusals({**SENT, "callBackUrl": "http://x"}, call_backs=call_backs)


def test_a_sheet_has_a_column_for_it() -> None:
    sheet = f"model,input.prompt,callBackUrl\n{MODEL},a kite, {URL} \n{MODEL},a sea,\n".encode()
    layout = layout_of(sheet)
    rows = read_sheet(parts(sheet[layout.start :]), layout, kinds=field_kinds, start=layout.start)
    with_url, without = [json.loads(row.request) for row in rows]
    assert with_url == SENT
    assert without == {"model": MODEL, "input": {"prompt": "a sea"}}


def test_a_recipe_may_say_where_to_call_back() -> None:
    drop = Drop(bucket="drops", key="recipes/fox/1.jpg", version="v1")
    recipe = {"model": "bytedance/seedream-v4-edit", "input": {"prompt": "x"}, "callBackUrl": URL}
    row = photo_row(drop, json.dumps(recipe).encode(), {}, end=1)
    request = read_request(json.loads(row.request), find_image=lambda url: (url, "v1"))
    assert request.call_back_url == URL
