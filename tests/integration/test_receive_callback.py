"""POST /callbacks/..., with whole events and the real reader, table and queues."""

import json
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import boto3
import pytest
from ringback.aws.accounts import AccountTable
from ringback.aws.job_table import JobTable
from ringback.callbacks.tokens import make_token
from ringback.domain.accounts import Probe
from ringback.domain.clock import utc_now
from ringback.domain.jobs import ErrorKind, Job, JobError, JobId, JobStatus, ProviderTaskId

from tests.support.aws import CALLBACK_KEY, HMAC_KEY, Cloud
from tests.support.callbacks import BODIES as RECORDED
from tests.support.callbacks import RECORDED_TASK, body_files, recorded, sign, signed_event
from tests.support.jobs import NOON, PROMPT, a_job, a_job_id
from tests.support.lambdas import Lambdas, an_event

ACKNOWLEDGEMENT: Final = {"code": 200, "msg": "success"}
TASK = ProviderTaskId(RECORDED_TASK)
JOB = a_job_id()
IMAGE = "https://tempfile.aiquickdraw.com/p/0123_1.jpg"
SUCCESS, FAILURE = recorded("success"), recorded("fail")

Call = Callable[..., dict[str, Any]]


def record(cloud: Cloud, status: JobStatus = JobStatus.RUNNING, **changes: Any) -> Job:
    """Put the job into the table, replacing an earlier one."""
    job = a_job(status, **({"task_id": TASK} | changes))
    table = JobTable.connect(cloud.table)
    boto3.client("dynamodb").delete_item(TableName=cloud.table, Key={"job_id": {"S": job.job_id}})
    table.create(job)
    return job


def the_job(cloud: Cloud, job_id: str = JOB) -> Job:
    return JobTable.connect(cloud.table).get(JobId(job_id))


@pytest.fixture
def call(lambdas: Lambdas) -> Call:
    """Call the function with a body; ``parts`` replace parts of a valid request."""

    def call(body: bytes = SUCCESS, **parts: Any) -> dict[str, Any]:
        whole: dict[str, Any] = {"job_id": JOB, "now": utc_now()}
        event = signed_event(body, **(whole | parts))
        return lambdas("receive_callback", event)

    return call


@pytest.fixture(autouse=True)
def _quiet(lambdas: Lambdas) -> Iterator[None]:
    """After every test: no part of a request is in the log."""
    yield
    log = lambdas.log.getvalue()
    for private in (IMAGE, "aiquickdraw", PROMPT, "a red kite", "hooks.example", "x-webhook"):
        assert private not in log
    for token in (make_token(CALLBACK_KEY.encode(), "kie", job) for job in (JOB, a_job_id(1))):
        assert token not in log
    for line in log.splitlines():
        assert "Traceback" not in line


def assert_acknowledged(reply: dict[str, Any]) -> None:
    assert reply["statusCode"] == 200
    assert json.loads(reply["body"]) == ACKNOWLEDGEMENT
    assert reply["headers"]["content-type"] == "application/json"


def assert_refused(reply: dict[str, Any], *statuses: int) -> None:
    assert reply["statusCode"] in statuses
    assert reply["headers"]["content-type"] == "application/problem+json"
    assert json.loads(reply["body"])["status"] == reply["statusCode"]


# ------------------------------------------------------------------ verdicts


def test_a_success_is_recorded_and_queued_for_archiving(
    cloud: Cloud, lambdas: Lambdas, call: Call
) -> None:
    record(cloud)
    assert_acknowledged(call())
    job = the_job(cloud)
    assert (job.status, job.task_id) == (JobStatus.ARCHIVING, TASK)
    assert (job.result_urls, job.credits) == ((IMAGE,), Decimal(5))
    assert (job.error, job.finished_at) == (None, None)
    assert lambdas.sent(cloud.archive_queue) == [({"job_id": JOB, "attempt": 1}, 0)]
    assert lambdas.sent(cloud.check_queue) == []


