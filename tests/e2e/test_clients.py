"""The whole journey by the command line alone, and by the client for Python."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest
from botocore.exceptions import ClientError
from PIL import Image
from ringback_client import AsyncRingback, Ringback
from ringback_client.errors import JobDeleted

from local.deployment import Deployment, administrator
from local.jobs_api import connected
from local.paths import ROOT
from tests.e2e.new_keys import known

MODEL: Final = "bytedance/seedream-v4-text-to-image"
EDIT: Final = "bytedance/seedream-v4-edit"
SCOPES: Final = "jobs:write,jobs:read,jobs:delete"


@pytest.fixture(scope="module")
def settings(deployment: Deployment) -> dict[str, str]:
    """Return the settings of a client whose key was just made."""
    urls = {"AWS": deployment.endpoint_url, "SIMULATOR": deployment.simulator_url}
    ports = {f"RINGBACK_{name}_PORT": str(urlsplit(url).port) for name, url in urls.items()}
    made = subprocess.run(  # noqa: S603 our own command
        ["make", "key", "NAME=journey", f"SCOPES={SCOPES}", "LOCAL=1"],  # noqa: S607
        cwd=ROOT,
        env={**os.environ, **ports},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return replace(deployment, client_key=known(deployment, made.stdout.strip())).client_settings


def ringback(settings: Mapping[str, str], *arguments: str | Path) -> list[dict[str, Any]]:
    """Return what the command prints as JSON."""
    done = subprocess.run(  # noqa: S603 our own command
        [Path(sys.executable).with_name("ringback"), *arguments, "--json"],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def checksums_in(deployment: Deployment, job_ids: set[str]) -> list[str]:
    """Return the SHA-256 of the jobs' images, of the bytes that S3 has."""
    store = administrator().client("s3", endpoint_url=deployment.endpoint_url)
    found = list[str]()
    for job_id in job_ids:
        prefix = f"images/{job_id}/"
        listed = store.list_objects_v2(Bucket=deployment.images_bucket, Prefix=prefix)
        for entry in listed["Contents"]:
            if not entry["Key"].endswith((".json", ".thumbnail.webp")):
                got = store.get_object(Bucket=deployment.images_bucket, Key=entry["Key"])
                found.append(hashlib.sha256(got["Body"].read()).hexdigest())
    return sorted(found)


def a_photo(folder: Path) -> Path:
    """Return a file that no other test has uploaded."""
    path = folder / "fox.jpg"
    Image.effect_noise((64, 64), 99).save(path)
    return path


