"""The command line, against a Ringback in memory."""

import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TextIO

import httpx
import pytest
from click.testing import CliRunner, Result
from ringback_cli.exits import ExitCode, exit_code_of
from ringback_cli.main import main
from ringback_cli.moments import moment, moment_text
from ringback_cli.printing import clean
from ringback_cli.progress import progress
from ringback_cli.tables import show_table
from ringback_client import errors

from local.recording import lines_of, recorded
from tests.support.client_api import (
    FOLLOWING,
    IMAGE,
    KEY,
    FakeApi,
    a_job,
    a_model,
    an_event,
    an_image,
    job_id,
    problem,
)
from tests.support.repository import text_of

MODEL = "bytedance/seedream"
HOSTILE = "[red]A\x1b]0;title\x07 door\r\n\u202edoor\x9b31m[/red]:boom:"


def run(api: FakeApi, *arguments: str | Path, code: int = 0) -> Result:
    result = CliRunner().invoke(
        main, [str(each) for each in arguments], obj=lambda **settings: api.client()
    )
    assert result.exit_code == code, result.output
    assert KEY not in result.output
    return result


def posted(api: FakeApi) -> Sequence[dict[str, object]]:
    return [json.loads(each.content) for each in api.requests if each.method == "POST"]


def test_submit_waits_and_shows_the_job() -> None:
    line = [FOLLOWING, lambda api: api.end(), {"events": [an_event(1, "succeeded")]}]
    api = FakeApi(models=[a_model()], told=[line])
    shown = run(api, "submit", MODEL, "-p", "A blue door", "--wait").stdout
    assert re.search(r"status +succeeded", shown)
    assert f"images/{job_id(1)}/1.png" in shown


def test_submit_takes_each_field_in_the_model_s_own_words_and_types() -> None:
    fields = {
        **{"ref_prompt": {"type": "string"}, "ref_img_url": {"anyOf": [{"type": "array"}]}},
        **{
            "clarity": {"type": "integer"},
            "ratio": {"type": "string"},
            "fast": {"type": "boolean"},
        },
    }
    model = a_model() | {"input": {"properties": fields}}
    api = FakeApi(models=[model])
    run(
        *(api, "submit", MODEL, "-p", "12", "-i", "https://a.example/1.png", "-i", "s3://b/2.png"),
        *("-f", "clarity=1024", "-f", "ratio=1", "-f", "fast=true", "--input", '{"seed": 1}'),
        *("--call-back-url", "https://studio.example", "--idempotency-key", "mine"),
        *("-t", "spring", "--tag", "order 66"),
    )
    [request] = posted(api)
    assert request == {
        "model": MODEL,
        "callBackUrl": "https://studio.example",
        "tags": ["spring", "order 66"],
        "input": {
            **{"ref_prompt": "12", "ref_img_url": ["https://a.example/1.png", "s3://b/2.png"]},
            **{"clarity": 1024, "ratio": "1", "fast": True, "seed": 1},
        },
    }
    assert [*api.keys] == ["mine"]


def test_a_model_that_is_in_no_list_is_passed_on() -> None:
    api = FakeApi()
    run(api, "submit", "new/model", "-p", "A door", "-i", "https://a.example/1.png", "-f", "n=2")
    assert posted(api)[0]["input"] == {
        **{"prompt": "A door", "image_urls": ["https://a.example/1.png"], "n": 2}
    }


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("-f", "size"), "takes NAME=VALUE"),
        (("--input", "{"), "--input is not JSON"),
        (("--input", '{"seed": NaN}'), "--input is not JSON: NaN is no number"),
        (("--input", '{"seed": 1e999}'), "--input is not JSON: 1e999 is no number"),
        (("--input", "[]"), "is no JSON object"),
        (("--input", "@/nowhere"), "--input: /nowhere: No such file or directory.\n"),
        (("--input", "@image.png"), "--input: image.png is not UTF-8."),
        (("-i", "x" * 300), "neither a URL nor a file"),
        (("--idempotency-key", ""), "1 to 255 printable"),
        *[(("--timeout", each), f"{each} is no number of seconds") for each in ("-1", "nan", "x")],
    ],
)
def test_what_is_no_input_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: tuple[str, str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "image.png").write_bytes(b"\xff")
    api = FakeApi(models=[a_model()])
    shown = run(api, "submit", MODEL, *wrong, code=2).stderr
    assert said in shown
    assert "Errno" not in shown
    assert posted(api) == []


