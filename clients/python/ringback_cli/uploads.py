"""Images on this computer in the inputs of commands: found by their names, and uploaded."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ringback_cli.inputs import IMAGES, Properties
from ringback_cli.parallel import in_parallel
from ringback_cli.progress import progress

if TYPE_CHECKING:
    from ringback_client import Ringback

PARALLEL: Final = 4  # of one job's images
# Of one letter are Windows' drives.
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|data:", re.IGNORECASE)


def with_files(
    job_input: Mapping[str, Any], properties: Properties | None, folder: Path
) -> dict[str, Any]:
    """Return the input with a path wherever a field for images names a file.

    Names are relative to ``folder``. Raises ``click.UsageError`` for one that is neither a file
    nor a URL.
    """
    return {
        name: _with_files(value, folder) if _takes_images(name, properties) else value
        for name, value in job_input.items()
    }


def _with_files(value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_with_files(each, folder) for each in value]
    if not isinstance(value, str) or _URL.match(value):
        return value
    path = folder / value
    if not os.path.isfile(path):  # noqa: PTH113 Path.is_file raises for names that are too long
        raise click.UsageError(f"{value!r} is neither a URL nor a file.")
    return path


def _takes_images(name: str, properties: Properties | None) -> bool:
    schema = (properties or {}).get(name, {})
    return name in IMAGES or schema.get("items", {}).get("format") == "uri"


def paths_in(value: Any) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, (list, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from paths_in(each)


Uploaded = Mapping[Path, "str | Exception"]


def upload_all(client: "Ringback", paths: Sequence[Path], parallel: int) -> Uploaded:
    """Return the URL of each image, or why there is none; a refused key ends it."""
    from ringback_client.errors import ApiError, NoAnswer, NotAllowed, UnusableFile, UploadFailed

    distinct = [*dict.fromkeys(paths)]
    total = sum(path.stat().st_size for path in distinct)

    def upload(path: Path) -> str | Exception:
        seen = 0

        def on_sent(sent: int, _size: int) -> None:
            nonlocal seen
            advance(max(sent - seen, 0))
            seen = max(sent, seen)

        try:
            return client.uploads.create(path, on_sent=on_sent).image
        except NotAllowed:
            raise
        except (ApiError, NoAnswer, UnusableFile, UploadFailed) as error:
            return error

    with progress("bytes uploaded", total) as advance:
        done = in_parallel(upload, distinct, parallel)
        return {path: future.result() for path, future in done}


def in_place(value: Any, uploaded: Uploaded) -> Any:
    """Return an input with URLs instead of paths; raises why one was not uploaded."""
    if isinstance(value, Path):
        found = uploaded[value]
        if isinstance(found, Exception):
            raise found
        return found
    if isinstance(value, list):
        return [in_place(each, uploaded) for each in value]
    if isinstance(value, dict):
        return {name: in_place(each, uploaded) for name, each in value.items()}
    return value


def uploaded_input(
    client: "Ringback", job_input: Mapping[str, Any], properties: Properties | None
) -> dict[str, Any]:
    """Return the input of one job with its files uploaded; raises why one was not."""
    found = with_files(job_input, properties, Path())
    paths = [*paths_in(found)]
    uploaded = upload_all(client, paths, PARALLEL) if paths else {}
    result: dict[str, Any] = in_place(found, uploaded)
    return result