def test_the_task_of_a_trial_whose_answer_is_lost_opens_the_account(
    cloud: Cloud, lambdas: Lambdas, call: Call
) -> None:
    accounts, probe = AccountTable.connect(cloud.table), Probe(provider="kie", probe_id="p")
    accounts.pause(
        probe, reason="no_credits", at=NOON, began_at=NOON, probe_at=NOON, refused_job=None
    )
    accounts.half_open("kie", at=NOON, probe_id=None)
    record(cloud, JobStatus.SUBMITTING, task_id=None, submitted_at=NOON, is_trial=True)
    for _ in range(2):
        assert_acknowledged(call())
    assert accounts.read("kie").pause is None
    assert lambdas.log.getvalue().count('"message":"account open again"') == 1


@pytest.mark.parametrize("rotated", ["callback_secret", "kie_secret"])
def test_a_secret_that_has_just_been_changed_is_picked_up(
    cloud: Cloud, call: Call, monkeypatch: pytest.MonkeyPatch, rotated: str
) -> None:
    """Values are kept for minutes; before a callback is refused, they are read again."""
    monkeypatch.setattr("ringback.aws.secrets.RETRY_SECONDS", 0)
    record(cloud)
    new = "another-key-of-at-least-thirty-two-bytes"
    parts = {"callback_secret": {"callback_key": new}, "kie_secret": {"hmac_key": new}}[rotated]
    assert call(**parts)["statusCode"] in (401, 404)
    values: dict[str, dict[str, Any]] = {
        "callback_secret": {"current": new},
        "kie_secret": {"webhook_hmac_keys": [new]},
    }
    cloud.put_secret(getattr(cloud, rotated), values[rotated])
    assert_acknowledged(call(**parts))
    assert the_job(cloud).status is JobStatus.ARCHIVING


@pytest.mark.parametrize(
    ("body", "taken_out", "left"),
    [(SUCCESS, "[our request]", IMAGE), (FAILURE, "[callback URL]", "Internal server error")],
)
def test_the_answer_is_kept_without_our_callback_url(
    cloud: Cloud, call: Call, body: bytes, taken_out: str, left: str
) -> None:
    record(cloud)
    token = make_token(CALLBACK_KEY.encode(), "kie", JobId(JOB))
    ours = f"https://hooks.example.net/callbacks/kie/{JOB}/{token}"
    assert b"https://hooks.example.net/x" in body
    assert_acknowledged(call(body.replace(b"https://hooks.example.net/x", ours.encode())))
    answer = the_job(cloud).answer
    assert answer is not None
    assert taken_out in answer
    assert left in answer
    assert token not in answer


def test_a_repeated_name_makes_a_signed_call_a_hint(
    cloud: Cloud, lambdas: Lambdas, call: Call
) -> None:
    record(cloud)
    assert_acknowledged(call(SUCCESS.replace(b'"state"', b'"state":"fail","state"', 1)))
    assert the_job(cloud).status is JobStatus.RUNNING
    [(check, delay)] = lambdas.sent(cloud.check_queue)
    assert (check["claimed_task"], delay) == (TASK, 0)


def test_half_an_emoji_costs_no_callback(cloud: Cloud, call: Call) -> None:
    record(cloud)
    body = b"\xef\xbb\xbf" + SUCCESS.replace(b"a red kite", rb"a red kite \\\ud83d")
    assert_acknowledged(call(body))
    assert the_job(cloud).status is JobStatus.ARCHIVING


def test_a_success_is_recorded_before_it_is_queued(
    cloud: Cloud, lambdas: Lambdas, call: Call
) -> None:
    record(cloud)
    call()
    assert lambdas.written() == ["UpdateItem", "SendMessage"]


def test_a_failure_is_recorded_with_the_providers_code_and_message(
    cloud: Cloud, lambdas: Lambdas, call: Call
) -> None:
    record(cloud)
    assert_acknowledged(call(FAILURE))
    job = the_job(cloud)
    assert job.status is JobStatus.FAILED
    assert job.finished_at is not None
    assert job.error == JobError(
        kind=ErrorKind.GENERATION_FAILED, code="500", message="Internal server error"
    )
    assert lambdas.sent(cloud.archive_queue) == []