def test_an_input_may_be_a_file_of_notepad_s(tmp_path: Path) -> None:
    path = tmp_path / "input.json"
    path.write_text('\ufeff{"prompt": "A door"}\r\n', "utf-8")
    api = FakeApi(models=[a_model()])
    run(api, "submit", MODEL, "--input", f"@{path}")
    assert posted(api)[0]["input"] == {"prompt": "A door"}


@pytest.mark.parametrize("command", ["submit", "retry"])
@pytest.mark.parametrize(
    ("failure", "is_told"),
    [
        (httpx.ReadTimeout("lost"), True),
        (httpx.Response(202, text="{"), True),
        (httpx.Response(502), True),
        (KeyboardInterrupt(), True),
        (httpx.ConnectError("nobody"), False),
        (problem(429, "quota-exceeded"), False),
        (problem(400, "invalid-request"), False),
    ],
)
def test_who_may_have_bought_is_told_the_key(
    command: str, failure: httpx.Response | BaseException, *, is_told: bool
) -> None:
    """Without it, the same command would buy once more."""
    api = FakeApi(models=[a_model()]).add(a_job())
    words = [command, MODEL, "-p", "A door"] if command == "submit" else [command, job_id(1)]
    first = [httpx.Response(200, json=a_model())] if command == "submit" else []
    api.script = [*first, *[failure] * 9]
    result = CliRunner().invoke(main, words, obj=lambda **_: api.client())
    assert result.exit_code > 1
    told = re.findall(r"--idempotency-key (\S+)\n", result.stderr)
    assert bool(told) == is_told
    api.script = []
    if is_told:
        run(api, *words, "--idempotency-key", *told)
    sent = [each.headers.get("idempotency-key") for each in api.requests if each.method == "POST"]
    assert len({*sent}) == 1


@pytest.mark.parametrize(
    ("words", "answer", "code", "expected"),
    [
        (["get", job_id(1)], problem(404, "unknown-job"), 4,
         {"kind": "UnknownJob", "status": 404, "type": "/docs#unknown-job"}),
        (["get", job_id(1)], problem(400, "invalid-request", errors=[{"field": "a"}]), 2,
         {"errors": [{"field": "a", "message": ""}]}),
        (["retry", job_id(1)], httpx.ReadTimeout("x"), 6,
         {"kind": "NoAnswer", "may_be_done": True}),
        (["get"], None, 2, {"kind": "UsageError"}),
        (["no-such"], None, 2, {"kind": "UsageError"}),
        (["get", "x"], None, 2, {"kind": "UsageError"}),
        (["download", "--source", "a.csv"], None, 4, {"kind": "NoJobs"}),
        (["delete", job_id(1)], None, 1, {"kind": "Declined"}),
    ],
)  # fmt: skip
def test_an_error_is_json_too(
    words: list[str], answer: httpx.Response | Exception | None, code: int, expected: object
) -> None:
    api = FakeApi(script=[answer] * 9 if answer else [])
    result = CliRunner().invoke(main, [*words, "--json"], input="n\n", obj=lambda **_: api.client())
    [line] = result.stdout.splitlines()
    shown = json.loads(line)
    assert result.exit_code == code
    assert shown["exit_code"] == code
    assert shown["error"]["message"].partition("\n")[0] in result.stderr
    assert shown["error"].items() >= expected.items()  # type: ignore[attr-defined]


def test_who_reads_no_more_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("ringback_cli.showing.show_json", broken)
    result = run(FakeApi().add(a_job()), "list", "--json", code=ExitCode.NOT_READ)
    assert result.output == ""


