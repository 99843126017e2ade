"""Chanjing's own API, as a client written for Chanjing sees it."""

from datetime import timedelta
from typing import Any

import pytest
from ringback.domain.allowances import Allowance
from ringback.domain.errors import KeyInUse, RingbackError, TooManyJobs, TryAgain
from ringback.domain.jobs import CANCELLED, ErrorKind, Job, JobError, JobStatus
from ringback.domain.verdicts import TaskState
from ringback.providers.chanjing.answers import NOTHING_CREATED
from ringback.providers.chanjing.tasks import read_task
from ringback.use_cases.provider_apis import ApiReply

from tests.support.jobs import NOON, a_job, a_job_id, a_stored_image
from tests.support.provider_apis import SHOP_KEY, STUDIO_KEY, ServedApis, link_to

TOKEN = "POST /open/v1/access_token"
SUBMIT = "POST /open/v1/ai_creation/task/submit"
ONE = "GET /open/v1/ai_creation/task"
PAGE = "POST /open/v1/ai_creation/task/page"
STUDIO = {"access_token": STUDIO_KEY}
REQUEST = {
    "model_code": "doubao-seedream-4.0",
    "creation_type": 3,
    "ref_prompt": "a red kite",
    "ref_img_url": ["https://res.example/a.jpg"],
    "aspect_ratio": "9:16",
    "number_of_images": 2,
}
APP = {"app_id": "studio", "secret_key": STUDIO_KEY}
WANTED = {"unique_ids": [], "type": 3, "page": 1, "page_size": 50}


@pytest.fixture
def served() -> ServedApis:
    return ServedApis()


def data_of(reply: ApiReply) -> Any:
    assert (reply.status, reply.body["code"], reply.body["msg"]) == (200, 0, "success")
    return reply.body["data"]


def code_of(reply: ApiReply) -> int:
    assert reply.status == 200
    assert reply.body.keys() == {"trace_id", "code", "msg", "data"}
    assert reply.body["trace_id"] == "8e2c1a50000040008000000000000000"
    assert reply.body["data"] is None
    code: int = reply.body["code"]
    return code


def a_task(
    served: ServedApis, status: JobStatus = JobStatus.SUCCEEDED, *, number: int = 0, **changes: Any
) -> Job:
    job = a_job(status, number=number, **changes)
    given = {"ref_prompt": "a red kite", "aspect_ratio": "9:16", "clarity": 2048}
    model = "chanjing/doubao-seedream-4.0"
    return served.put(job, provider="chanjing", model=model, input=given)


def page_of(served: ServedApis, **wanted: Any) -> dict[str, Any]:
    data: dict[str, Any] = data_of(served(PAGE, WANTED | wanted, headers=STUDIO))
    return data


def ids_in(page: dict[str, Any]) -> list[str]:
    return [task["unique_id"] for task in page["list"]]


# ------------------------------------------------------------------ access_token


def test_a_client_s_name_and_key_give_a_token(served: ServedApis) -> None:
    data = data_of(served(TOKEN, APP))
    assert data["expire_in"] == int((NOON + timedelta(hours=24)).timestamp())
    reply = served(SUBMIT, REQUEST, headers={"access_token": data["access_token"]})
    assert reply.accepted
    assert reply.accepted.client == "studio"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"app_id": "studio"},
        {"secret_key": STUDIO_KEY},
        APP | {"app_id": "shop"},
        APP | {"app_id": None},
        APP | {"secret_key": SHOP_KEY},
        APP | {"secret_key": f"{STUDIO_KEY} "},
        APP | {"secret_key": [STUDIO_KEY]},
        {"app_id": "nobody", "secret_key": "x"},
    ],
)
def test_every_other_pair_gets_the_same_answer(served: ServedApis, given: object) -> None:
    reply = served(TOKEN, given)
    assert code_of(reply) == 40000
    assert reply.body == served(TOKEN, {"app_id": "x", "secret_key": "y"}).body


@pytest.mark.parametrize("header", ["", "rbt_1790086400_x", f"{STUDIO_KEY}x", "\N{SNOWMAN}", " "])
@pytest.mark.parametrize("route", [SUBMIT, ONE, PAGE])
def test_without_a_token_every_route_answers_the_same(
    served: ServedApis, route: str, header: str
) -> None:
    """A client of Chanjing then fetches another token."""
    reply = served(route, b"no", headers={"access_token": header})
    assert code_of(reply) == 10400
    assert reply.body["msg"] == "AccessToken 验证失败"
    assert code_of(served(route, b"no")) == 10400


# ------------------------------------------------------------------ submit


