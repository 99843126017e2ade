"""The client of Chanjing with recorded responses and broken connections."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ringback.domain.accounts import PauseReason
from ringback.domain.errors import (
    CredentialsRefused,
    MalformedCallback,
    NotConfigured,
    ProviderUnavailable,
)
from ringback.domain.jobs import Job, JobStatus, ProviderTaskId
from ringback.domain.verdicts import (
    OutcomeUnknown,
    TaskCreated,
    TaskRefused,
    TaskReport,
    TaskState,
)
from ringback.providers.chanjing.access_tokens import LEASE, MAX_WAIT
from ringback.providers.chanjing.client import ChanjingClient
from ringback.providers.chanjing.provider import PROVIDER

from tests.support.callbacks import body_files, expected_of
from tests.support.chanjing import PAGE_PATH, SUBMIT_PATH, TOKEN_PATH, Chanjing, a_page, envelope
from tests.support.jobs import NOON, a_job, a_request
from tests.support.template import ROOT

BODIES = ROOT / "events" / "providers" / "chanjing"
CALLBACK_URL = "https://hooks.example.net/callbacks/chanjing/job_1/token"
TASK = ProviderTaskId("a60747d7-dc05-4afc-b2ef-ee4370ed53c6")
OTHER = ProviderTaskId("0c1d0c0e-5a3e-4a52-9d1c-5f2c6b7a8d90")
INPUT = {"ref_prompt": "a kite", "aspect_ratio": "1:1", "clarity": 2048, "number_of_images": 1}


def bodies(folder: str) -> pytest.MarkDecorator:
    files = body_files(BODIES / folder)
    return pytest.mark.parametrize("body_file", files, ids=lambda path: path.stem)


def recorded(body_file: Path) -> httpx.Response:
    return httpx.Response(
        expected_of(body_file)["http_status"],
        content=body_file.read_bytes(),
        headers={"location": "https://elsewhere.example/"},
    )


def a_chanjing_job(status: JobStatus = JobStatus.SUBMITTING, **changes: Any) -> Job:
    request = replace(
        a_request(), model="chanjing/doubao-seedream-4.0", provider="chanjing", input=INPUT
    )
    return a_job(status, request=request, submitted_at=NOON, **changes)


def submit(chanjing: Chanjing) -> Any:
    return chanjing.client().create_task(a_chanjing_job(), CALLBACK_URL)


def plain(report: TaskReport) -> dict[str, Any]:
    kept = ("task_id", "state", "message", "model")
    created = report.created_at
    return {
        **{name: value for name, value in asdict(report).items() if name in kept},
        "image_urls": list(report.image_urls),
        "created_at": int(created.timestamp()) if created else None,
    }


# ------------------------------------------------------------------ task/submit


@bodies("submit")
def test_submit_responses_have_their_expected_outcome(body_file: Path) -> None:
    chanjing, expected = Chanjing([recorded(body_file)]), expected_of(body_file)
    submission = submit(chanjing)
    if "created" in expected:
        assert submission == TaskCreated(task_id=ProviderTaskId(expected["created"]))
    elif "refused" in expected:
        assert submission == TaskRefused(**expected["refused"])
    else:
        assert isinstance(submission, OutcomeUnknown)
        assert submission.reason
        assert submission.task_id == expected.get("task_id")
        assert submission.account == expected.get("account")
    assert len(chanjing.at(SUBMIT_PATH)) == 1
    assert {request.url.host for request in chanjing.received} == {"chanjing.example"}


def test_submit_sends_the_input_and_constant_fields() -> None:
    chanjing = Chanjing([envelope(TASK)])
    submit(chanjing)
    assert chanjing.body(SUBMIT_PATH) == {
        **INPUT,
        "model_code": "doubao-seedream-4.0",
        "creation_type": 3,
        "callback": CALLBACK_URL,
    }
    [request] = chanjing.at(SUBMIT_PATH)
    assert request.headers["access_token"] == "token-1"
    assert "authorization" not in request.headers
    assert chanjing.body(TOKEN_PATH) == {"app_id": "app", "secret_key": "secret"}


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout])
def test_a_failed_connection_proves_nothing_was_created(error: type[httpx.TransportError]) -> None:
    submission = submit(Chanjing([error("no")]))
    assert (submission.code, submission.retry_after) == ("unreachable", 30)


BROKEN = [
    httpx.ReadTimeout,
    httpx.ReadError,
    httpx.RemoteProtocolError,
    httpx.WriteError,
    httpx.WriteTimeout,
    httpx.CloseError,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.DecodingError,
]


@pytest.mark.parametrize("error", BROKEN)
def test_a_lost_connection_proves_nothing(error: type[httpx.TransportError]) -> None:
    chanjing = Chanjing([error("no")])
    assert submit(chanjing) == OutcomeUnknown(reason=error.__name__)
    assert len(chanjing.at(SUBMIT_PATH)) == 1


def test_a_long_message_is_truncated() -> None:
    answer = httpx.Response(200, json={"code": 400, "msg": "x" * 5000})
    assert submit(Chanjing([answer])).message == "x" * 2000


# ------------------------------------------------------------------ the token


@pytest.mark.parametrize(("seconds", "calls"), [(4.9, 2), (5.1, 1)])
def test_no_call_begins_too_late_to_end_in_time(seconds: float, calls: int) -> None:
    """The token was refused, and fetching another one has taken some time."""

    def slowly(token: str) -> httpx.Response:
        if len(chanjing.issued) > 1:
            chanjing.now += timedelta(seconds=seconds)
        return envelope({"access_token": token, "expire_in": int(NOON.timestamp()) + 86_400})

    chanjing = Chanjing([envelope(TASK)], token_answer=slowly)
    client = chanjing.client()
    client.prepare()
    chanjing.live = "another program's"
    submission = client.create_task(a_chanjing_job(), CALLBACK_URL)
    assert len(chanjing.at(SUBMIT_PATH)) == calls
    assert isinstance(submission, TaskCreated if calls == 2 else TaskRefused)


def test_a_table_that_is_down_gives_no_token_so_nothing_is_sent() -> None:
    chanjing = Chanjing([envelope(TASK)])

    def down() -> None:
        raise OSError("DynamoDB is down")

    chanjing.tokens.read = down  # type: ignore[method-assign]
    submission = submit(chanjing)
    assert (submission.code, submission.retry_after) == ("unreachable", 30)
    assert chanjing.at(SUBMIT_PATH) == []


@pytest.mark.parametrize("error", [httpx.ConnectError, *BROKEN])
def test_a_retried_call_has_the_usual_outcomes(
    error: type[httpx.RequestError],
) -> None:
    chanjing = Chanjing([envelope(None, code=10400), error("no")])
    submission = submit(chanjing)
    assert isinstance(submission, OutcomeUnknown if error in BROKEN else TaskRefused)
    assert len(chanjing.at(SUBMIT_PATH)) == 2


def test_a_refused_token_is_replaced_and_the_call_retried() -> None:
    chanjing = Chanjing([envelope(TASK)])
    client = chanjing.client()
    client.prepare()
    chanjing.live = "another program's"
    submission = client.create_task(a_chanjing_job(), CALLBACK_URL)
    assert submission == TaskCreated(task_id=TASK)
    assert chanjing.issued == ["token-1", "token-2"]
    assert [r.headers["access_token"] for r in chanjing.at(SUBMIT_PATH)] == ["token-1", "token-2"]
    client.create_task(a_chanjing_job(), CALLBACK_URL)
    assert len(chanjing.issued) == 2
    assert len(chanjing.at(SUBMIT_PATH)) == 3


def test_a_second_refused_token_ends_the_call() -> None:
    chanjing = Chanjing([envelope(None, code=10400)])
    submission = submit(chanjing)
    assert submission == TaskRefused(code="10400", message="no", retry_after=30)
    assert len(chanjing.at(SUBMIT_PATH)) == len(chanjing.issued) == 2


@pytest.mark.parametrize("answer", [httpx.ReadTimeout("no"), envelope(None, code=50000)])
def test_without_a_token_nothing_is_sent(answer: httpx.Response | Exception) -> None:
    chanjing = Chanjing([envelope(TASK)], token_answer=lambda _: answer)
    submission = submit(chanjing)
    assert (submission.code, submission.retry_after) == ("unreachable", 30)
    assert chanjing.at(SUBMIT_PATH) == []


def test_the_account_is_refused_if_its_token_cannot_be_replaced() -> None:
    chanjing = Chanjing([envelope(None, code=10400)])
    client = chanjing.client()
    client.prepare()
    chanjing.token_answer = lambda _: envelope(None, code=40000)
    submission = client.create_task(a_chanjing_job(), CALLBACK_URL)
    assert isinstance(submission, TaskRefused)
    assert (submission.account, submission.retry_after) == (PauseReason.KEY_REFUSED, None)
    assert len(chanjing.at(SUBMIT_PATH)) == 1


def test_a_probe_gets_a_token_and_no_more_than_one() -> None:
    chanjing = Chanjing()
    client = chanjing.client()
    assert [client.probe().is_good, client.probe().is_good] == [True, True]
    assert (len(chanjing.issued), len(chanjing.received)) == (1, 1)


@pytest.mark.parametrize("code", [400, 40000, 401, 403])
def test_a_probe_tells_that_the_credentials_are_refused(code: int) -> None:
    chanjing = Chanjing(token_answer=lambda _: envelope(None, code=code))
    with pytest.raises(CredentialsRefused):
        chanjing.client().probe()


@bodies("access_token")
def test_token_responses_have_their_expected_token(body_file: Path) -> None:
    expected = expected_of(body_file)
    chanjing = Chanjing(token_answer=lambda _: recorded(body_file))
    if "error" in expected:
        kinds = {kind.__name__: kind for kind in (NotConfigured, ProviderUnavailable)}
        with pytest.raises(kinds[expected["error"]]) as raised:
            chanjing.client().prepare()
        assert "secret" not in str(raised.value).replace("secret_key", "")
    else:
        chanjing.client().prepare()
        kept = chanjing.tokens.read()
        assert kept is not None
        assert (kept.value, kept.expires_at.timestamp()) == (
            expected["token"],
            expected["expires_at"],
        )
        assert expected["token"] not in repr(kept)


@pytest.mark.parametrize(
    "credentials", [{}, {"app_id": "a"}, {"app_id": "", "secret_key": "s"}, {"secret_key": "s"}]
)
def test_without_credentials_no_call_is_made(credentials: dict[str, str]) -> None:
    chanjing = Chanjing(credentials=credentials)
    with pytest.raises(NotConfigured):
        chanjing.client().prepare()
    assert chanjing.received == []


def test_a_token_that_cannot_be_fetched_is_a_provider_that_is_unavailable() -> None:
    chanjing = Chanjing(token_answer=lambda _: httpx.ReadTimeout("slow"))
    with pytest.raises(ProviderUnavailable, match="no access token: ReadTimeout"):
        chanjing.client().prepare()


def test_missing_credentials_are_found_despite_a_token() -> None:
    chanjing = Chanjing()
    client = chanjing.client()
    client.prepare()
    chanjing.credentials = {}
    with pytest.raises(NotConfigured):
        client.prepare()


def test_credentials_are_read_again_before_a_token_is_fetched_and_where_they_are_missing() -> None:
    chanjing, renewed = Chanjing(credentials={}), list[bool]()

    def renew() -> bool:
        renewed.append(True)
        chanjing.credentials = {"app_id": "app", "secret_key": "new"}
        return True

    client = chanjing.client()
    client._renew = renew
    client.prepare()
    assert chanjing.body(TOKEN_PATH)["secret_key"] == "new"
    assert len(renewed) == 2


def test_waiting_for_a_token_outlasts_its_fetch() -> None:
    chanjing = Chanjing()
    chanjing.client().prepare()
    [request] = chanjing.at(TOKEN_PATH)
    assert request.extensions["timeout"]["read"] < MAX_WAIT.total_seconds()
    assert sum(request.extensions["timeout"].values()) < LEASE.total_seconds()


def test_one_token_serves_every_client() -> None:
    chanjing = Chanjing([envelope(TASK)])
    for _ in range(5):
        chanjing.client().create_task(a_chanjing_job(), CALLBACK_URL)
    assert chanjing.issued == ["token-1"]


# ------------------------------------------------------------------ task/page


def test_undocumented_callbacks_are_not_expected() -> None:
    assert not PROVIDER.calls_back


@bodies("task_page")
def test_pages_have_their_expected_reports(body_file: Path) -> None:
    chanjing, expected = Chanjing([recorded(body_file)]), expected_of(body_file)
    client = chanjing.client()
    if "error" in expected:
        with pytest.raises(ProviderUnavailable) as raised:
            client.read_tasks([TASK, OTHER])
        assert type(raised.value).__name__ == expected["error"]
    else:
        named = [ProviderTaskId(task["task_id"]) for task in expected["tasks"]]
        found = client.read_tasks([*dict.fromkeys([TASK, OTHER, *named])])
        assert [plain(report) for report in found.values()] == expected["tasks"]
        assert all(task_id == report.task_id for task_id, report in found.items())
    assert len(chanjing.at(PAGE_PATH)) == 1


def test_a_task_of_an_unknown_shape_is_kept_without_the_others_of_its_page() -> None:
    """Field case 10: what was paid for may be in it."""
    task = {"unique_id": TASK, "progress_desc": "Success", "output_url": {"first": "a.png"}}
    chanjing = Chanjing([a_page(task, {"unique_id": OTHER})])
    report = chanjing.client().read_tasks([TASK, OTHER])[TASK]
    assert report.without_images
    assert json.loads(report.answer) == task


def test_fifty_tasks_are_read_in_one_call() -> None:
    most = PROVIDER.max_batch_size
    ids = [ProviderTaskId(f"task-{number}") for number in range(most)]
    chanjing = Chanjing([a_page(*({"unique_id": task_id} for task_id in reversed(ids)))])
    found = chanjing.client().read_tasks(ids)
    assert [*found] == ids
    assert chanjing.body(PAGE_PATH) == {"unique_ids": ids, "type": 3, "page": 1, "page_size": 50}


# ------------------------------------------------------------------ recognizing a task


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "ours"),
        ({"created_at": NOON}, "ours"),
        ({"created_at": NOON + timedelta(minutes=5)}, "ours"),
        ({"created_at": NOON - timedelta(seconds=59)}, "ours"),
        ({"created_at": NOON - timedelta(seconds=61)}, "another's"),
        ({"model": "doubao-seedream-4.5"}, "another's"),
        ({"model": ""}, "another's"),
    ],
)
def test_a_task_is_recognized_by_model_and_time(changes: dict[str, Any], expected: str) -> None:
    known: dict[str, Any] = {"task_id": TASK, "state": TaskState.SUCCEEDED}
    report = TaskReport(**(known | {"model": "doubao-seedream-4.0"} | changes))
    job = replace(a_chanjing_job(), submitted_at=NOON + timedelta(milliseconds=700))
    is_ours = PROVIDER.recognizes(job, report, [CALLBACK_URL])
    assert is_ours == (expected == "ours")
    unsent = replace(job, submitted_at=None)
    same_model = report.model == "doubao-seedream-4.0"
    assert PROVIDER.recognizes(unsent, report, [CALLBACK_URL]) == same_model


# ------------------------------------------------------------------ a fresh link

DEAD, FRESH = "https://res.chanjing.cc/1.png?old", "https://res.chanjing.cc/1.png?new"


def fresh_links(*tasks: dict[str, Any], number: int = 1) -> list[str]:
    job = a_chanjing_job(JobStatus.ARCHIVING, task_id=TASK, result_urls=(DEAD, DEAD))
    return list(Chanjing([a_page(*tasks)]).client().fresh_links(job, number))


def test_a_job_without_a_task_has_no_fresh_links() -> None:
    chanjing = Chanjing([a_page(a_task(FRESH))])
    job = a_chanjing_job(JobStatus.ARCHIVING, result_urls=(DEAD,))
    assert list(chanjing.client().fresh_links(job, 1)) == []
    assert chanjing.received == []


def a_task(*urls: str, word: str = "Success") -> dict[str, Any]:
    return {"unique_id": TASK, "progress_desc": word, "output_url": list(urls)}


def test_a_dead_link_is_read_again() -> None:
    assert fresh_links(a_task(FRESH)) == [FRESH]
    assert fresh_links(a_task(DEAD, FRESH), number=2) == [FRESH]


@pytest.mark.parametrize(
    "tasks", [[], [a_task()], [a_task(DEAD)], [a_task(FRESH, word="Error")]], ids=str
)
def test_a_task_without_another_link_has_no_fresh_links(tasks: list[dict[str, Any]]) -> None:
    assert fresh_links(*tasks) == []


# ------------------------------------------------------------------ every call

FIELDS = ["unique_id", "progress_desc", "output_url", "err_msg", "model_code", "create_time"]
FIELDS += ["code", "data", "list", "access_token", "expire_in"]
EVERY_CALL: dict[str, Callable[[ChanjingClient], object]] = {
    "create_task": lambda client: client.create_task(a_chanjing_job(), CALLBACK_URL),
    "read_tasks": lambda client: client.read_tasks([TASK]),
    "fresh_links": lambda client: list(
        client.fresh_links(
            a_chanjing_job(JobStatus.ARCHIVING, task_id=TASK, result_urls=(DEAD,)), 1
        )
    ),
}
every_call = pytest.mark.parametrize("call", EVERY_CALL.values(), ids=EVERY_CALL)
ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([1790000000, 10**4299, TASK, "x y"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5)
    ),
    max_leaves=12,
)
# Most examples have a valid code, so that the fields are read.
ANY_ANSWER = ANY_JSON | st.fixed_dictionaries(
    {
        "code": st.just(0) | st.sampled_from([400, 10400, 40001, 50000, 10**4299, True, "0", None]),
        "msg": ANY_JSON,
        "data": ANY_JSON | st.fixed_dictionaries({"list": st.lists(ANY_JSON, max_size=3)}),
    }
)


@every_call
@given(content=ANY_ANSWER)
@example(content={"code": 10**4299})
@example(content={"code": 400, "msg": 10**4299})
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
def test_any_response_has_an_outcome_of_the_port(
    call: Callable[[ChanjingClient], object], content: object
) -> None:
    chanjing = Chanjing([httpx.Response(200, json=content)])
    try:
        call(chanjing.client())
    except ProviderUnavailable:
        assert call is not EVERY_CALL["create_task"]


@given(content=ANY_ANSWER)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
def test_any_response_gives_a_token_or_none(content: object) -> None:
    chanjing = Chanjing(token_answer=lambda _: httpx.Response(200, json=content))
    try:
        chanjing.client().prepare()
    except (NotConfigured, ProviderUnavailable):
        assert chanjing.tokens.token is None
    else:
        assert chanjing.tokens.token


@every_call
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("at_the_token", [False, True], ids=["call", "token"])
def test_no_redirect_is_followed(
    call: Callable[[ChanjingClient], object], status: int, *, at_the_token: bool
) -> None:
    away = httpx.Response(status, headers={"location": "https://elsewhere.example/"})
    chanjing = Chanjing([away])
    if at_the_token:
        chanjing.token_answer = lambda _: away
    try:
        kind = TaskRefused if at_the_token else OutcomeUnknown
        assert isinstance(call(chanjing.client()), kind)
    except ProviderUnavailable:
        assert call is not EVERY_CALL["create_task"]
    assert {request.url.host for request in chanjing.received} == {"chanjing.example"}


@every_call
def test_every_call_has_our_user_agent(call: Callable[[ChanjingClient], object]) -> None:
    chanjing = Chanjing([envelope(None, code=40001)])
    with suppress(ProviderUnavailable):
        call(chanjing.client())
    assert len(chanjing.received) == 2
    assert all(r.headers["user-agent"].startswith("Ringback/") for r in chanjing.received)


@every_call
@pytest.mark.parametrize("at_the_token", [False, True], ids=["call", "token"])
def test_errors_contain_no_secrets(
    call: Callable[[ChanjingClient], object], *, at_the_token: bool
) -> None:
    error = httpx.ReadTimeout("https://chanjing.example/?hush")
    chanjing = Chanjing([error])
    if at_the_token:
        chanjing.token_answer = lambda _: error
    try:
        text = repr(call(chanjing.client()))
    except ProviderUnavailable as raised:
        text = repr(raised)
    assert "ReadTimeout" in text
    assert "hush" not in text


@every_call
def test_deep_nesting_is_unreadable(call: Callable[[ChanjingClient], object]) -> None:
    chanjing = Chanjing([httpx.Response(200, content=b"[" * 200_000)])
    try:
        assert isinstance(call(chanjing.client()), OutcomeUnknown)
    except ProviderUnavailable:
        assert call is not EVERY_CALL["create_task"]


@pytest.mark.parametrize("call", ["read_tasks", "fresh_links"])
@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError])
def test_a_lost_connection_is_retried_later(call: str, error: type[httpx.TransportError]) -> None:
    with pytest.raises(ProviderUnavailable):
        EVERY_CALL[call](Chanjing([error("no")]).client())


def test_proxy_variables_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://proxy.invalid:3128")
    tokens = Chanjing().tokens
    client = ChanjingClient("https://c.example", dict, tokens, now=lambda: NOON)
    assert client._http._mounts == {}


# ------------------------------------------------------------------ callbacks


@bodies("callback")
def test_callbacks_have_their_expected_report(body_file: Path) -> None:
    expected = expected_of(body_file)
    reader = PROVIDER.listen(dict)
    if "error" in expected:
        with pytest.raises(MalformedCallback):
            reader.read({}, body_file.read_bytes(), now=NOON)
    else:
        callback = reader.read({}, body_file.read_bytes(), now=NOON)
        assert plain(callback.report) == expected["task"]
        assert not callback.proven


def test_a_refusal_is_read_whatever_charset_it_names() -> None:
    headers = {"content-type": "text/html; charset=undefined"}
    page = httpx.Response(429, content=b"<p>slow down</p>", headers=headers)
    submission = submit(Chanjing([page]))
    assert isinstance(submission, TaskRefused)
    assert submission.answer == '"<p>slow down</p>"'