def test_a_full_disk_behind_the_output_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    for module in ("showing", "telling"):
        monkeypatch.setattr(f"ringback_cli.{module}.show_json", full)
    result = run(FakeApi().add(a_job()), "list", "--json", code=2)
    assert result.stderr == "ringback: No space left on device\n"


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_job_that_came_to_nothing_ends_with_1(status: str) -> None:
    api = FakeApi(told=[[FOLLOWING]]).add(a_job(status=status))
    run(api, "watch", job_id(1), code=1)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (problem(400, "invalid-request"), ExitCode.WRONG_REQUEST),
        (problem(403, "missing-scope"), ExitCode.NOT_ALLOWED),
        (problem(404, "unknown-job"), ExitCode.NOT_FOUND),
        (problem(410, "job-deleted"), ExitCode.NOT_FOUND),
        (problem(409, "wrong-state"), ExitCode.CONFLICT),
        (httpx.Response(200, text="<html>"), ExitCode.UNAVAILABLE),
        (httpx.Response(418), ExitCode.UNAVAILABLE),
    ],
)
def test_errors_have_exit_codes(answer: httpx.Response, code: ExitCode) -> None:
    result = run(FakeApi(script=[answer]), "cancel", job_id(1), code=code)
    assert result.stderr.startswith("ringback: ")
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ("n\n", ExitCode.NOT_SUCCEEDED, "Nothing is deleted."),
        ("\n", ExitCode.NOT_SUCCEEDED, "Nothing is deleted."),
        ("", ExitCode.WRONG_REQUEST, "nobody to ask: say --yes"),
        ("y\n", ExitCode.DONE, "for ever?"),
    ],
)
def test_a_job_is_deleted_after_a_yes(answer: str, code: ExitCode, said: str) -> None:
    api = FakeApi().add(a_job(status="succeeded"))
    words = ["delete", job_id(1)]
    asked = CliRunner().invoke(main, words, input=answer, obj=lambda **_: api.client())
    assert (asked.exit_code, len(api.requests)) == (code, code == ExitCode.DONE)
    assert said in asked.stderr
    run(api, *words, "--yes")
    assert api.lines()[-1] == f"DELETE /jobs/{job_id(1)}"


def test_an_outage_and_a_long_wait_have_exit_codes() -> None:
    down = httpx.Response(503)
    run(FakeApi(script=[down] * 9), "get", job_id(1), code=ExitCode.UNAVAILABLE)
    waiting = FakeApi().add(a_job())
    result = run(waiting, "watch", job_id(1), "--timeout", "5", "--json", code=ExitCode.TIMED_OUT)
    assert json.loads(result.stdout)["error"]["job_ids"] == [job_id(1)]


def test_a_mistake_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        CliRunner().invoke(main, ["models"], obj=lambda **_: 1 / 0, catch_exceptions=False)


def test_the_exit_codes_are_documented() -> None:
    rows = re.findall(r"^\| (\d+) \|", text_of("docs/client.md"), re.MULTILINE)
    assert [*map(int, rows)] == [*ExitCode]


@pytest.mark.parametrize(
    "command", ["get", "cancel", "delete", "archive", "retry", "watch", "download"]
)
def test_an_id_that_is_none_is_refused_at_once(command: str) -> None:
    api = FakeApi()
    assert "no job's id" in run(api, command, "../job", code=2).stderr
    assert api.requests == []


@pytest.mark.parametrize("command", ["get", "list", "cancel"])
def test_strangers_words_steer_no_terminal(command: str) -> None:
    error = {"kind": "refused", "message": HOSTILE, "code": "1", "may_be_charged": True}
    job = a_job(status="failed", input={"prompt": HOSTILE}, model=HOSTILE, error=error)
    api = FakeApi().add(job)
    shown = run(api, command, *([] if command == "list" else [job_id(1)])).stdout
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", shown)
    assert "[red]A]0;title door door31m[/red]:boom:" in shown


def test_a_problem_s_words_steer_no_terminal() -> None:
    bad = [{"field": HOSTILE, "message": HOSTILE}]
    api = FakeApi(script=[problem(400, "invalid-request", detail=HOSTILE, errors=bad)])
    shown = run(api, "cancel", job_id(1), code=2).stderr
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)


def test_clean_keeps_what_people_write() -> None:
    assert clean("Ein blaues Tür, 蓝色的门 👩‍🎨") == "Ein blaues Tür, 蓝色的门 👩‍🎨"


def test_json_is_one_line_for_each_item_and_ascii() -> None:
    api = FakeApi().add(a_job(1, input={"prompt": HOSTILE + "蓝"}), a_job(2, "succeeded"))
    shown = run(api, "list", "--json").stdout
    assert shown.isascii()
    jobs = [json.loads(line) for line in shown.splitlines()]
    assert jobs[0]["input"]["prompt"] == HOSTILE + "蓝"
    assert jobs[0]["created_at"] == a_job()["created_at"]
    assert jobs[1]["images"][0]["sha256"] == an_image(2)["sha256"]