def test_a_callback_about_a_running_task_changes_nothing(
    cloud: Cloud, lambdas: Lambdas, call: Call
) -> None:
    before = record(cloud)
    for case in ("waiting", "waiting_with_filled_result", "state_unknown"):
        assert_acknowledged(call(recorded(case)))
    assert the_job(cloud) == before
    assert lambdas.written() == []


def test_every_recorded_body_has_its_expected_effect(cloud: Cloud, call: Call) -> None:
    for body_file in body_files(RECORDED):
        expected = json.loads(body_file.with_suffix(".expected.json").read_bytes())
        record(cloud, task_id=None, status=JobStatus.SUBMITTING)
        reply = call(body_file.read_bytes(), task_id=expected.get("task_id", RECORDED_TASK))
        job = the_job(cloud)
        if "error" in expected:
            assert_refused(reply, 401)
            assert job.status is JobStatus.SUBMITTING
            continue
        assert_acknowledged(reply)
        without_images = expected["state"] == "succeeded" and not expected["image_urls"]
        # The lost answer to createTask would have brought the task's id: the callback does.
        assert job.task_id == expected["task_id"]
        assert job.status == (
            JobStatus.RUNNING
            if without_images
            else {
                "succeeded": JobStatus.ARCHIVING,
                "failed": JobStatus.FAILED,
                "running": JobStatus.RUNNING,
            }[expected["state"]]
        ), body_file.stem


def test_a_repeated_success_is_queued_again_and_changes_nothing(
    cloud: Cloud, lambdas: Lambdas, call: Call
) -> None:
    record(cloud)
    call()
    first = the_job(cloud)
    assert_acknowledged(call())
    assert the_job(cloud) == first
    # The first message may have been lost in a crash; a duplicate is harmless.
    assert len(lambdas.sent(cloud.archive_queue)) == 2


@pytest.mark.parametrize(
    "status", [JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.ARCHIVE_FAILED, JobStatus.CANCELLED]
)
@pytest.mark.parametrize("body", [SUCCESS, FAILURE], ids=["success", "fail"])
def test_a_callback_for_a_final_job_is_acknowledged_and_changes_nothing(
    cloud: Cloud, lambdas: Lambdas, call: Call, status: JobStatus, body: bytes
) -> None:
    before = record(cloud, status, finished_at=utc_now())
    assert_acknowledged(call(body))
    if status is JobStatus.CANCELLED and body is SUCCESS:
        # The provider made it all the same: its images are not lost (docs/decisions/0022).
        assert the_job(cloud).status is JobStatus.ARCHIVING
        return
    assert the_job(cloud) == before
    assert lambdas.sent(cloud.archive_queue) == []
    # The provider's record settles a success after a failure.
    contradicts = status is JobStatus.FAILED and body is SUCCESS
    claim = ({"job_id": a_job_id(), "claimed_task": TASK, "contradicts_failure": True}, 0)
    assert lambdas.sent(cloud.check_queue) == ([claim] if contradicts else [])


def test_a_late_failure_does_not_undo_a_success(cloud: Cloud, call: Call) -> None:
    record(cloud)
    call()
    before = the_job(cloud)
    assert_acknowledged(call(FAILURE))
    assert the_job(cloud) == before


def test_a_repeated_success_does_not_replace_the_links(cloud: Cloud, call: Call) -> None:
    record(cloud)
    call()
    assert_acknowledged(call(recorded("success_several_images")))
    assert the_job(cloud).result_urls == (IMAGE,)


@pytest.mark.parametrize(
    ("body", "status"),
    [(SUCCESS, JobStatus.ARCHIVING), (FAILURE, JobStatus.FAILED)],
    ids=["success", "fail"],
)
def test_a_callback_may_arrive_before_the_submit_response(
    cloud: Cloud, call: Call, body: bytes, status: JobStatus
) -> None:
    record(cloud, JobStatus.SUBMITTING, task_id=None)
    assert_acknowledged(call(body))
    job = the_job(cloud)
    assert (job.status, job.task_id) == (status, TASK)


