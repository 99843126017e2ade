"""Images arrive whole, and under names of our own."""

import asyncio
from pathlib import Path

import httpx
import pytest
from ringback_client import errors

from tests.support.client_api import IMAGE, FakeApi, a_job, an_image, job_id

NAME = f"{job_id(1)}-1.png"


def api_with(*answers: httpx.Response | Exception, **image: object) -> FakeApi:
    job = a_job(status="succeeded", images=[an_image(1) | image])
    return FakeApi(bucket=[*answers]).add(job)


def test_an_image_is_downloaded_once(tmp_path: Path) -> None:
    api = api_with()
    [path] = api.client().jobs.download(job_id(1), tmp_path / "new" / "folder")
    assert (path.name, path.read_bytes()) == (NAME, IMAGE)
    assert api.requests[-1].headers["accept-encoding"] == "identity"
    api.client().jobs.download(job_id(1), path.parent)
    assert [each.url.host for each in api.requests].count("bucket.example") == 1
    assert [each.name for each in path.parent.iterdir()] == [NAME]


def test_a_file_that_was_cut_is_continued(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(IMAGE[:100])
    rest = httpx.Response(
        206, content=IMAGE[100:], headers={"Content-Range": f"bytes 100-{len(IMAGE) - 1}/x"}
    )
    api = api_with(rest)
    [path] = api.client().jobs.download(job_id(1), tmp_path)
    assert path.read_bytes() == IMAGE
    assert api.requests[-1].headers["range"] == "bytes=100-"


def test_another_part_is_not_taken_for_the_rest(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(IMAGE[:100])
    other, rest = (
        httpx.Response(206, content=IMAGE[100:], headers={"Content-Range": f"bytes {begin}-/x"})
        for begin in (0, 100)
    )
    api = api_with(other, rest)
    [path] = api.client().jobs.download(job_id(1), tmp_path)
    assert path.read_bytes() == IMAGE
    assert [each.headers["range"] for each in api.requests[1:]] == ["bytes=100-"] * 2


class CutStream(httpx.SyncByteStream):
    def __iter__(self):  # type: ignore[no-untyped-def]
        yield IMAGE[:64]
        raise httpx.ReadError("reset")


def test_what_came_before_a_break_is_kept(tmp_path: Path) -> None:
    rest = httpx.Response(206, content=IMAGE[64:], headers={"Content-Range": "bytes 64-/x"})
    api = api_with(httpx.Response(200, stream=CutStream()), rest)
    [path] = api.client().jobs.download(job_id(1), tmp_path)
    assert path.read_bytes() == IMAGE
    assert [each.headers.get("range") for each in api.requests[1:]] == [None, "bytes=64-"]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=IMAGE),
        httpx.Response(206, content=IMAGE, headers={"Content-Range": "bytes 0-9/9"}),
        httpx.Response(416),
        httpx.Response(206, content=b"!" * len(IMAGE), headers={"Content-Range": "bytes 50-/x"}),
        httpx.Response(500, content=b"<Error>"),
    ],
)
def test_a_part_that_does_not_fit_is_replaced(tmp_path: Path, answer: httpx.Response) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(b"?" * 50)
    api = api_with(answer)
    [path] = api.client().jobs.download(job_id(1), tmp_path)
    assert path.read_bytes() == IMAGE


def test_a_link_that_has_expired_is_asked_for_again(tmp_path: Path) -> None:
    api = api_with(httpx.Response(403, content=b"<Error>"))
    assert len(api.client().jobs.download(job_id(1), tmp_path)) == 1
    assert api.lines().count(f"GET /jobs/{job_id(1)}") == 2


def test_wrong_bytes_are_never_kept(tmp_path: Path) -> None:
    wrong = httpx.Response(200, content=b"x" * len(IMAGE))
    with pytest.raises(errors.DownloadFailed, match="checksum"):
        api_with(*[wrong] * 5).client().jobs.download(job_id(1), tmp_path)
    assert [*tmp_path.iterdir()] == []


def test_no_more_is_written_than_the_job_says(tmp_path: Path) -> None:
    endless = httpx.Response(200, content=IMAGE + b"x" * 10_000)
    api = api_with(endless)
    [path] = api.client().jobs.download(job_id(1), tmp_path)
    assert path.read_bytes() == IMAGE
    assert len(api.requests) == 2


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ({"content_type": "image/jpeg"}, "1.jpg"),
        ({"content_type": "text/html", "extension": "../html"}, "1.bin"),
        ({"key": f"images/{job_id(1)}/7.png"}, "7.png"),
        ({"key": "images/../../etc/passwd"}, "1.png"),
    ],
)
def test_a_name_is_never_from_the_answer(
    tmp_path: Path, image: dict[str, object], name: str
) -> None:
    [path] = api_with(**image).client().jobs.download(job_id(1), tmp_path)
    assert path == tmp_path / f"{job_id(1)}-{name}"


@pytest.mark.parametrize("url", [None, "http://bucket.example/1.png", "file:///etc/passwd"])
def test_a_link_is_encrypted(tmp_path: Path, url: str | None) -> None:
    api = api_with(url=url)
    with pytest.raises(errors.DownloadFailed, match="https"):
        api.client().jobs.download(job_id(1), tmp_path)
    assert "bucket.example" not in [each.url.host for each in api.requests]


def test_the_asynchronous_client_downloads_the_same_way(tmp_path: Path) -> None:
    api = api_with(httpx.Response(403), httpx.ReadError("reset"))

    async def journey() -> list[bytes]:
        async with api.async_client() as client:
            paths = await client.jobs.download(job_id(1), tmp_path)
        return [path.read_bytes() for path in paths]

    assert asyncio.run(journey()) == [IMAGE]