def content_of(deployment: Deployment, url: str) -> bytes:
    """Return what S3 has under an ``s3://`` URL."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    store = administrator().client("s3", endpoint_url=deployment.endpoint_url)
    content: bytes = store.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


def checksums_of(paths: list[Path]) -> list[str]:
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)


def settle(deployment: Deployment, settings: Mapping[str, str], job_id: str) -> None:
    """Wait until nothing writes for a job that has ended.

    A thumbnail that is being made while its job is deleted stays for a quarter of an hour
    (docs/decisions/0065).
    """
    url, key = settings["RINGBACK_API_URL"], settings["RINGBACK_KEY"]
    with connected(url, key, deployment.live_api_url) as api:
        api.wait_until_final([job_id], with_thumbnails=True)


def assert_gone(deployment: Deployment, settings: Mapping[str, str], job_id: str) -> None:
    """See a deleted job leave the API and the bucket."""
    until = time.monotonic() + 60
    with Ringback(*settings.values()) as client:
        while time.monotonic() < until:
            try:
                client.jobs.get(job_id)
            except JobDeleted:
                break
            time.sleep(0.2)
        else:
            raise AssertionError(f"{job_id} is still there")
        assert job_id not in [job.job_id for job in islice(client.jobs.list(), 50)]
    store = administrator().client("s3", endpoint_url=deployment.endpoint_url)
    listed = store.list_object_versions(Bucket=deployment.images_bucket, Prefix=f"images/{job_id}/")
    assert not listed.get("Versions")
    assert not listed.get("DeleteMarkers")


def test_the_whole_journey_by_the_command_line(
    deployment: Deployment, settings: dict[str, str], tmp_path: Path
) -> None:
    sheet = tmp_path / "kites.csv"
    sheet.write_text("prompt,max_images\nTwo red kites,2\nA blue kite,\n")
    sent = ringback(settings, "batch", sheet, "--model", MODEL)
    job_ids = {each["job"]["job_id"] for each in sent}
    again = ringback(settings, "batch", sheet, "--model", MODEL)
    assert {each["job"]["job_id"] for each in again} == job_ids
    photo = a_photo(tmp_path)
    [edit] = ringback(settings, "submit", EDIT, "-p", "A red scarf", "-i", photo)
    [url] = edit["input"]["image_urls"]
    assert content_of(deployment, url) == photo.read_bytes()
    job_ids.add(edit["job_id"])
    watched = ringback(settings, "watch", *job_ids, "--timeout", "100")
    assert {job["status"] for job in watched} == {"succeeded"}
    files = ringback(settings, "download", *job_ids, "-o", tmp_path / "images")
    assert len(files) == 4
    downloaded = checksums_of([Path(each["path"]) for each in files])
    assert downloaded == checksums_in(deployment, job_ids)
    settle(deployment, settings, edit["job_id"])
    [deleting] = ringback(settings, "delete", edit["job_id"], "--yes")
    assert deleting["status"] == "deleting"
    assert_gone(deployment, settings, edit["job_id"])
    findings = ringback(settings, "doctor")
    assert {each["state"] for each in findings} == {"ok"}


def requests(photo: Path) -> list[dict[str, Any]]:
    edit = {"model": EDIT, "input": {"prompt": "A blue scarf", "image_urls": [photo]}}
    return [edit, {"model": MODEL, "input": {"prompt": "A paper kite"}}]


def test_the_same_by_the_client(
    deployment: Deployment, settings: dict[str, str], tmp_path: Path
) -> None:
    photo = a_photo(tmp_path)
    with Ringback(*settings.values()) as client:
        sent = [client.jobs.create_many(requests(photo), idempotency_key="kite") for _ in range(2)]
        [first, again] = [[each.job.job_id for each in many if each.job] for many in sent]
        assert first == again
        ended = [*client.jobs.wait(*first, timeout=100)]
        assert [job.status for job in ended] == ["succeeded"] * 2
        paths = [path for each in first for path in client.jobs.download(each, tmp_path / "sync")]
        assert {*first} <= {job.job_id for job in client.jobs.list(page_size=2)}
        assert client.models.get(MODEL).price is not None
        assert client.price(MODEL, {"prompt": "A kite"}).estimate is not None
        assert checksums_of(paths) == checksums_in(deployment, {*first})
        settle(deployment, settings, first[0])
        client.jobs.delete(first[0])
    assert_gone(deployment, settings, first[0])


def test_the_same_by_the_client_for_asyncio(
    deployment: Deployment, settings: dict[str, str], tmp_path: Path
) -> None:
    async def journey() -> tuple[str, ...]:
        async with AsyncRingback(*settings.values()) as client:
            sent = await client.jobs.create_many(requests(a_photo(tmp_path)))
            made = [each.job.job_id for each in sent if each.job]
            statuses = [job.status async for job in client.jobs.wait(*made, timeout=100)]
            assert statuses == ["succeeded"] * 2
            paths = [
                path for each in made for path in await client.jobs.download(each, tmp_path / "out")
            ]
            assert checksums_of(paths) == checksums_in(deployment, {*made})
            await asyncio.to_thread(settle, deployment, settings, made[0])
            await client.jobs.delete(made[0])
            return (*made,)

    assert_gone(deployment, settings, asyncio.run(journey())[0])


def test_a_form_takes_no_other_file(deployment: Deployment, settings: dict[str, str]) -> None:
    """Another length is another checksum, which the local AWS looks at before the length."""
    content = b"\x89PNG\r\n\x1a\n of a fox"
    said = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    opened = httpx.post(
        f"{settings['RINGBACK_API_URL']}/uploads",
        headers={"Authorization": f"Bearer {settings['RINGBACK_KEY']}"},
        json=said | {"content_type": "image/png"},
        timeout=30,
    ).json()
    answers = [
        (httpx.post(opened["url"], data=opened["fields"] | changed, files={"file": file}), code)
        for changed, file, code in (
            ({}, content[::-1], "BadDigest"),
            ({}, content + b"!", "BadDigest"),
            ({"key": opened["fields"]["key"] + "1"}, content, "AccessDenied"),
            ({"Content-Type": "text/html"}, content, "AccessDenied"),
            ({"x-amz-meta-a": "1"}, content, "AccessDenied"),
            ({"x-amz-signature": "0" * 64}, content, "SignatureDoesNotMatch"),
        )
    ]
    assert [code in answer.text for answer, code in answers] == [True] * len(answers)
    with pytest.raises(ClientError, match="Not Found"):
        administrator().client("s3", endpoint_url=deployment.endpoint_url).head_object(
            Bucket=deployment.drop_bucket, Key=opened["fields"]["key"]
        )
    taken = httpx.post(opened["url"], data=opened["fields"], files={"file": content})
    assert taken.status_code == 204
    assert content_of(deployment, opened["image"]) == content