def test_a_task_is_a_job_and_its_id_is_bare(served: ServedApis) -> None:
    hook = "https://hooks.example.net/chanjing"
    reply = served(SUBMIT, REQUEST | {"callback": hook}, headers=STUDIO)
    [job] = served.jobs.by_id.values()
    assert data_of(reply) == job.job_id
    assert (job.client, job.request.provider) == ("studio", "chanjing")
    assert (job.request.call_back_url, job.request.form) == (hook, "chanjing")
    assert job.request.model == "chanjing/doubao-seedream-4.0"
    assert job.request.input == {
        "ref_prompt": "a red kite",
        "ref_img_url": ["https://res.example/a.jpg"],
        "aspect_ratio": "9:16",
        "number_of_images": 2,
        "clarity": 2048,
    }
    assert served.queues.submit == [(job.job_id, 0, None)]


def test_every_wrong_field_is_named_as_the_client_wrote_it(served: ServedApis) -> None:
    wrong = REQUEST | {"ref_prompt": "", "clarity": 1, "creation_type": 4, "seed": 1}
    reply = served(SUBMIT, wrong, headers=STUDIO)
    assert code_of(reply) == 40000
    assert reply.body["msg"].startswith("参数错误: ")
    for field in ("ref_prompt: ", "clarity: ", "creation_type: ", "seed: "):
        assert field in reply.body["msg"]
    assert "input" not in reply.body["msg"]
    assert served.jobs.by_id == {}


@pytest.mark.parametrize("code", [None, 4, "", "doubao-seedream-9", "../bytedance/seedream"])
def test_an_unknown_model_code_is_refused(served: ServedApis, code: object) -> None:
    reply = served(SUBMIT, REQUEST | {"model_code": code}, headers=STUDIO)
    assert code_of(reply) == 40000
    assert "model_code: " in reply.body["msg"]


@pytest.mark.parametrize("body", [b"", b"no", b"[]", b"\xff{}", b"{" * 99, b"[" * 200_000])
def test_a_body_that_is_no_object_is_a_format_error(served: ServedApis, body: bytes) -> None:
    reply = served(SUBMIT, body, headers=STUDIO)
    assert code_of(reply) == 400
    assert reply.body["msg"].startswith("传入参数格式错误: ")


def test_an_idempotency_key_is_honoured(served: ServedApis) -> None:
    keyed = STUDIO | {"idempotency-key": "order-66"}
    first, again = (data_of(served(SUBMIT, REQUEST, headers=keyed)) for _ in range(2))
    assert first == again
    assert code_of(served(SUBMIT, REQUEST | {"clarity": 1024}, headers=keyed)) == 40000


TOO_MANY = TooManyJobs(Allowance(most=2, left=0, seconds=42))


@pytest.mark.parametrize("error", [TryAgain("the queue"), KeyInUse("being recorded"), TOO_MANY])
def test_what_may_be_sent_again_has_the_code_of_the_rate_limit(
    served: ServedApis, monkeypatch: pytest.MonkeyPatch, error: RingbackError
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(served.jobs, "create", fail)
    code = code_of(served(SUBMIT, REQUEST, headers=STUDIO))
    assert (code, code in NOTHING_CREATED) == (40001, True)


# ------------------------------------------------------------------ one task


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (JobStatus.ACCEPTED, "Queued"),
        (JobStatus.SUBMITTING, "Ready"),
        (JobStatus.RUNNING, "Generating"),
        (JobStatus.ARCHIVING, "Generating"),
        (JobStatus.SUCCEEDED, "Success"),
        (JobStatus.FAILED, "Error"),
        (JobStatus.EXPIRED, "Error"),
        (JobStatus.ARCHIVE_FAILED, "Error"),
        (JobStatus.CANCELLED, "Error"),
    ],
)
def test_every_state_has_a_word_of_chanjing(
    served: ServedApis, status: JobStatus, word: str
) -> None:
    job = a_task(served, status, images=(a_stored_image(),))
    task = data_of(served(ONE, headers=STUDIO, query={"unique_id": job.job_id}))
    assert task["progress_desc"] == word
    assert bool(task["output_url"]) == (word == "Success")


def test_a_task_has_the_documented_fields_and_links_to_our_copies(served: ServedApis) -> None:
    images = (a_stored_image(1), a_stored_image(2))
    job = a_task(served, images=images)
    task = data_of(served(ONE, headers=STUDIO, query={"unique_id": job.job_id}))
    assert task == {
        "unique_id": job.job_id,
        "create_time": int(NOON.timestamp()),
        "number_ai_creation": 1,
        "type": 3,
        "progress_desc": "Success",
        "err_msg": "",
        "aspect_ratio": "9:16",
        "output_url": [link_to(image.key) for image in images],
        "photo_info": {
            "ref_img_url": [],
            "ref_prompt": "a red kite",
            "clarity": 2048,
            "aspect_ratio": "9:16",
            "quality_mode": "",
            "number_of_images": 1,
        },
        "ref_img_url": [],
        "model_code": "doubao-seedream-4.0",
        "model_name": "",
    }
    report = read_task(task)  # our own client was written for Chanjing's answers
    assert (report.state, report.image_urls) == (TaskState.SUCCEEDED, tuple(task["output_url"]))