def test_a_late_success_archives_an_expired_job(cloud: Cloud, lambdas: Lambdas, call: Call) -> None:
    error = JobError(kind=ErrorKind.NO_VERDICT, message="no verdict", may_be_charged=True)
    record(cloud, JobStatus.EXPIRED, finished_at=utc_now(), error=error)
    assert_acknowledged(call())
    job = the_job(cloud)
    assert (job.status, job.error, job.finished_at) == (JobStatus.ARCHIVING, None, None)
    assert len(lambdas.sent(cloud.archive_queue)) == 1


def test_a_late_failure_fails_an_expired_job(cloud: Cloud, call: Call) -> None:
    record(cloud, JobStatus.EXPIRED, finished_at=utc_now())
    assert_acknowledged(call(FAILURE))
    assert the_job(cloud).status is JobStatus.FAILED


def test_a_success_without_images_is_checked_first(
    cloud: Cloud, lambdas: Lambdas, call: Call
) -> None:
    before = record(cloud)
    assert_acknowledged(call(recorded("result_urls_empty")))
    assert the_job(cloud) == before
    check = {"job_id": JOB, "claimed_task": RECORDED_TASK}
    assert lambdas.sent(cloud.check_queue) == [(check, 0)]


# ------------------------------------------------------------------ authentication


@pytest.mark.parametrize("case", ["success", "fail", "waiting", "result_urls_empty"])
def test_a_signed_callback_about_another_task_is_refused(
    cloud: Cloud, lambdas: Lambdas, call: Call, case: str
) -> None:
    before = record(cloud, task_id=ProviderTaskId("another"))
    reply = call(recorded(case))
    assert the_job(cloud) == before
    assert lambdas.sent(cloud.archive_queue) == lambdas.sent(cloud.check_queue) == []
    assert_refused(reply, 404)


def test_all_wrong_urls_get_the_same_response(cloud: Cloud, lambdas: Lambdas, call: Call) -> None:
    before = record(cloud)
    other = a_job_id(1)
    replies = [
        call(token="wrong"),
        call(token=make_token(b"x" * 44, "kie", JOB)),
        call(token=make_token(CALLBACK_KEY.encode(), "kie", other)),
        call(token=""),
        call(token="é\udcff" * 1000),
        call(job_id=other, token="wrong"),
        call(job_id=other),  # a valid token of a job that was never recorded
        call(job_id="idempotency#studio#1"),  # a valid token, but another kind of item
        call(job_id="../x?y", token="wrong"),
        call(provider="unknown"),
        call(provider="KIE"),
        call(token="wrong", headers={}),
        call(b"{", token="wrong"),
    ]
    assert replies[0]["statusCode"] == 404
    assert all(reply == replies[0] for reply in replies)
    assert JOB not in replies[0]["body"]
    assert the_job(cloud) == before
    # Only the valid token of an unknown job reaches the table.
    assert lambdas.written() == ["UpdateItem"]


INVALID_SIGNATURE_HEADERS: Final[list[dict[str, str]]] = [
    {},
    {"x-webhook-timestamp": "", "x-webhook-signature": ""},
    {"x-webhook-signature": sign(RECORDED_TASK, "")},
    {"x-webhook-timestamp": "", "x-webhook-signature": sign(RECORDED_TASK, "")},
    {"x-webhook-timestamp": "now", "x-webhook-signature": sign(RECORDED_TASK, "now")},
]


@pytest.mark.parametrize("headers", INVALID_SIGNATURE_HEADERS)
@pytest.mark.parametrize("body", [SUCCESS, b"", b"{}", b"\xff"], ids=["success", "0", "{}", "ff"])
def test_an_unsigned_callback_is_refused_if_a_key_is_configured(
    cloud: Cloud, lambdas: Lambdas, call: Call, headers: dict[str, str], body: bytes
) -> None:
    before = record(cloud)
    assert_refused(call(body, headers=headers), 401)
    assert the_job(cloud) == before
    assert lambdas.written() == []


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_timestamp_off_by_six_minutes_is_refused(
    cloud: Cloud, lambdas: Lambdas, call: Call, minutes: int
) -> None:
    before = record(cloud)
    assert_refused(call(now=utc_now() + timedelta(minutes=minutes)), 401)
    assert the_job(cloud) == before
    assert lambdas.written() == []