def test_list_ends_where_it_is_told_to() -> None:
    api = FakeApi().add(*(a_job(number, source="a.csv") for number in range(1, 9)))
    assert len(run(api, "list", "-n", "3", "--source", "a.csv").stdout.splitlines()) == 3
    assert len(api.requests) == 1


def test_watch_shows_the_way_and_then_the_result() -> None:
    line = [FOLLOWING, {"events": [an_event(1, "running")]}, lambda api: api.end(),
            {"events": [an_event(1, "succeeded")]}]  # fmt: skip
    result = run(FakeApi(told=[line]).add(a_job()), "watch", job_id(1))
    assert f"12:00:00Z  {job_id(1)}  job.running" in result.stderr
    assert re.search(r"status +succeeded", result.stdout)


def test_watch_without_a_job_shows_every_event() -> None:
    def stop(api: FakeApi) -> None:
        raise KeyboardInterrupt

    line = [FOLLOWING, {"events": [an_event(1, "running"), an_event(2, "failed")]}, stop]
    shown = run(FakeApi(told=[line]), "watch", code=ExitCode.INTERRUPTED).stdout
    assert [each.split()[1:] for each in shown.splitlines()] == [
        [job_id(1), "job.running"],
        [job_id(2), "job.failed"],
    ]


def test_watching_every_job_takes_no_timeout() -> None:
    api = FakeApi()
    assert "jobs that you name" in run(api, "watch", "--timeout", "1", code=2).stderr
    assert api.requests == []


def test_models_are_listed_with_their_fields() -> None:
    size = {"enum": ["1K", "2K"], "default": "1K", "description": "The long side."}
    api = FakeApi(models=[a_model(), a_model("seedream/x", size=size)])
    assert run(api, "models").stdout.splitlines()[1] == "seedream/x\tkie\tunknown\tOne image."
    fields = run(api, "models", "seedream/x").stdout.splitlines()
    assert fields[1] == "size\t\t1K\t1K 2K\tThe long side."
    assert [json.loads(each)["id"] for each in run(api, "models", "--json").stdout.splitlines()]


def test_a_price_is_told_and_nothing_bought() -> None:
    api = FakeApi(models=[a_model()])
    shown = run(api, "price", MODEL, "-p", "A blue door").stdout
    assert shown == "The job is valid: about 3.5 to 7 credits, as of 2026-08-19.\n"
    assert api.jobs == {}


RECEIVER: dict[str, object] = {
    **{"id": "studio.example", "url": "studio.example/hooks", "is_default": True, "state": "off"},
    **{"reason": "gone", "since": "2026-11-27T12:00:00+00:00"},
    "failing_since": "2026-11-22T12:00:00+00:00",
}
ACCOUNT: dict[str, object] = {
    "client": "studio",
    "scopes": ["jobs:read", "jobs:write"],
    "providers": [
        {
            **{"provider": "kie", "name": "kie", "state": "paused", "reason": "no_credits"},
            "until": None,
            **{"since": "2026-11-27T12:00:00+00:00", "credits": 0.5, "credits_at": None},
        }
    ],
    "receivers": [RECEIVER],
}


def test_an_account_shows_scopes_providers_and_receivers() -> None:
    api = FakeApi(others={"/account": ACCOUNT})
    at = "2026-11-27 12:00:00Z"
    assert run(api, "account").stdout.splitlines() == [
        "client studio: jobs:read jobs:write",
        f"provider\tkie\tpaused\tno_credits\t{at}\t0.5",
        f"receiver\tstudio.example/hooks\toff\tgone\t{at}\t",
    ]
    assert json.loads(run(api, "account", "--json").stdout)["client"] == "studio"


def test_a_receiver_is_resumed_before_the_account_is_shown() -> None:
    resumed = "/account/receivers/127.0.0.1:4567/resume"
    api = FakeApi(others={"/account": ACCOUNT, resumed: RECEIVER})
    run(api, "account", "--resume", "127.0.0.1:4567")
    assert [each.url.raw_path for each in api.requests] == [
        b"/account/receivers/127.0.0.1%3A4567/resume",
        b"/account",
    ]


