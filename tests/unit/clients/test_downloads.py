"""Images arrive whole, and under names of our own."""

import asyncio
import errno
import os
from pathlib import Path
from typing import BinaryIO

import httpx
import pytest
from ringback_client import errors
from ringback_client.http import Writer
from ringback_client.partial_files import open_at

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


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (None, "it has no link; images of this age may be deleted"),
        ("http://bucket.example/1.png", "its link is not https://"),
        ("file:///etc/passwd", "its link is not https://"),
    ],
)
def test_a_link_is_encrypted(tmp_path: Path, url: str | None, said: str) -> None:
    api = api_with(url=url)
    with pytest.raises(errors.DownloadFailed, match=f"{NAME}: {said}"):
        api.client().jobs.download(job_id(1), tmp_path)
    assert (len(api.requests), api.slept) == (1, [])


def test_a_link_in_the_folder_leads_to_no_other_file(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"x")
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in (NAME, f"{NAME}.part"):
        (folder / name).symlink_to(precious)
    [path] = api_with().client().jobs.download(job_id(1), folder)
    assert (path.is_symlink(), path.read_bytes(), precious.read_bytes()) == (False, IMAGE, b"x")
    assert [each.name for each in folder.iterdir()] == [NAME]


def test_a_pipe_in_the_folder_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"{NAME}.part")
    [path] = api_with().client().jobs.download(job_id(1), tmp_path)
    assert path.read_bytes() == IMAGE


def test_no_link_is_followed_that_was_made_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "part").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="symbolic"):
        open_at(tmp_path / "part", 0)


@pytest.mark.parametrize("in_the_way", [NAME, f"{NAME}.part"])
def test_what_the_file_system_refuses_is_told(tmp_path: Path, in_the_way: str) -> None:
    (tmp_path / in_the_way).mkdir()
    with pytest.raises(errors.DownloadFailed, match=f"{NAME}: .*directory"):
        api_with().client().jobs.download(job_id(1), tmp_path)
    with pytest.raises(errors.DownloadFailed, match="not a directory"):
        (tmp_path / "file").touch()
        api_with().client().jobs.download(job_id(1), tmp_path / "file" / "new")


def test_a_full_disk_is_told_and_the_part_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(writer: Writer, file: BinaryIO, chunk: bytes) -> bool:
        file.write(chunk[:64])
        file.flush()
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(Writer, "write", write)
        with pytest.raises(errors.DownloadFailed, match=f"{NAME}: no space left on device"):
            api_with().client().jobs.download(job_id(1), tmp_path)
    rest = httpx.Response(206, content=IMAGE[64:], headers={"Content-Range": "bytes 64-/x"})
    [path] = api_with(rest).client().jobs.download(job_id(1), tmp_path)
    assert path.read_bytes() == IMAGE


def test_two_downloads_do_not_mix(tmp_path: Path) -> None:
    part = tmp_path / f"{NAME}.part"
    with open_at(part, 0) as other:
        api = api_with()
        with pytest.raises(errors.DownloadFailed, match="another download writes it"):
            api.client().jobs.download(job_id(1), tmp_path)
        other.write(IMAGE)

        def end(_: FakeApi) -> None:
            other.close()
            part.replace(tmp_path / NAME)

        api.on_sleep = end
        [path] = api.client().jobs.download(job_id(1), tmp_path)
    assert path.read_bytes() == IMAGE


def test_what_another_download_has_taken_is_not_continued(tmp_path: Path) -> None:
    """The file that was looked at a moment ago has been moved, and this one is new."""
    with pytest.raises(BlockingIOError):
        open_at(tmp_path / "part", 64)


def test_the_asynchronous_client_downloads_the_same_way(tmp_path: Path) -> None:
    api = api_with(httpx.Response(403), httpx.ReadError("reset"))

    async def journey() -> list[bytes]:
        async with api.async_client() as client:
            paths = await client.jobs.download(job_id(1), tmp_path)
        return [path.read_bytes() for path in paths]

    assert asyncio.run(journey()) == [IMAGE]