@pytest.mark.parametrize("seconds", [-290, 290])
def test_a_timestamp_within_the_tolerance_is_accepted(
    cloud: Cloud, call: Call, seconds: int
) -> None:
    record(cloud)
    assert_acknowledged(call(now=utc_now() + timedelta(seconds=seconds)))


def test_recorded_events_are_refused_as_stale(cloud: Cloud, lambdas: Lambdas) -> None:
    before = record(cloud, task_id=ProviderTaskId("task_seedream_1790000000001"))
    for case in ("", "_base64_body"):
        event = an_event("receive_callback", f"signed_once_and_stale_since{case}")
        assert_refused(lambdas("receive_callback", event), 401)
    assert_refused(lambdas("receive_callback", an_event("receive_callback", "unsigned")), 401)
    assert the_job(cloud) == before


def test_a_signature_with_another_key_is_refused(cloud: Cloud, call: Call) -> None:
    before = record(cloud)
    assert_refused(call(hmac_key="another-key"), 401)
    assert the_job(cloud) == before


def test_keys_can_be_rotated(cloud: Cloud, call: Call) -> None:
    cloud.put_secret(cloud.kie_secret, {"webhook_hmac_keys": ["the-next-webhook-key", HMAC_KEY]})
    cloud.put_secret(cloud.callback_secret, {"current": "n" * 44, "previous": CALLBACK_KEY})
    for hmac_key in ("the-next-webhook-key", HMAC_KEY):
        for callback_key in ("n" * 44, CALLBACK_KEY):
            record(cloud)
            assert_acknowledged(call(hmac_key=hmac_key, callback_key=callback_key))
            assert the_job(cloud).status is JobStatus.ARCHIVING


@pytest.mark.parametrize("headers", [{}, None], ids=["unsigned", "signed"])
@pytest.mark.parametrize("body", [SUCCESS, FAILURE], ids=["success", "fail"])
def test_without_a_key_a_callback_only_queues_a_check(
    cloud: Cloud, lambdas: Lambdas, call: Call, headers: dict[str, str] | None, body: bytes
) -> None:
    cloud.put_secret(cloud.kie_secret, {"api_key": "kie-key", "webhook_hmac_keys": []})
    before = record(cloud)
    assert_acknowledged(call(body, headers=headers))
    assert the_job(cloud) == before
    check = {"job_id": JOB, "claimed_task": RECORDED_TASK}
    assert lambdas.sent(cloud.check_queue) == [(check, 0)]
    assert lambdas.sent(cloud.archive_queue) == []
    [line] = log_lines(lambdas)
    assert (line["message"], line["job_id"]) == ("callback needs confirmation", JOB)


def test_without_a_key_a_body_without_a_task_id_is_a_bad_request(
    cloud: Cloud, lambdas: Lambdas, call: Call
) -> None:
    cloud.put_secret(cloud.kie_secret, {"webhook_hmac_keys": []})
    record(cloud)
    for case in ("not_json", "id_missing", "ids_in_data_differ", "empty"):
        assert_refused(call(recorded(case), headers={}), 400)
    assert lambdas.written() == []


# ------------------------------------------------------------------ API Gateway encodings


def test_a_body_may_come_base64_encoded(cloud: Cloud, call: Call) -> None:
    record(cloud)
    assert_acknowledged(call(recorded("success_in_chinese"), encoded=True))
    assert the_job(cloud).status is JobStatus.ARCHIVING


@pytest.mark.parametrize("spell", [str.title, str.upper, str.lower, "X-WebHook-{}".format])
def test_the_case_of_header_names_does_not_matter(
    cloud: Cloud, call: Call, spell: Callable[[str], str]
) -> None:
    at = int(utc_now().timestamp())
    values = {"timestamp": str(at), "signature": sign(RECORDED_TASK, at)}
    spelled = "WebHook" in spell("")
    headers = {
        spell(name) if spelled else spell(f"x-webhook-{name}"): value
        for name, value in values.items()
    }
    record(cloud)
    assert_acknowledged(call(headers=headers))
    assert the_job(cloud).status is JobStatus.ARCHIVING


