"""Images on this computer are uploaded, once, and never in place of something else."""

import asyncio
import io
import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from ringback_cli.exits import ExitCode
from ringback_cli.main import main
from ringback_client import errors
from ringback_client.local_images import content_type_of

from tests.support.client_api import FakeApi, a_model, problem

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 999
JPEG, WEBP = b"\xff\xd8\xff\xe0" + b"j" * 99, b"RIFF\0\0\0\0WEBP" + b"w" * 99
MODEL = "bytedance/seedream-v4-edit"
URLS = {"image_urls": {"type": "array", "items": {"type": "string", "format": "uri"}}}
BROKEN = httpx.WriteError("reset")


@pytest.fixture
def fox(tmp_path: Path) -> Path:
    path = tmp_path / "fox.jpg"  # the name says nothing
    path.write_bytes(PNG)
    return path


def opened(api: FakeApi) -> list[dict[str, Any]]:
    return [json.loads(each.content) for each in api.requests if each.url.path == "/uploads"]


def inputs(api: FakeApi) -> list[dict[str, Any]]:
    return [json.loads(each.content)["input"] for each in api.requests if each.url.path == "/jobs"]


def image(content: bytes) -> str:
    api = FakeApi()
    return api.client().uploads.create(content).image


def test_a_file_is_described_and_sent_as_it_is(fox: Path) -> None:
    api = FakeApi()
    upload = api.client().uploads.create(fox)
    assert opened(api) == [
        {"sha256": upload.image.rpartition("/")[2], "bytes": len(PNG), "content_type": "image/png"}
    ]
    assert upload.kept_until.isoformat() == "2026-12-04T12:00:00+00:00"
    [form] = api.forms
    assert form["file"] == PNG
    assert b"fox" not in api.requests[-1].content


def test_what_is_there_is_not_sent_again(fox: Path) -> None:
    api = FakeApi()
    sources: list[Any] = [fox, str(fox), PNG, io.BytesIO(PNG)]
    assert len({api.client().uploads.create(each).image for each in sources}) == 1
    assert len(api.forms) == 1


def test_an_open_file_is_sent_from_its_beginning_and_stays_open(fox: Path) -> None:
    api = FakeApi()
    with fox.open("rb") as file:
        file.read(9)
        api.client().uploads.create(file)
        assert not file.closed
    assert api.forms[0]["file"] == PNG


def test_progress_is_told_to_the_end(fox: Path) -> None:
    api, told = FakeApi(), list[tuple[int, int]]()
    api.client().uploads.create(fox, on_sent=lambda *each: told.append(each))
    assert told[-1] == (len(PNG), len(PNG))
    assert {size for _, size in told} == {len(PNG)}
    assert len({sent for sent, _ in told}) > 3


def test_what_is_there_is_told_as_sent(fox: Path) -> None:
    api, told = FakeApi(), list[tuple[int, int]]()
    api.client().uploads.create(fox)
    api.client().uploads.create(fox, on_sent=lambda *each: told.append(each))
    assert told == [(len(PNG), len(PNG))]


@pytest.mark.parametrize("failure", [BROKEN, httpx.Response(503)])
def test_opening_is_safe_to_repeat(fox: Path, failure: Any) -> None:
    api = FakeApi(script=[failure])
    api.client().uploads.create(fox)
    assert len(opened(api)) == 2


@pytest.mark.parametrize(
    "failure", [BROKEN, httpx.ConnectError("none"), httpx.Response(503), httpx.Response(403)]
)
def test_a_form_is_opened_again_until_it_is_taken(fox: Path, failure: Any) -> None:
    api = FakeApi(bucket=[failure, failure])
    assert api.client().uploads.create(fox).image == image(PNG)
    assert (len(opened(api)), api.slept) == (3, [0.5, 1])


def test_what_seemed_lost_may_have_arrived(fox: Path) -> None:
    api = FakeApi(bucket=[BROKEN])
    api.on_sleep = lambda api: api.uploads.add(image(PNG).rpartition("/")[2])
    api.client().uploads.create(fox)
    assert len(api.forms) == 1