def a_drop(file: str = "requests/kites.csv", **more: object) -> dict[str, object]:
    return {
        **{"file": file, "version": "v", "dropped_at": "2026-11-27T12:00:00+00:00"},
        **{"kind": "csv", "dry_run": False, "state": "running", "rows": 3, "bad_rows": 1},
        **{"fault": None, "jobs": {"running": 1, "succeeded": 1}, "credits": 3.5},
        **{"jobs_without_credits": 1, "estimate": None, "updated_at": None},
        **more,
    }


def test_drops_lists_files_over_pages() -> None:
    pages = [
        {"drops": [a_drop("requests/1.csv"), a_drop("requests/2.csv")], "cursor": "there"},
        {"drops": [a_drop("requests/3.csv", dropped_at=None, jobs={})], "cursor": None},
    ]
    api = FakeApi(script=[httpx.Response(200, json=page) for page in pages])
    lines = run(api, "drops", "-n", "99").stdout.splitlines()
    assert lines == [
        f"requests/{n}.csv\trunning\t2026-11-27 12:00:00Z\t3\t1\t3.5\trunning=1 succeeded=1"
        for n in (1, 2)
    ] + ["requests/3.csv\trunning\t\t3\t1\t3.5\t"]
    assert [dict(each.url.params) for each in api.requests] == [
        {"limit": "50"},
        {"limit": "50", "cursor": "there"},
    ]


def test_drops_shows_the_bad_rows_of_a_file() -> None:
    errors = [{"field": "input.seed", "message": HOSTILE}, {"field": "", "message": "no"}]
    found = a_drop("requests/a b+ü.csv") | {
        "bad": [{"row": 2, "prompt": HOSTILE, "errors": errors}],
        **{"cursor": None, "receipts": [{"key": "receipts/a", "url": "https://s3.example/a"}]},
    }
    api = FakeApi(others={"/drops/requests/a b+ü.csv": found})
    shown = run(api, "drops", "requests/a b+ü.csv")
    assert shown.stdout == f"2\t{clean(HOSTILE)}\tinput.seed: {clean(HOSTILE)}; no\n"
    assert "https://s3.example/a" in shown.stderr
    assert api.requests[0].url.raw_path == b"/drops/requests/a%20b%2B%C3%BC.csv"
    assert json.loads(run(api, "drops", "requests/a b+ü.csv", "--json").stdout)["bad_rows"] == 1


def test_a_timeline_has_a_line_for_each_step() -> None:
    steps = [
        {"step": "accepted", "at": "2026-11-27T12:00:00.125+00:00"},
        {"step": "decided", "at": "2026-11-27T12:00:07+00:00", "by": HOSTILE},
        {"step": "news", "at": "2026-11-27T12:00:08+00:00", "unheard": 1, "milliseconds": 0},
    ]
    found = {"job_id": job_id(1), "status": "running", "steps": steps}
    api = FakeApi(others={f"/jobs/{job_id(1)}/timeline": found})
    lines = run(api, "timeline", job_id(1)).stdout.splitlines()
    assert lines[0] == "2026-11-27 12:00:00.125Z\taccepted\t"
    assert lines[1] == f"2026-11-27 12:00:07.000Z\tdecided\tby={clean(HOSTILE)}"
    assert lines[2] == "2026-11-27 12:00:08.000Z\tnews\tmilliseconds=0"
    shown = json.loads(run(api, "timeline", job_id(1), "--json").stdout)
    assert [step["step"] for step in shown["steps"]] == ["accepted", "decided", "news"]


@pytest.mark.parametrize("command", ["archive", "retry"])
def test_changes_name_the_route(command: str) -> None:
    api = FakeApi().add(a_job())
    run(api, command, job_id(1))
    assert api.lines() == [f"POST /jobs/{job_id(1)}/{command}"]


def test_the_key_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    given = dict[str, str]()

    def client(**settings: str) -> object:
        given.update(settings)
        return FakeApi().client()

    arguments = ["models", "--key-file", str(tmp_path / "key"), "--api-url", "https://a.example"]
    assert CliRunner().invoke(main, arguments, obj=client).exit_code == 0
    assert (given["key"].strip(), given["api_url"]) == (KEY, "https://a.example")


def test_a_file_that_is_no_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe")
    for command in ("models", "doctor"):
        words = [command, "--key-file", str(tmp_path / "key"), "--api-url", "https://a.example"]
        result = CliRunner().invoke(main, words)
        assert "characters that no key has" in result.output
        assert result.exit_code in (1, 2)


