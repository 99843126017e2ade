"""``batch``."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from ringback_cli.connection import connected
from ringback_cli.exits import ExitCode
from ringback_cli.inputs import Properties, properties_of, value_of
from ringback_cli.printing import note, say, show_json
from ringback_cli.progress import progress
from ringback_cli.rows import Row, read_rows
from ringback_cli.uploads import Uploaded, in_place, paths_in, upload_all, with_files

if TYPE_CHECKING:
    from ringback_client import Job, Ringback


@dataclass(frozen=True, slots=True)
class Sent:
    """``job`` is None if the row was refused or not sent, and ``error`` says why."""

    row: int
    job: "Job | None"
    error: str = ""


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--model", help="The model of rows that name none.")
@click.option("--parallel", type=click.IntRange(1, 32), default=4, show_default=True,
              help="How many requests at a time.")  # fmt: skip
@click.option("--wait", is_flag=True, help="Wait until all jobs have ended.")
@click.option("--timeout", type=float, metavar="SECONDS", help="The longest wait.")
@connected
def batch(
    client: "Ringback",
    *,
    file: Path,
    model: str | None,
    parallel: int,
    wait: bool,
    timeout: float | None,
    as_json: bool,
) -> int:
    """Post a job for each row of a CSV or JSON Lines file.

    Run it again after an interruption: the same file buys nothing twice. A file that was changed
    is another file, all of whose rows are bought. Images may be files, named from where FILE is;
    they are uploaded.

    \b
    ringback batch kites.csv --model bytedance/seedream --wait
    """  # noqa: D301
    digest, rows = read_rows(file, model)
    properties = {each: properties_of(client, each) for each in {row.model for row in rows}}
    jobs, failed = dict[str, int](), 0
    inputs = [_input_of(row, properties[row.model], file.parent) for row in rows]
    paths = [*paths_in(inputs)]
    uploaded = upload_all(client, paths, parallel) if paths else {}
    with progress("sent", len(rows)) as bar:
        for sent in _send_all(client, rows, inputs, uploaded, digest, parallel):
            bar(1)
            if sent.job is None:
                failed += 1
            else:
                jobs[sent.job.job_id] = sent.row
            if not wait or sent.job is None:
                with bar.aside():
                    _show(sent, as_json=as_json)
    if wait:
        failed += _wait_for(client, jobs, timeout, as_json=as_json)
    if failed and not as_json:
        note(f"{failed} of {len(rows)} rows came to nothing; the same command tries them again.")
    return ExitCode.NOT_SUCCEEDED if failed else ExitCode.DONE


def _send_all(
    client: "Ringback",
    rows: list[Row],
    inputs: list[dict[str, Any]],
    uploaded: Uploaded,
    digest: str,
    parallel: int,
) -> Iterator[Sent]:
    """Yield the rows as they are sent; a refused key ends it, since it is refused for all."""
    refused = Event()

    def send(row: Row, job_input: dict[str, Any]) -> Sent:
        from ringback_client.errors import (
            ApiError,
            NoAnswer,
            NotAllowed,
            UnusableFile,
            UploadFailed,
        )

        if refused.is_set():
            return Sent(row.number, None, "not sent")
        try:
            job = client.jobs.create(
                row.model,
                in_place(job_input, uploaded),
                # The row of this very file, so that it is the same when the command is repeated.
                idempotency_key=f"batch-{digest}-{row.number}",
                call_back_url=row.call_back_url,
                tags=row.tags,
            )
        except NotAllowed:
            refused.set()
            raise
        except (ApiError, NoAnswer, UnusableFile, UploadFailed) as error:
            return Sent(row.number, None, str(error))
        return Sent(row.number, job)

    with ThreadPoolExecutor(parallel) as pool:
        try:
            sending = [pool.submit(send, *each) for each in zip(rows, inputs, strict=True)]
            for future in as_completed(sending):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _input_of(row: Row, properties: Properties | None, folder: Path) -> dict[str, Any]:
    typed = {name: value_of(text, name, properties) for name, text in row.cells.items()}
    try:
        return with_files(typed | dict(row.fields), properties, folder)
    except click.UsageError as error:
        raise click.UsageError(f"Row {row.number}: {error.message}") from error


def _wait_for(
    client: "Ringback", jobs: dict[str, int], timeout: float | None, *, as_json: bool
) -> int:
    """Return how many have not succeeded."""
    in_vain = 0
    with progress("ended", len(jobs)) as bar:
        for job in client.jobs.wait(*jobs, timeout=timeout):
            bar(1)
            in_vain += job.status != "succeeded"
            with bar.aside():
                _show(Sent(jobs[job.job_id], job), as_json=as_json)
    return in_vain


def _show(sent: Sent, *, as_json: bool) -> None:
    if as_json:
        show_json({"row": sent.row, "job": sent.job, "error": sent.error or None})
    elif sent.job is None:
        note(f"row {sent.row}: {sent.error}")
    else:
        say(f"row {sent.row}: {sent.job.job_id} {sent.job.status}")
