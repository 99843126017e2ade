"""Download a finished job's images through their links and compare them with the job's record."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from PIL import Image

from local.failures import LocalFailure
from local.jobs_api import Job
from local.ports import LOOPBACK

THUMBNAIL_SIDE = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedImage:
    """``width`` and ``height`` in pixels, as decoded by an image library."""

    path: Path
    content_type: str
    width: int
    height: int
    bytes: int
    thumbnail: Path | None = None


def download_images(job: Job, folder: Path) -> list[SavedImage]:
    """Save every image under ``folder``/<job id>.

    Raises ``LocalFailure`` if a download fails or differs from the job's record.
    """
    return [_download(image, folder / str(job["job_id"])) for image in job["images"]]


def _get(url: str) -> httpx.Response:
    # The link is presigned: no key is sent with it.
    is_here = urlsplit(url).hostname in (LOOPBACK, "localhost")
    return httpx.get(url, timeout=60.0, trust_env=not is_here)


def _download(image: Mapping[str, Any], folder: Path) -> SavedImage:
    answer = _get(image["url"])
    content = answer.content
    found = {
        "status": answer.status_code,
        "content_type": answer.headers.get("content-type"),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    expected = {"status": 200} | {key: image[key] for key in ("content_type", "bytes", "sha256")}
    if found != expected:
        raise LocalFailure(f"{image['key']}: expected {expected}, downloaded {found}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / Path(image["key"]).name
    path.write_bytes(content)
    with Image.open(path) as picture:
        picture.load()
        width, height = picture.size
    if (width, height) != (image["width"], image["height"]):
        raise LocalFailure(
            f"{image['key']} is {width} x {height}, "
            f"its job has {image['width']} x {image['height']}"
        )
    return SavedImage(
        path=path,
        content_type=image["content_type"],
        width=width,
        height=height,
        bytes=len(content),
        thumbnail=_download_thumbnail(image, folder),
    )


def _download_thumbnail(image: Mapping[str, Any], folder: Path) -> Path | None:
    if not image["thumbnail_url"]:
        return None
    path = folder / Path(image["thumbnail_key"]).name
    path.write_bytes(_get(image["thumbnail_url"]).raise_for_status().content)
    with Image.open(path) as picture:
        if max(picture.size) > THUMBNAIL_SIDE:
            raise LocalFailure(f"{image['thumbnail_key']} is {picture.size}")
    return path