@pytest.mark.parametrize(("mode", "is_told"), [(0o600, False), (0o640, True)])
def test_the_doctor_sees_who_can_read_the_key(tmp_path: Path, mode: int, *, is_told: bool) -> None:
    path = tmp_path / "key"
    path.write_text(KEY)
    path.chmod(mode)
    api = FakeApi(models=[a_model()], told=[[FOLLOWING]])
    assert (f"chmod 600 {path}" in run(api, "doctor", "--key-file", path).stdout) == is_told


def test_without_settings_a_command_says_what_to_set() -> None:
    result = CliRunner().invoke(main, ["models"], env={"RINGBACK_KEY": None})
    assert (result.exit_code, "set RINGBACK_KEY" in result.stderr) == (2, True)


def test_every_command_has_help_with_an_example() -> None:
    for name in main.commands:
        shown = CliRunner().invoke(main, [name, "--help"]).stdout
        assert re.search(rf"^  ringback {name}\b", shown, re.MULTILINE), name


def test_downloads_have_names_of_our_own_and_are_verified(tmp_path: Path) -> None:
    api = FakeApi().add(*(a_job(number, "succeeded", source="a.csv") for number in (1, 2, 3)))
    shown = run(api, "download", "--source", "a.csv", "-o", tmp_path, "--json").stdout
    assert {json.loads(line)["path"] for line in shown.splitlines()} == {
        str(tmp_path / f"{job_id(number)}-1.png") for number in (1, 2, 3)
    }
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {IMAGE}


def test_one_image_that_is_wrong_does_not_keep_the_others(tmp_path: Path) -> None:
    wrong = a_job(1, "succeeded", images=[an_image(1) | {"sha256": "0" * 64}])
    api = FakeApi().add(wrong, a_job(2, "succeeded"))
    twice = [job_id(1), job_id(2), job_id(2)]
    result = run(api, "download", *twice, "-o", tmp_path, code=8)
    assert api.lines().count(f"GET /jobs/{job_id(2)}") == 1
    assert [path.name for path in tmp_path.iterdir()] == [f"{job_id(2)}-1.png"]
    assert f"{job_id(1)}-1.png: its checksum" in result.stderr


def test_an_answer_s_id_names_no_file(tmp_path: Path) -> None:
    job = a_job(1, "succeeded", source="a.csv") | {"job_id": "../../job"}
    api = FakeApi().add(job)
    run(api, "download", "--source", "a.csv", "-o", tmp_path / "new", code=ExitCode.UNAVAILABLE)
    assert [*tmp_path.rglob("*")] == [tmp_path / "new"]


def test_a_download_of_nothing_is_told(tmp_path: Path) -> None:
    api = FakeApi().add(a_job(1, "failed", source="a.csv"), a_job(2, "succeeded", source="a.csv"))
    result = run(api, "download", "--source", "a.csv", "-o", tmp_path, code=1)
    assert result.stderr == f"{job_id(1)}: failed, 0 images\n"
    assert [path.name for path in tmp_path.iterdir()] == [f"{job_id(2)}-1.png"]
    shown = run(api, "download", job_id(1), "--json", code=1).stdout
    assert json.loads(shown) == {"job_id": job_id(1), "path": None, "error": "failed, 0 images"}
    result = run(api, "download", "--source", "b.csv", code=ExitCode.NOT_FOUND)
    assert "No jobs of b.csv: no such file was dropped" in result.stderr


def test_an_image_that_is_not_there_is_json_too(tmp_path: Path) -> None:
    wrong = a_job(1, "succeeded", images=[an_image(1) | {"url": None}])
    result = run(FakeApi().add(wrong), "download", job_id(1), "-o", tmp_path, "--json", code=8)
    [line] = result.stdout.splitlines()
    assert "no link" in json.loads(line)["error"]


def test_download_needs_jobs_or_a_file() -> None:
    run(FakeApi(), "download", code=2)
    run(FakeApi(), "download", job_id(1), "--source", "a.csv", code=2)


