"""Field cases about JSON, requests and answers: what each input gave, and what it gives now.

The numbers are those of issue 16. What is more than one value is tested beside its module.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from aws_lambda_powertools import Logger
from ringback.callbacks.signatures import usable_keys
from ringback.catalogue.prices import estimate
from ringback.catalogue.requests import read_request
from ringback.domain.drops import Drop
from ringback.domain.errors import InvalidRequest, NotConfigured, UnknownJob
from ringback.drop_notifications import dropped_objects
from ringback.json_bodies import json_object, parse_json
from ringback.lambda_events import process_batch
from ringback.metrics import Metrics
from ringback.providers.chanjing.tasks import read_task as read_chanjing
from ringback.providers.kie.callback import KieCallbackReader
from ringback.providers.kie.tasks import read_task
from ringback.use_cases.find_jobs import FindJobs

from tests.support.callbacks import recorded
from tests.support.client_keys import client_of
from tests.support.in_memory import InMemoryJobs
from tests.support.job_lists import list_page
from tests.support.jobs import NOON, a_job
from tests.support.model_facts import defaults, smallest

V4, EDIT = "bytedance/seedream-v4-text-to-image", "seedream/4.5-edit"
PRO, CHANJING = "seedream/5-pro-image-to-image", "chanjing/doubao-seedream-4.0"
A, B, C = (f"https://cdn.example/{name}.png" for name in "abc")


class Case(NamedTuple):
    number: int
    given: str
    old: str
    now: Callable[[], Any]
    new: Any


def refusal(model: str, **given: Any) -> str:
    """Return the only message about an input, empty if it is accepted."""
    try:
        read_request({"model": model, "input": smallest(model) | given})
    except InvalidRequest as refused:
        [error] = refused.errors
        return error.message
    return ""


def host(name: str) -> str:
    return refusal(EDIT, image_urls=[f"https://{name}/x"]).partition(": ")[2]


def urls(result: Any) -> tuple[str, ...]:
    return read_task({"taskId": "t", "state": "success", "resultJson": result}).image_urls


def credits(model: str, **given: Any) -> Decimal | None:
    given = smallest(model) | defaults(model) | given
    found = estimate(read_request({"model": model, "input": given}))
    return found.high if found else None


def failed_of(*bodies: str) -> list[str]:
    records = [{"messageId": str(at), "body": body} for at, body in enumerate(bodies)]
    found: list[Drop] = []
    reply = process_batch(
        {"Records": records},
        lambda message: found.extend(dropped_objects(message)),
        Logger(service="field_cases"),
        Metrics({}),
    )
    return [failure["itemIdentifier"] for failure in reply["batchItemFailures"]]


def repeated(body: bytes) -> str:
    with pytest.raises(InvalidRequest) as refused:
        json_object(body)
    [error] = refused.value.errors
    return f"{error.field}: {error.message}"


def page_of_another() -> Any:
    jobs = InMemoryJobs()
    for number in range(3):
        jobs.create(a_job(number=number, client="shop", source="requests/a.csv"))
    query = {"source": "requests/a.csv", "limit": "1"}
    return list_page(jobs, query, client="studio")


def is_too_long() -> str:
    with pytest.raises(InvalidRequest) as refused:
        list_page(InMemoryJobs(), {"source": "x" * 2049}, client="studio")
    return refused.value.errors[0].field


def is_weak() -> str:
    with pytest.raises(NotConfigured) as refused:
        usable_keys("webhook_hmac_keys", ["abc"])
    return str(refused.value)


def half_an_emoji() -> str:
    body = recorded("success").replace(b"a red kite", rb"kite \\\ud83d")
    return KieCallbackReader(keys=lambda: []).read({}, body, now=NOON).report.state


def without_a_name() -> str | None:
    digest = "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683"  # of "key"
    return client_of("Bearer key", {"": digest})


EVENTBRIDGE = json.dumps({"detail-type": "Object Created", "detail": {}})
DEEP, TEST_EVENT = "[" * 990, '{"Event": "s3:TestEvent"}'
INSIDE = "URL has the name of a host inside a network, not a public one"
ONCE = "is given more than once; give it once"

CASES = [
    Case(10, "resultUrls: a text", "no_images", lambda: urls({"resultUrls": A}), (A,)),
    Case(10, "objects", "no_images", lambda: urls({"resultUrls": [{"url": A}]}), (A,)),
    Case(10, "a bare list", "no_images", lambda: urls([A, B]), (A, B)),
    Case(10, "JSON in JSON", "no_images", lambda: urls(json.dumps(json.dumps([A]))), (A,)),
    Case(10, "resultImageUrl", "no_images", lambda: urls({"resultImageUrl": A}), (A,)),
    Case(11, "[a, null, c]", "two images", lambda: urls({"resultUrls": [A, None, C]}), (A, "", C)),
    Case(12, "half an emoji in param", "401", half_an_emoji, "succeeded"),
    Case(
        *(12, "half an emoji in err_msg", "the refusal is unknown"),
        lambda: read_chanjing(parse_json(r'{"unique_id":"t","err_msg":"no \ud83d"}').value).message,
        "no \ufffd",
    ),
    Case(
        *(15, "max_images twice", "six images"),
        lambda: repeated(b'{"input": {"max_images": 1, "max_images": 6}}'),
        f"input.max_images: {ONCE}",
    ),
    Case(18, "4.5 edit", "5 to 6.5", lambda: credits(EDIT), Decimal("6.5")),
    Case(18, "5-pro, 10 images", "7", lambda: credits(PRO, image_urls=[A] * 10), Decimal("11.5")),
    Case(18, "Chanjing", "none", lambda: credits(CHANJING), None),
    Case(19, "blanks", "paid", lambda: refusal(V4, prompt="   "), "must not be blank"),
    Case(19, "zero width", "paid", lambda: refusal(V4, prompt="\u200b"), "must not be blank"),
    Case(
        *(19, "NUL", "paid", lambda: refusal(V4, prompt="a\0b")),
        "must not contain the control character U+0000",
    ),
    Case(23, "source of another", "a cursor with its id", page_of_another, ([], None)),
    Case(25, "{}", "acknowledged", lambda: failed_of("{}"), ["0"]),
    Case(25, "EventBridge", "acknowledged", lambda: failed_of(EVENTBRIDGE), ["0"]),
    Case(
        26,
        "990 levels",
        "the batch fails",
        lambda: failed_of(DEEP, '{"Event": "s3:TestEvent"}'),
        ["0"],
    ),
    Case(
        *(31, "imageSize", "no such field", lambda: refusal(V4, imageSize="x")),
        "unknown field; did you mean image_size?",
    ),
    Case(
        *(32, "a Drive page", "taken"),
        lambda: refusal(EDIT, image_urls=["https://drive.google.com/file/d/1/view"])[:36],
        "is a Google Drive page, not an image",
    ),
    Case(33, "creation_type: 3", "refused", lambda: refusal(CHANJING, creation_type=3), ""),
    Case(33, "max_images: 2.0", "refused", lambda: refusal(V4, max_images=2.0), ""),
    Case(33, "ref_img_url: []", "refused", lambda: refusal(CHANJING, ref_img_url=[]), ""),
    Case(36, "source of 2,049 bytes", "500", is_too_long, "source"),
    Case(36, "a client named ''", "500", without_a_name, None),
    Case(
        37,
        "metadata.google.internal",
        "passed on",
        lambda: host("metadata.google.internal"),
        INSIDE,
    ),
    Case(37, "*.localhost", "passed on", lambda: host("printer.localhost"), INSIDE),
    Case(
        *(38, "a key of three letters", "taken", is_weak),
        "webhook_hmac_keys: each key must be text of at least 16 bytes",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.number}: {case.given}")
def test_a_field_case_has_its_new_result(case: Case) -> None:
    new = case.now()
    assert new == case.new
    assert str(new) != case.old


def test_another_client_s_job_is_still_unknown() -> None:
    jobs = InMemoryJobs()
    jobs.create(a_job(client="shop"))
    with pytest.raises(UnknownJob):
        FindJobs(jobs=jobs).one(a_job().job_id, client="studio")