@pytest.mark.parametrize("encoded", [False, True])
def test_a_body_may_have_at_most_256_kib(
    cloud: Cloud, lambdas: Lambdas, call: Call, *, encoded: bool
) -> None:
    before = record(cloud)
    room = 256 * 1024 - len(SUCCESS)
    too_large = SUCCESS + b" " * (room + 1)
    assert_refused(call(too_large, encoded=encoded), 413)
    # The size is checked first, before the token.
    assert_refused(call(too_large, encoded=encoded, token="wrong"), 413)
    assert the_job(cloud) == before
    assert lambdas.written() == []
    assert_acknowledged(call(SUCCESS + b" " * room, encoded=encoded))
    assert the_job(cloud).status is JobStatus.ARCHIVING


def test_size_is_counted_in_bytes(cloud: Cloud, call: Call) -> None:
    record(cloud)
    assert_refused(call(SUCCESS + "凧".encode() * 87_382), 413)


# ------------------------------------------------------------------ flipped bits


def flip(text: str, position: int, bit: int) -> str:
    letters = list(text)
    letters[position] = chr(ord(letters[position]) ^ 1 << bit)
    return "".join(letters)


def each_flip(text: str) -> Iterator[str]:
    for position in range(len(text)):
        for bit in range(8):
            yield flip(text, position, bit)


@pytest.mark.parametrize("part", ["token", "signature", "sent_at", "task_id", "job_id", "provider"])
def test_any_flipped_bit_is_refused(cloud: Cloud, lambdas: Lambdas, call: Call, part: str) -> None:
    before, now = record(cloud), utc_now()
    sent_at = str(int(now.timestamp()))
    whole = {
        "token": make_token(CALLBACK_KEY.encode(), "kie", JOB),
        "signature": sign(RECORDED_TASK, sent_at),
        "sent_at": sent_at,
        "job_id": str(JOB),
        "provider": "kie",
    }
    if part == "task_id":
        at = SUCCESS.index(RECORDED_TASK.encode())
        for position in range(at, at + len(RECORDED_TASK)):
            for bit in range(8):
                body = bytearray(SUCCESS)
                body[position] ^= 1 << bit
                assert_refused(call(bytes(body), now=now, **whole), 401)
    else:
        expected = 401 if part in ("signature", "sent_at") else 404
        for changed in each_flip(whole[part]):
            assert_refused(call(now=now, **(whole | {part: changed})), expected)
    assert the_job(cloud) == before
    assert lambdas.written() == []
    # The unchanged request is accepted.
    assert_acknowledged(call(now=now, **whole))
    assert the_job(cloud).status is JobStatus.ARCHIVING


# ------------------------------------------------------------------ hostile requests

DEEP = b"[" * 50_000
HUGE_NUMBER = b"9" * 20_000
RAW_VALUES: Final = [
    *(b"null", b"true", b"0", b"-1", b"1e400", b"NaN", b"-Infinity", b'""', b"[]", b"{}"),
    *(b'"\\ud800"', b'"\\udfff\\ud800"', b'"\xff\xfe"', b'"\\u0000"', b'"\x00"', b'"\\"'),
    *(b"9" * 4300, HUGE_NUMBER, DEEP, b'{"a":' * 20_000, b"[" * 150 + b"]" * 150),
    *(b'"' + b"x" * 100_000 + b'"', b'[["' + IMAGE.encode() + b'"]]', b'{"resultUrls":{"a":1}}'),
    *(b'"1E-99999999999999999999"', b'"sNaN"', b'"' + "凧🪁".encode() * 2000 + b'"'),
    b"[" + b",".join([b'"u"'] * 60_000) + b"]",
]
FIELDS: Final = (
    *(b"taskId", b"task_id", b"state", b"resultJson", b"creditsConsumed", b"consumeCredits"),
    *(b"param", b"failCode", b"failMsg", b"model", b"costTime", b"createTime"),
)
TOP_FIELDS: Final = (b"code", b"msg", b"message", b"data", b"taskId", b"state", b"resultJson")
WHOLE_BODIES: Final = [
    *RAW_VALUES,
    *(b"", b" ", b"\x00", b"\xef\xbb\xbf" + SUCCESS, SUCCESS.decode().encode("utf-16")),
    *(SUCCESS + SUCCESS, SUCCESS[:-1], SUCCESS + b"\x00", b"{" + b'"taskId":"a",' * 5000 + b"}"),
    b'{"taskId":"%s","state":"success","resultJson":{"resultUrls":["%s"]}}'
    % (RECORDED_TASK.encode(), b'","'.join([b"u"] * 5_000)),
    b'{"taskId":"%s","state":"success","resultJson":{"resultUrls":["%s"]}}'
    % (RECORDED_TASK.encode(), b"u" * 200_000),
    *(b"taskId=1&state=success", b"<xml/>", b"--boundary\r\n\r\n", b"\x1f\x8b\x08\x00"),
]
HOSTILE_VALUES: Final = [
    *("", " ", "0", "-1", "1e9", "NaN", "9" * 5000, "null", "\x00", "\r\nx: y", "é", "\udcff"),
    *("१७९०००००००", "1790000000,1790000000", "=" * 44, "A" * 43 + "=", "%00", "凧" * 5000),
]


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 the same requests in every run