def test_tries_end_and_a_refusal_ends_them(fox: Path) -> None:
    api = FakeApi(bucket=[BROKEN] * 9)
    with pytest.raises(errors.UploadFailed, match="the connection broke"):
        api.client().uploads.create(fox)
    assert len(api.forms) == 5
    wrong = httpx.Response(400, text="<Error><Code>MalformedPOSTRequest</Code></Error>")
    api = FakeApi(bucket=[wrong])
    with pytest.raises(errors.UploadFailed, match="answered 400 MalformedPOSTRequest"):
        api.client().uploads.create(fox)
    assert api.slept == []


def test_a_file_that_changes_while_it_is_read_is_not_taken(fox: Path) -> None:
    class Changing(io.BytesIO):
        def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
            if whence == os.SEEK_SET and self.tell() == len(PNG):
                self.getbuffer()[-1:] = b"!"
            return super().seek(offset, whence)

    with pytest.raises(errors.UnusableFile, match="changed while it was read"):
        FakeApi().client().uploads.create(Changing(PNG))


def test_a_form_that_is_not_encrypted_gets_nothing(fox: Path) -> None:
    form = {"image": "s3://d/u", "uploaded": False, "url": "http://bucket.example/", "fields": {}}
    more = {"expires_at": None, "kept_until": "2026-12-04T12:00:00+00:00"}
    api = FakeApi(script=[httpx.Response(201, json=form | more)])
    with pytest.raises(errors.UnexpectedAnswer, match="https"):
        api.client().uploads.create(fox)
    assert api.forms == []


def test_what_cannot_be_an_input_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "page.png").write_text("<html>")
    read, write = os.pipe()
    os.close(write)
    api = FakeApi()
    with os.fdopen(read, "rb") as pipe, (tmp_path / "page.png").open() as text:
        wrong: list[tuple[Any, str]] = [
            *((tmp_path / name, "no such file") for name in ("none", "pipe", "")),
            (tmp_path / "page.png", "not a JPEG, PNG or WebP"),
            *((b"GIF89a", "not a JPEG"), (b"", "not a JPEG")),
            *((pipe, "read only once"), (text, "open for text")),
        ]
        for source, why in wrong:
            with pytest.raises(errors.UnusableFile, match=why):
                api.client().uploads.create(source)
    assert api.requests == []


def test_types_are_told_by_the_first_bytes() -> None:
    kinds = {PNG: "image/png", JPEG: "image/jpeg", WEBP: "image/webp", b"RIFF": None}
    assert {head: content_type_of(head) for head in kinds} == kinds


def test_paths_and_bytes_in_an_input_are_uploaded_and_text_is_not(fox: Path) -> None:
    api = FakeApi()
    client = api.client()
    given = {"prompt": str(fox), "image_urls": [fox, "https://a.example/1.png", JPEG], "n": 2}
    found = given | {"image_urls": [image(PNG), "https://a.example/1.png", image(JPEG)]}
    client.jobs.create(MODEL, given)
    client.price(MODEL, given)
    assert inputs(api) == [found, found]
    with pytest.raises(errors.NotFound):  # no batches here
        client.jobs.create_many([{"model": MODEL, "input": given}])
    assert json.loads(api.requests[-1].content) == {"jobs": [{"model": MODEL, "input": found}]}


def test_the_asynchronous_client_uploads_as_well(fox: Path) -> None:
    api = FakeApi()

    async def post() -> None:
        async with api.async_client() as client:
            await client.jobs.create(MODEL, {"image_urls": [fox]})
            await client.uploads.create(JPEG)

    asyncio.run(post())
    assert inputs(api) == [{"image_urls": [image(PNG)]}]
    assert [form["file"] for form in api.forms] == [PNG, JPEG]


# ---------------------------------------------------------------- the command line


def run(api: FakeApi, *arguments: str | Path, code: int = 0) -> Result:
    command = [str(each) for each in arguments]
    result = CliRunner().invoke(main, command, obj=lambda **settings: api.client())
    assert result.exit_code == code, result.output
    return result


def an_api(**more: Any) -> FakeApi:
    return FakeApi(models=[a_model(MODEL, **URLS)], **more)


