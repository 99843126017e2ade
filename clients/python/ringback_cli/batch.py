"""``batch``."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ringback_cli.connection import connected
from ringback_cli.exits import ExitCode
from ringback_cli.inputs import Properties, properties_of, value_of
from ringback_cli.parallel import in_parallel
from ringback_cli.posting import TIMEOUT
from ringback_cli.printing import note, say, show_json
from ringback_cli.progress import progress
from ringback_cli.rows import Row, read_rows
from ringback_cli.uploads import Uploaded, in_place, paths_in, upload_all, with_files

if TYPE_CHECKING:
    from ringback_client import Job, Ringback


@dataclass(frozen=True, slots=True)
class Sent:
    """``job`` is None if the row was refused or not sent, and ``error`` says why.

    ``again`` tells whether the same command may be all that it takes.
    """

    row: int
    job: "Job | None"
    error: str = ""
    again: bool = False


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--model", help="The model of rows that name none.")
@click.option("--parallel", type=click.IntRange(1, 32), default=4, show_default=True,
              help="How many requests at a time.")  # fmt: skip
@click.option("--wait", is_flag=True, help="Wait until all jobs have ended.")
@TIMEOUT
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
    jobs, unsent = dict[str, int](), list[Sent]()
    inputs = [_input_of(row, properties[row.model], file.parent) for row in rows]
    paths = [*paths_in(inputs)]
    uploaded = upload_all(client, paths, parallel) if paths else {}
    with progress("sent", len(rows)) as bar:
        for sent in _send_all(client, rows, inputs, uploaded, digest, parallel):
            bar(1)
            if sent.job is None:
                unsent.append(sent)
            else:
                jobs[sent.job.job_id] = sent.row
            if not wait or sent.job is None:
                with bar.aside():
                    _show(sent, as_json=as_json)
    in_vain = _wait_for(client, jobs, timeout, as_json=as_json) if wait else 0
    _sum_up(unsent, in_vain, len(rows))
    return ExitCode.NOT_SUCCEEDED if unsent or in_vain else ExitCode.DONE


def _sum_up(unsent: list[Sent], in_vain: int, rows: int) -> None:
    again = sum(sent.again for sent in unsent)
    if again:
        note(f"{again} of {rows} rows were not sent; the same command sends them.")
    if refused := len(unsent) - again:
        told = "correct them in a file of their own"
        note(f"{refused} of {rows} rows were refused, and would be again; {told}.")
    if in_vain:
        note(f"{in_vain} of {rows} jobs have not succeeded; `ringback retry` makes a new one.")


def _send_all(
    client: "Ringback",
    rows: list[Row],
    inputs: list[dict[str, Any]],
    uploaded: Uploaded,
    digest: str,
    parallel: int,
) -> Iterator[Sent]:
    """Yield the rows as they are sent; a refused key ends it, since it is refused for all."""

    def send(given: tuple[Row, dict[str, Any]]) -> Sent:
        from ringback_client import errors

        row, job_input = given
        try:
            job = client.jobs.create(
                row.model,
                in_place(job_input, uploaded),
                # The row of this very file, so that it is the same when the command is repeated.
                idempotency_key=f"batch-{digest}-{row.number}",
                call_back_url=row.call_back_url,
                tags=row.tags,
            )
        except (errors.NotAllowed, errors.NotTrusted):
            raise
        except (errors.NoAnswer, errors.Unavailable, errors.RequestInFlight) as error:
            return Sent(row.number, None, str(error), again=True)
        except errors.UploadFailed as error:
            return Sent(row.number, None, str(error), again=True)
        except (errors.ApiError, errors.UnusableFile, errors.UnusableRequest) as error:
            return Sent(row.number, None, str(error))
        return Sent(row.number, job)

    for _, future in in_parallel(send, zip(rows, inputs, strict=True), parallel):
        yield future.result()


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
        shown = {"row": sent.row, "job": sent.job, "error": sent.error or None}
        show_json(shown | {"again": sent.again})
    elif sent.job is None:
        note(f"row {sent.row}: {sent.error}")
    else:
        say(f"row {sent.row}: {sent.job.job_id} {sent.job.status}")