def hostile_bodies(rng: random.Random) -> Iterator[bytes]:
    """Yield endless bodies: first every field with every wrong value, then random changes."""
    yield from WHOLE_BODIES
    start = b'{"code":200,"msg":"ok","data":{"state":"success",'
    named = b'"taskId":"' + RECORDED_TASK.encode() + b'",'
    for value in RAW_VALUES:
        for field in FIELDS:
            yield start + named + b'"' + field + b'":' + value + b"}}"
        for field in TOP_FIELDS:
            yield b'{"' + field + b'":' + value + b"," + named + b'"data":{"state":"fail"}}'
    while True:
        body = bytearray(rng.choice([SUCCESS, FAILURE]))
        for _ in range(rng.randint(1, 8)):
            at = rng.randrange(len(body))
            match rng.randrange(4):
                case 0:
                    body[at] = rng.randrange(256)
                case 1:
                    del body[at : at + rng.randrange(40)]
                case 2:
                    body[at:at] = rng.randbytes(rng.randrange(12))
                case _:
                    body[at:at] = rng.choice(RAW_VALUES)[:300]
        yield bytes(body) if body else rng.randbytes(64)


def hostile_headers(rng: random.Random) -> dict[str, str]:
    names = ["x-webhook-timestamp", "x-webhook-signature", "X-Webhook-Signature", "content-type"]
    names += ["content-length", "content-encoding", "host", "transfer-encoding", "é", "", "x" * 900]
    now = str(int(utc_now().timestamp()))
    values = [*HOSTILE_VALUES, now, sign("another-task", now), sign(RECORDED_TASK, "1790000000")]
    return {rng.choice(names): rng.choice(values) for _ in range(rng.randrange(12))}


def hostile_request(rng: random.Random, body: bytes, number: int) -> dict[str, Any]:
    """Return an unsigned event; every other one has a valid token."""
    token = {} if number % 2 else {"token": rng.choice(HOSTILE_VALUES)}
    event = signed_event(
        body,
        job_id=JOB,
        now=utc_now(),
        headers=hostile_headers(rng),
        encoded=number % 3 == 0,
        **token,
    )
    match number % 25:
        case 1:
            del event["body"]
        case 2:
            event["body"] = None
        case 3:
            event["headers"] = rng.choice([{}, None])
        case 4:
            event["pathParameters"]["provider"] = rng.choice(HOSTILE_VALUES)
        case 5:
            event["pathParameters"]["job_id"] = rng.choice(HOSTILE_VALUES)
        case 6 if not event["isBase64Encoded"]:
            event["body"] += "\ud800"  # a lone surrogate, as in a half-decoded body
    return event