def test_a_folder_that_cannot_be_made_is_an_error_of_the_command(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    output = tmp_path / "file" / "new"
    result = run(FakeApi(), "download", job_id(1), "-o", output, code=2)
    assert f"--output: {output}: Not a directory" in result.stderr


def test_the_doctor_finds_nothing_wrong() -> None:
    api = FakeApi(models=[a_model()], told=[[FOLLOWING]])
    shown = run(api, "doctor").stdout
    assert [line.split()[0] for line in shown.splitlines()] == ["ok"] * 5
    assert api.jobs == {}


@pytest.mark.parametrize(
    ("api", "words"),
    [
        (FakeApi(script=[httpx.Response(403)]), "the key is refused"),
        (FakeApi(script=[httpx.ConnectError("x")] * 9), "compare RINGBACK_API_URL"),
        (FakeApi(script=[httpx.Response(200, text="<html>")]), "compare RINGBACK_API_URL"),
        (FakeApi(), "compare RINGBACK_LIVE_URL"),
        (FakeApi(told=[[{"refused": "unknown key"}]]), "unknown key"),
        (FakeApi(script=[httpx.Response(200, json={"models": []}),
                         problem(403, "missing-scope")], told=[[FOLLOWING]]), "jobs:read"),
    ],
)  # fmt: skip
def test_the_doctor_says_what_to_do(api: FakeApi, words: str) -> None:
    shown = run(api, "doctor", code=1).stdout
    [failed] = [line for line in shown.splitlines() if line.startswith("failed")]
    assert words in failed


def test_the_doctor_s_notes_are_no_failures() -> None:
    ok = httpx.Response(200, json={"models": []})
    page = httpx.Response(200, json={"jobs": [], "cursor": None})
    api = FakeApi(script=[ok, page, problem(403, "missing-scope")], has_line=False)
    lines = run(api, "doctor", "--json").stdout.splitlines()
    assert [json.loads(each)["state"] for each in lines] == ["ok", "ok", "ok", "note", "note"]


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, *streams: TextIO) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for stream in streams:
        monkeypatch.setattr(stream, "isatty", lambda: True)


def test_a_table_on_a_terminal_has_no_markup_and_no_colour_if_none_is_wanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_a_terminal(monkeypatch, sys.stdout)
    monkeypatch.setenv("NO_COLOR", "1")
    show_table(("job", "prompt"), [("1", HOSTILE), (None, "2")])
    shown = capsys.readouterr().out
    assert "[red]A]0;title door door31m[/red]:boom:" in shown
    # Bold is no colour.
    assert {*re.findall(r"\x1b\[[^m]*m", shown)} <= {"\x1b[1m", "\x1b[0m"}


def test_a_bar_is_shown_on_terminals_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for is_terminal in (False, True):
        if is_terminal:
            on_a_terminal(monkeypatch, sys.stderr)
        with progress("sent", 3) as advance:
            advance(1)
        shown = capsys.readouterr()
        assert shown.out == ""
        assert ("1/3" in shown.err) == is_terminal
    monkeypatch.setenv("TERM", "dumb")
    with progress("sent", 3) as advance:
        advance(1)
    assert capsys.readouterr().err == ""


def test_what_is_printed_and_the_bar_keep_apart(tmp_path: Path) -> None:
    script = (
        "from ringback_cli.progress import progress",
        "with progress('images', 2) as bar:",
        " bar(1)",
        " with bar.aside(): print('one.png', flush=True)",
        " bar(1)",
        " with bar.aside(): print('two.png', flush=True)",
    )
    (tmp_path / "show.py").write_text("\n".join(script))
    screen = recorded(["python show.py"], {}, tmp_path)
    assert lines_of(screen) == ["$ python show.py", "one.png", "two.png"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (40, [["job"], [job_id(1)], ["status: archive_failed"],
              ["created: 2026-11-27 12:00:00Z"], ["images: 12"],
              ["model: bytedance/seedream-v4-edit"]]),
        (80, [["job", "status", "created", "images"],
              [job_id(1), "archive_failed", "2026-11-27 12:00:00Z", "12"],
              ["model: bytedance/seedream-v4-edit"]]),
        (120, [["job", "status", "created", "images", "model"],
               [job_id(1), "archive_failed", "2026-11-27 12:00:00Z", "12",
                "bytedance/seedream-v4-edit"]]),
    ],
)  # fmt: skip
def test_a_terminal_cuts_no_cell(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    columns: int,
    expected: list[list[str]],
) -> None:
    """What a terminal is too narrow for comes below, between its cells."""
    on_a_terminal(monkeypatch, sys.stdout)
    monkeypatch.setenv("COLUMNS", str(columns))
    at = datetime(2026, 11, 27, 12, tzinfo=UTC)
    row = (job_id(1), "archive_failed", at, 12, "bytedance/seedream-v4-edit")
    show_table(("job", "status", "created", "images", "model"), [row])
    shown = re.sub(r"\x1b\[[^m]*m", "", capsys.readouterr().out).splitlines()
    assert [re.split("  +", line.strip()) for line in shown] == expected
    assert max(map(len, shown)) <= columns


