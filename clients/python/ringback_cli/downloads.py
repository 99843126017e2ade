"""``download``."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ringback_cli.connection import connected
from ringback_cli.connection import job_id as a_job_id
from ringback_cli.exits import ExitCode
from ringback_cli.parallel import in_parallel
from ringback_cli.printing import clean, note, say, show_json
from ringback_cli.progress import progress

if TYPE_CHECKING:
    from ringback_client import Image, Job, Ringback


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
    if bool(job_ids) == bool(source):
        raise click.UsageError("Name jobs, or a file by --source.")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.BadParameter(f"{output}: {error.strerror}", param_hint="--output") from None
    jobs = _jobs(client, job_ids, source)
    wanted = [*_images(jobs)]
    failed = 0

    def work(one: Wanted) -> str | None:
        return _downloaded(client, one, output)

    with progress("images", len(wanted)) as bar:
        for one, done in in_parallel(work, wanted, parallel):
            bar(1)
            why = done.result()
            failed += why is not None
            with bar.aside():
                _show(one, output, why, as_json=as_json)
    code = _code_for(jobs, as_json=as_json)
    return ExitCode.NOT_DOWNLOADED if failed else code


class NoJobs(click.ClickException):
    exit_code = ExitCode.NOT_FOUND


@dataclass(frozen=True, slots=True)
class Wanted:
    job_id: str
    name: str
    image: "Image"


def _jobs(client: "Ringback", job_ids: tuple[str, ...], source: str | None) -> "list[Job]":
    if source is None:
        # A job that is named twice is downloaded once.
        return [client.jobs.get(each) for each in dict.fromkeys(job_ids)]
    jobs = [*client.jobs.list(source=source)]
    if not jobs:
        told = "no such file was dropped, or none of its rows is a job"
        raise NoJobs(f"No jobs of {clean(source)}: {told}. `ringback drops` lists your files.")
    return jobs


def _images(jobs: "Iterable[Job]") -> Iterator[Wanted]:
    from ringback_client.downloading import names_of

    for job in jobs:
        for name, image in names_of(job.job_id, job).items():
            yield Wanted(job.job_id, name, image)


def _downloaded(client: "Ringback", one: Wanted, folder: Path) -> str | None:
    """Return why it is not there, if it isn't."""
    from ringback_client.errors import DownloadFailed

    try:
        client.jobs.download_image(one.job_id, one.image, folder / one.name)
    except DownloadFailed as error:
        return str(error)
    return None


def _show(one: Wanted, folder: Path, error: str | None, *, as_json: bool) -> None:
    path = folder / one.name
    if as_json:
        shown = {"job_id": one.job_id, "path": str(path), "sha256": one.image.sha256}
        show_json(shown | {"bytes": one.image.bytes, "error": error})
    if error is not None:
        note(error)
    elif not as_json:
        say(str(path))


def _code_for(jobs: "Iterable[Job]", *, as_json: bool) -> ExitCode:
    """Tell of which jobs there is not all."""
    code = ExitCode.DONE
    for job in jobs:
        if job.status != "succeeded":
            code = ExitCode.NOT_SUCCEEDED
            why = f"{job.status}, {len(job.images)} images"
            if as_json:
                show_json({"job_id": job.job_id, "path": None, "error": why})
            note(f"{job.job_id}: {why}")
    return code
