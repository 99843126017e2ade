"""Every recipe of the client's page is run, against a Ringback in memory."""

import re
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import ringback_client
from click.testing import CliRunner
from ringback.callbacks.standard_webhooks import signed_headers, signing_keys
from ringback.domain.clock import utc_now
from ringback_cli.main import main

from tests.support.client_api import (
    FOLLOWING,
    FakeApi,
    a_job,
    a_model,
    an_event,
    job_id,
    problem,
)
from tests.support.repository import blocks, text_of
from tests.support.webhooks import OLD_SECRET, SECRET, a_webhook

PAGE: Final = "docs/client.md"
RECIPES: Final = {
    (block.title.removeprefix("recipe: "), block.kind): block.text
    for kind in ("sh", "python")
    for block in blocks(PAGE, kind)
    if block.title.startswith("recipe: ")
}


def ends(*numbers: int) -> list[Any]:
    """Return what the line tells while these jobs succeed."""
    told: list[Any] = [FOLLOWING]
    for number in numbers:
        told += [lambda api, number=number: api.end(number)]
        told += [{"events": [an_event(number, "succeeded")]}]
    return told


def run_python(name: str, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(ringback_client, "Ringback", api.client)
    monkeypatch.setattr(ringback_client, "AsyncRingback", api.async_client)
    names: dict[str, Any] = {}
    exec(RECIPES[name, "python"], names)  # noqa: S102 that is what is tested
    return names


def run_shell(name: str, api: FakeApi) -> str:
    shown = ""
    for line in RECIPES[name, "sh"].splitlines():
        program, *arguments = shlex.split(line)
        assert program == "ringback"
        result = CliRunner().invoke(main, arguments, obj=lambda **settings: api.client())
        assert result.exit_code == 0, result.output
        shown += result.stdout
    return shown


def test_the_page_has_these_recipes() -> None:
    assert {name for name, _ in RECIPES} == {
        *("one job", "a sheet", "an image", "many jobs", "what failed", "a webhook"),
        "find jobs again",
    }
    assert len(re.findall("<!-- recipe", text_of(PAGE))) == len(RECIPES)


def test_one_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shell = FakeApi(models=[a_model(image_size={"type": "string"})], told=[ends(1)])
    [*_, downloaded] = run_shell("one job", shell).splitlines()
    Path(downloaded).unlink()
    run_python("one job", FakeApi(told=[ends(1)]), monkeypatch)
    assert capsys.readouterr().out.split() == [downloaded]
    assert Path(downloaded).exists()


def test_a_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("kites.csv").write_text("prompt\nA red kite\nA blue kite\n")
    api = FakeApi(models=[a_model()], told=[ends(1, 2)])
    assert len(run_shell("a sheet", api).splitlines()) == 3
    assert len(api.jobs) == 2


def test_an_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("fox.jpg").write_bytes(b"\xff\xd8\xff a fox")
    shell = FakeApi(models=[a_model("bytedance/seedream-v4-edit")])
    run_shell("an image", shell)
    python = FakeApi(uploads=shell.uploads)
    run_python("an image", python, monkeypatch)
    assert capsys.readouterr().out.split() == [job_id(1)]
    inputs = [api.jobs[job_id(1)]["input"] for api in (shell, python)]
    assert inputs[0] == inputs[1]
    assert inputs[0]["image_urls"][0].startswith("s3://")
    assert (len(shell.forms), len(python.forms)) == (1, 0)


def test_many_jobs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run_python("many jobs", FakeApi(told=[ends(2, 1)]), monkeypatch)
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["succeeded"] * 2


def test_what_failed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    error = {"kind": "refused", "message": "no", "code": "422", "may_be_charged": False}
    failed = a_job(status="failed", source="requests/kites.csv", row=2, error=error)
    wrong = problem(400, "invalid-request", errors=[{"field": "input.size", "message": "none"}])
    run_python("what failed", FakeApi(script=[wrong]).add(failed), monkeypatch)
    assert capsys.readouterr().out == "input.size: none\n2 refused no False\n"
    run_python("what failed", FakeApi(script=[problem(503, "not-queued")] * 5), monkeypatch)
    assert capsys.readouterr().out == "Nothing was bought; send it again: Not so.\n"


def test_a_webhook(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    receive = run_python("a webhook", FakeApi(), monkeypatch)["receive"]
    webhook = a_webhook()
    for secret, age, status in ((SECRET, 0, 204), (OLD_SECRET, 0, 400), (SECRET, 999, 400)):
        sent_at = utc_now() - timedelta(seconds=age)
        headers = signed_headers(webhook, signing_keys(SECRET), at=sent_at)
        assert receive(webhook.body.encode(), headers, secret) == status
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_finding_jobs_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = {"jobs": 1, "succeeded": 1, "failed": 0, "images": 1, "credits": 3.5, "bytes": 9}
    page = {"usage": [{"model": "m", **counts}], "cursor": None}
    api = FakeApi(others={"/usage": page}).add(a_job(tags=["spring"]))
    assert [line.split("\t")[0] for line in run_shell("find jobs again", api).splitlines()] == [
        *(job_id(1), "m")
    ]
    run_python("find jobs again", api, monkeypatch)
    assert capsys.readouterr().out == f"{job_id(1)} accepted ('spring',)\nm 1 3.5\n"
    asked = [dict(each.url.params) for each in api.requests]
    assert [each.get("q") for each in asked] == ["paper boat", None, "paper boat", None]