def test_a_cell_that_is_wider_than_a_terminal_is_folded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_a_terminal(monkeypatch, sys.stdout)
    monkeypatch.setenv("COLUMNS", "20")
    show_table(("job", ""), [(job_id(1), "蓝色的门" * 9)])
    shown = re.sub(r"\x1b\[[^m]*m|\s", "", capsys.readouterr().out)
    assert shown == f"job{job_id(1)}{'蓝色的门' * 9}"


def test_moments_that_are_printed_are_read() -> None:
    zone = timezone(timedelta(hours=2))
    assert moment_text(datetime(2026, 11, 27, 14, tzinfo=zone)) == "2026-11-27 12:00:00Z"
    assert moment("2026-11-27 12:00:00Z") == datetime(2026, 11, 27, 12, tzinfo=UTC)
    for wrong in ("tomorrow", "0001-01-01T00:00+14:00"):
        assert f"{wrong} is no date" in run(FakeApi(), "list", "--since", wrong, code=2).stderr


@pytest.mark.parametrize("command", ["list", "drops"])
def test_no_limit_is_too_large_to_count(command: str) -> None:
    api = FakeApi(others={"/drops": {"drops": [], "cursor": None}})
    run(api, command, "-n", "9" * 20)


def test_the_shell_completes_commands() -> None:
    env = {"_RINGBACK_COMPLETE": "zsh_complete", "COMP_WORDS": "ringback do", "COMP_CWORD": "1"}
    shown = CliRunner().invoke(main, [], env=env, prog_name="ringback").stdout
    assert "download" in shown.split("\n")
    assert "doctor" in shown.split("\n")


def test_errors_of_every_class_have_a_code() -> None:
    assert exit_code_of(errors.WaitTimedOut(["x"])) is ExitCode.TIMED_OUT
    assert str(errors.WaitTimedOut(["x"] * 12)).endswith("x, x and 2 more")
    assert exit_code_of(errors.LineRefused("x")) is ExitCode.NOT_ALLOWED
    assert exit_code_of(OSError()) is ExitCode.WRONG_REQUEST
    assert exit_code_of(BrokenPipeError()) is ExitCode.NOT_READ
    assert exit_code_of(ZeroDivisionError()) is None


def test_list_has_the_filters_of_the_api() -> None:
    api = FakeApi()
    run(
        *(api, "list", "-s", "failed", "--status", "expired", "--model", MODEL, "-t", "spring"),
        *("--tag", "order 66", "--search", "blue door", "--since", "2026-11-27", "-n", "7"),
        *("--until", "2026-11-28T12:30+02:00"),
    )
    [request] = api.requests
    assert dict(request.url.params) == {
        **{"from": "2026-11-27T00:00:00+00:00", "to": "2026-11-28T10:30:00+00:00"},
        **{"status": "failed,expired", "model": MODEL, "tag": "spring,order 66"},
        **{"q": "blue door", "limit": "7"},
    }


def test_usage_is_a_table_of_the_month() -> None:
    counts = {"jobs": 3, "succeeded": 2, "failed": 1, "images": 2, "credits": 7.0, "bytes": 9}
    page = {"usage": [{"day": "2026-11-27", **counts}], "cursor": None}
    api = FakeApi(others={"/usage": page})
    assert run(api, "usage").stdout == "2026-11-27\t3\t2\t1\t2\t7.0\t9\n"
    since = datetime.fromisoformat(api.requests[0].url.params["from"])
    assert (since.day, since.hour, since.tzinfo) == (1, 0, UTC)
    shown = run(api, "usage", "--by", "day", "--since", "2026-11-01", "--json").stdout
    assert json.loads(shown)["bytes"] == 9
    assert api.requests[1].url.params["from"] == "2026-11-01T00:00:00+00:00"