def test_a_task_of_a_model_without_clarity_has_none(served: ServedApis) -> None:
    job = served.put(a_job(), provider="chanjing", model="chanjing/wan2.2-t2i", input={})
    info = data_of(served(ONE, headers=STUDIO, query={"unique_id": job.job_id}))["photo_info"]
    assert (info["clarity"], info["ref_prompt"], info["number_of_images"]) == (0, "", 1)


def test_a_failed_task_says_why(served: ServedApis) -> None:
    error = JobError(kind=ErrorKind.GENERATION_FAILED, message="生成失败")
    job = a_task(served, JobStatus.FAILED, error=error)
    task = data_of(served(ONE, headers=STUDIO, query={"unique_id": job.job_id}))
    assert (task["progress_desc"], task["err_msg"]) == ("Error", "生成失败")


def test_a_cancelled_task_says_so(served: ServedApis) -> None:
    job = a_task(served, JobStatus.CANCELLED)
    task = data_of(served(ONE, headers=STUDIO, query={"unique_id": job.job_id}))
    assert (task["progress_desc"], task["err_msg"]) == ("Error", CANCELLED)


def test_a_job_of_another_client_or_provider_is_an_unknown_task(served: ServedApis) -> None:
    other = a_task(served, number=1, client="shop")
    kie = served.put(a_job(number=2))
    unknown = served(ONE, headers=STUDIO, query={"unique_id": a_job_id(77)})
    assert code_of(unknown) == 40000
    for task_id in (other.job_id, kie.job_id, "", "x" * 5000, "token#chanjing"):
        assert served(ONE, headers=STUDIO, query={"unique_id": task_id}) == unknown
    assert served(ONE, headers=STUDIO) == unknown
    found = served(ONE, headers={"access_token": SHOP_KEY}, query={"unique_id": other.job_id})
    assert data_of(found)["unique_id"] == other.job_id


# ------------------------------------------------------------------ pages


def test_a_page_has_the_client_s_own_tasks_among_the_ids(served: ServedApis) -> None:
    own = [a_task(served, number=n).job_id for n in range(3)]
    other, kie = a_task(served, number=3, client="shop").job_id, a_job(number=4)
    served.put(kie)
    ids = [own[2], other, "nobody", kie.job_id, own[0], own[2]]
    page = page_of(served, unique_ids=ids)
    assert ids_in(page) == [own[2], own[0]]
    assert page["page_info"] == {"page": 1, "size": 50, "total_count": 2, "total_page": 1}
    assert page["total"] == 2
    second = page_of(served, unique_ids=[*ids, own[1]], page=2, page_size=1)
    assert ids_in(second) == [own[0]]
    first = page_of(served, unique_ids=[*ids, own[1]], page=1, page_size=1)
    assert first["page_info"] == {"page": 1, "size": 1, "total_count": 3, "total_page": 3}


def test_a_page_without_ids_lists_the_newest_and_tells_of_more(served: ServedApis) -> None:
    own = [a_task(served, number=n).job_id for n in range(5)]
    served.put(a_job(number=9))
    a_task(served, number=10, client="shop")
    pages = [page_of(served, page=n, page_size=2) for n in (1, 2, 3, 4)]
    assert [ids_in(page) for page in pages] == [[own[4], own[3]], [own[2], own[1]], [own[0]], []]
    assert [page["page_info"]["total_count"] for page in pages] == [3, 5, 5, 5]
    assert [page["page_info"]["total_page"] for page in pages] == [2, 3, 3, 3]


def test_a_list_goes_back_a_thousand_jobs(served: ServedApis) -> None:
    a_task(served, number=0)
    for number in range(1, 1001):
        served.put(a_job(number=number))
    assert ids_in(page_of(served)) == []


def test_a_page_may_have_successes_only(served: ServedApis) -> None:
    done = a_task(served, number=1).job_id
    a_task(served, JobStatus.RUNNING, number=2)
    assert ids_in(page_of(served, is_success=True)) == [done]
    assert len(ids_in(page_of(served, is_success=False))) == 2
    assert len(ids_in(page_of(served))) == 2


def test_a_page_may_be_of_fifty_ids(served: ServedApis) -> None:
    own = a_task(served).job_id
    assert ids_in(page_of(served, unique_ids=[*["a"] * 49, own])) == [own]


def test_there_are_no_videos(served: ServedApis) -> None:
    a_task(served)
    assert ids_in(page_of(served, type=4)) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("unique_ids", "a"),
        ("unique_ids", [1]),
        ("unique_ids", ["a"] * 51),
        ("type", 5),
        ("type", None),
        ("type", []),
        ("page", 0),
        ("page", "1"),
        ("page", True),
        ("page", 1001),
        ("page_size", 51),
        ("page_size", None),
        ("is_success", 1),
    ],
)
def test_a_page_that_is_not_as_documented_is_refused(
    served: ServedApis, field: str, value: object
) -> None:
    reply = served(PAGE, WANTED | {field: value}, headers=STUDIO)
    assert code_of(reply) == 40000
    assert f"参数错误: {field}: " in reply.body["msg"]
