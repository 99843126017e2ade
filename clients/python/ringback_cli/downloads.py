"""``download``."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ringback_cli.connection import connected
from ringback_cli.connection import job_id as a_job_id
from ringback_cli.exits import ExitCode
from ringback_cli.printing import note, say, show_json
from ringback_cli.progress import progress

if TYPE_CHECKING:
    from ringback_client import Image, Ringback


@click.command()
@click.argument("job_ids", type=a_job_id, nargs=-1)
@click.option("--source", metavar="FILE", help="All jobs of this dropped file.")
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=Path(),
              help="The folder; the current one by default.")  # fmt: skip
@click.option("--parallel", type=click.IntRange(1, 32), default=4, show_default=True,
              help="How many images at a time.")  # fmt: skip
@connected
def download(
    client: "Ringback",
    *,
    job_ids: tuple[str, ...],
    source: str | None,
    output: Path,
    parallel: int,
    as_json: bool,
) -> int:
    """Download images as JOB-NUMBER.EXTENSION and check their checksums.

    Run it again after an interruption: what is there already is kept, and a file that was cut is
    continued.

    \b
    ringback download job_01m8cy9zbe0cr2r9td1t69azkx -o pictures
    ringback download --source requests/kites.csv -o pictures
    """  # noqa: D301
    from ringback_client.errors import DownloadFailed

    if bool(job_ids) == bool(source):
        raise click.UsageError("Name jobs, or a file by --source.")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.BadParameter(f"{output}: {error.strerror}", param_hint="--output") from None
    wanted = [*_images(client, job_ids, source)]
    failed = 0
    with ThreadPoolExecutor(parallel) as pool, progress("images", len(wanted)) as bar:
        waiting = {
            pool.submit(client.jobs.download_image, job_id, image, output / name): (job_id, image)
            for job_id, name, image in wanted
        }
        for done in as_completed(waiting):
            bar(1)
            job_id, image = waiting[done]
            try:
                path = done.result()
            except DownloadFailed as error:
                failed += 1
                with bar.aside():
                    note(str(error))
                continue
            shown = {"job_id": job_id, "path": str(path), "sha256": image.sha256}
            with bar.aside():
                show_json(shown | {"bytes": image.bytes}) if as_json else say(str(path))
    return ExitCode.NOT_DOWNLOADED if failed else ExitCode.DONE


def _images(
    client: "Ringback", job_ids: tuple[str, ...], source: str | None
) -> "Iterator[tuple[str, str, Image]]":
    from ringback_client.downloading import names_of

    # A job that is named twice is downloaded once.
    jobs = client.jobs.list(source=source) if source else map(client.jobs.get, {*job_ids})
    for job in jobs:
        for name, image in names_of(job.job_id, job).items():
            yield job.job_id, name, image