@pytest.mark.parametrize("command", ["submit", "price"])
def test_a_command_uploads_a_file(fox: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(fox.parent)
    api = an_api()
    run(api, command, MODEL, "-p", "fox.jpg", "-i", "./fox.jpg", "-i", "s3://b/fox.jpg")
    assert inputs(api) == [{"prompt": "fox.jpg", "image_urls": [image(PNG), "s3://b/fox.jpg"]}]


@pytest.mark.parametrize("name", ["none.jpg", "-", "https:/a.example/1.png", "", "."])
def test_what_is_neither_a_file_nor_a_url_is_not_sent(name: str) -> None:
    api = an_api()
    assert "neither a URL nor a file" in run(api, "submit", MODEL, "-i", name, code=2).stderr
    assert (opened(api), inputs(api)) == ([], [])


def test_a_command_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    (tmp_path / "page.png").write_text("<html>")
    shown = run(an_api(), "submit", MODEL, "-i", tmp_path / "page.png", code=ExitCode.WRONG_REQUEST)
    assert "page.png: not a JPEG, PNG or WebP file." in shown.stderr
    (tmp_path / "fox.png").write_bytes(PNG)
    api = an_api(bucket=[BROKEN] * 9)
    run(api, "submit", MODEL, "-i", tmp_path / "fox.png", code=ExitCode.UNAVAILABLE)
    assert api.jobs == {}


def test_a_batch_uploads_each_file_once_from_where_the_sheet_is(fox: Path) -> None:
    (fox.parent / "cat.png").write_bytes(PNG + b"cat")
    sheet = fox.parent / "sheet.csv"
    rows = ("x,fox.jpg", "x,fox.jpg|cat.png", "x,https://a.example/1.png")
    sheet.write_text("\n".join(["prompt,image_urls", *rows]))
    api = an_api()
    run(api, "batch", sheet, "--model", MODEL, "--parallel", "1")
    uploaded, cat = image(PNG), image(PNG + b"cat")
    assert [each["image_urls"] for each in inputs(api)] == [
        [uploaded],
        [uploaded, cat],
        ["https://a.example/1.png"],
    ]
    assert len(opened(api)) == 2
    run(api, "batch", sheet, "--model", MODEL, "--parallel", "1")
    assert len(api.jobs) == 3


def test_a_batch_with_a_missing_file_sends_nothing(fox: Path) -> None:
    sheet = fox.parent / "sheet.jsonl"
    rows = [{"model": MODEL, "input": {"image_urls": [name]}} for name in ("fox.jpg", "no.jpg")]
    sheet.write_text("\n".join(map(json.dumps, rows)))
    api = an_api()
    shown = run(api, "batch", sheet, code=2).stderr
    assert "Row 2: 'no.jpg' is neither a URL nor a file." in shown
    assert (opened(api), inputs(api)) == ([], [])


def test_a_row_whose_image_cannot_be_used_does_not_keep_the_others(fox: Path) -> None:
    (fox.parent / "page.png").write_text("<html>")
    sheet = fox.parent / "sheet.csv"
    sheet.write_text("prompt,image_urls\nx,page.png\ny,fox.jpg\n")
    api = an_api()
    shown = run(api, "batch", sheet, "--model", MODEL, "--parallel", "1", code=1)
    assert "page.png: not a JPEG, PNG or WebP file." in shown.stderr
    assert [each["prompt"] for each in inputs(api)] == ["y"]


def test_a_field_for_urls_may_have_any_name(fox: Path) -> None:
    urls = URLS["image_urls"]
    api = FakeApi(models=[a_model(MODEL, masks=urls, words={"type": "array"})])
    run(api, "submit", MODEL, "-f", f"masks={fox}", "-f", f"words={fox}")
    assert inputs(api) == [{"masks": [image(PNG)], "words": [str(fox)]}]


def test_a_key_that_may_not_upload_ends_a_batch(fox: Path) -> None:
    names = [f"{number}.png" for number in range(50)]
    for name in names:
        (fox.parent / name).write_bytes(PNG)
    sheet = fox.parent / "sheet.csv"
    sheet.write_text("\n".join(["prompt,image_urls", *(f"x,{name}" for name in names)]))
    model = httpx.Response(200, json=a_model(MODEL, **URLS))
    api = an_api(script=[model, *[problem(403, "missing-scope")] * 99])
    command = ("batch", sheet, "--model", MODEL, "--parallel", "1")
    run(api, *command, code=ExitCode.NOT_ALLOWED)
    assert inputs(api) == []
    assert len(opened(api)) < 25