@pytest.mark.exhaustive
def test_a_thousand_hostile_requests_change_nothing(cloud: Cloud, lambdas: Lambdas) -> None:
    before, rng = record(cloud), seeded(20260921)
    bodies = hostile_bodies(rng)
    seen = set()
    for number in range(1000):
        reply = lambdas("receive_callback", hostile_request(rng, next(bodies), number))
        assert_refused(reply, 401, 404, 413)
        seen.add(reply["statusCode"])
    assert seen >= {401, 404}
    assert the_job(cloud) == before
    assert lambdas.written() == []


@pytest.mark.exhaustive
def test_without_a_key_a_thousand_hostile_requests_only_queue_checks(
    cloud: Cloud, lambdas: Lambdas
) -> None:
    cloud.put_secret(cloud.kie_secret, {"webhook_hmac_keys": []})
    before, rng = record(cloud), seeded(4711)
    bodies = hostile_bodies(rng)
    seen = set()
    for number in range(1000):
        reply = lambdas("receive_callback", hostile_request(rng, next(bodies), number))
        assert reply["statusCode"] in (200, 400, 404, 413)
        seen.add(reply["statusCode"])
    assert seen >= {200, 400, 404}
    assert the_job(cloud) == before
    assert set(lambdas.written()) == {"SendMessage"}
    assert all(message["job_id"] == JOB for message, _ in lambdas.sent(cloud.check_queue))
    assert lambdas.sent(cloud.archive_queue) == []


@pytest.mark.exhaustive
def test_seven_hundred_signed_hostile_bodies_are_answered(cloud: Cloud, call: Call) -> None:
    rng = seeded(42)
    bodies = hostile_bodies(rng)
    known = record(cloud)
    moved = 0
    for _ in range(700):
        body = next(bodies)
        reply = call(body)
        assert reply["statusCode"] in (200, 401, 404, 413), body[:300]
        job = the_job(cloud)
        if job != known:
            # The signature covers the task id only, so a signed body may end this job.
            assert reply["statusCode"] == 200
            assert job.status in (JobStatus.ARCHIVING, JobStatus.FAILED)
            assert job.task_id == TASK
            moved += 1
            record(cloud)
    assert moved > 50


# ------------------------------------------------------------------ logs and responses


def log_lines(lambdas: Lambdas) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lambdas.log.getvalue().splitlines() if line[0] == "{"]


def test_every_callback_is_logged_with_its_job_id(
    cloud: Cloud, lambdas: Lambdas, call: Call
) -> None:
    record(cloud)
    for body in (SUCCESS, SUCCESS, FAILURE, recorded("result_urls_empty"), recorded("waiting")):
        call(body)
    lines = log_lines(lambdas)
    assert len(lines) == 5
    assert {line["job_id"] for line in lines} == {JOB}
    assert {line["message"] for line in lines} == {"callback recorded"}


def test_a_refusal_is_logged_with_its_job_id(cloud: Cloud, lambdas: Lambdas, call: Call) -> None:
    record(cloud)
    call(headers={})
    call(hmac_key="another-key")
    assert [line.get("job_id") for line in log_lines(lambdas)] == [JOB, JOB]


def test_a_refusal_is_logged_with_its_reason_and_no_content(
    cloud: Cloud, lambdas: Lambdas, call: Call
) -> None:
    record(cloud)
    loud = "LOUD-AND-PRIVATE"
    body = SUCCESS.replace(b"a red kite", loud.encode())
    call(body, token=loud)
    call(body, headers={"x-webhook-timestamp": loud, "x-webhook-signature": loud, loud: loud})
    call(body, signature=loud)
    call(body, provider=loud)
    call(body, job_id=loud, token=loud)
    call(body.replace(RECORDED_TASK.encode(), loud.encode()))
    call(body)
    reasons = [line.get("reason") for line in log_lines(lambdas)]
    unknown, rejected = "UnknownJob", "SignatureRejected"
    assert reasons == [unknown, rejected, rejected, unknown, unknown, rejected, None]
    assert loud not in lambdas.log.getvalue()


def test_a_response_echoes_nothing_of_the_request(cloud: Cloud, call: Call) -> None:
    record(cloud)
    for reply in (call(token="LOUD"), call(signature="LOUD"), call(b'{"taskId":"LOUD"}')):
        assert "LOUD" not in json.dumps(reply)
