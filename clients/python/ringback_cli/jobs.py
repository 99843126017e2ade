"""``get``, ``list``, ``timeline``, ``cancel``, ``delete``, ``retry``, ``archive`` and ``watch``."""

import sys
from itertools import islice
from typing import TYPE_CHECKING, Unpack

import click

from ringback_cli.connection import connected
from ringback_cli.connection import job_id as a_job_id
from ringback_cli.exits import ExitCode
from ringback_cli.moments import moment
from ringback_cli.posting import KEY, TIMEOUT, posted_once, show_outcome, show_result
from ringback_cli.printing import note, say, show_json
from ringback_cli.showing import show_job, show_jobs, show_steps

if TYPE_CHECKING:
    from ringback_client import Event, Job, Ringback
    from ringback_client.filters import JobFilters


def _show(job: "Job", *, as_json: bool) -> None:
    show_json(job) if as_json else show_job(job)


@click.command()
@click.argument("job_id", type=a_job_id)
@connected
def get(client: "Ringback", *, job_id: str, as_json: bool) -> None:
    """Show a job.

    \b
    ringback get job_01m8cy9zbe0cr2r9td1t69azkx
    """  # noqa: D301
    _show(client.jobs.get(job_id), as_json=as_json)


@click.command("list")
@click.option("-s", "--status", multiple=True, metavar="STATE",
              help="Only jobs in this state, or in one of several.")  # fmt: skip
@click.option("-m", "--model", help="Only jobs of this model.")
@click.option("-t", "--tag", multiple=True, metavar="TEXT",
              help="Only jobs with this tag, or with all of several.")  # fmt: skip
@click.option("--source", metavar="FILE", help="Only jobs of this dropped file.")
@click.option("--since", type=moment, metavar="DATE", help="From this day or moment on.")
@click.option("--until", type=moment, metavar="DATE", help="Before this day or moment.")
@click.option("--search", metavar="WORDS", help="Only jobs with all these words in the prompt.")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=25, show_default=True,
              help="How many jobs.")  # fmt: skip
@connected
def list_jobs(
    client: "Ringback", *, limit: int, as_json: bool, **filters: "Unpack[JobFilters]"
) -> None:
    """List jobs, newest first. Days and moments are in UTC, unless they have an offset.

    \b
    ringback list --status failed --since 2026-11-27 --search "paper boat"
    """  # noqa: D301
    found = client.jobs.list(page_size=min(limit, 99), **filters)
    show_jobs(islice(found, min(limit, sys.maxsize)), as_json=as_json)


@click.command()
@click.argument("job_id", type=a_job_id)
@connected
def timeline(client: "Ringback", *, job_id: str, as_json: bool) -> None:
    """Show when each step of a job took place.

    \b
    ringback timeline job_01m8cy9zbe0cr2r9td1t69azkx
    """  # noqa: D301
    found = client.jobs.timeline(job_id)
    show_json(found) if as_json else show_steps(found)


@click.command()
@click.argument("job_id", type=a_job_id)
@connected
def cancel(client: "Ringback", *, job_id: str, as_json: bool) -> None:
    """Withdraw a job that has not been sent to the provider.

    \b
    ringback cancel job_01m8cy9zbe0cr2r9td1t69azkx
    """  # noqa: D301
    _show(client.jobs.cancel(job_id), as_json=as_json)


@click.command()
@click.argument("job_id", type=a_job_id)
@click.option("--yes", is_flag=True, help="Ask nothing.")
@connected
def delete(client: "Ringback", *, job_id: str, yes: bool, as_json: bool) -> None:
    """Delete a job that has ended, with its images and all that is about it.

    \b
    ringback delete job_01m8cy9zbe0cr2r9td1t69azkx --yes
    """  # noqa: D301
    if not yes and not _agreed(f"Delete {job_id} and its images for ever? [y/N]: "):
        raise Declined("Nothing is deleted.")
    _show(client.jobs.delete(job_id), as_json=as_json)


class Declined(click.ClickException):
    exit_code = ExitCode.NOT_SUCCEEDED


def _agreed(question: str) -> bool:
    """Ask; raises ``click.UsageError`` if nobody is there to answer."""
    click.echo(question, nl=False, err=True)
    answer = sys.stdin.readline()
    if not answer:
        note("")
        raise click.UsageError("There is nobody to ask: say --yes.")
    return answer.strip().lower() in ("y", "yes")


@click.command()
@click.argument("job_id", type=a_job_id)
@KEY
@click.option("--wait", is_flag=True, help="Wait until the new job has ended.")
@TIMEOUT
@connected
def retry(
    client: "Ringback",
    *,
    job_id: str,
    idempotency_key: str | None,
    wait: bool,
    timeout: float | None,
    as_json: bool,
) -> int:
    """Make a job that has ended once more; it is paid for again.

    \b
    ringback retry job_01m8cy9zbe0cr2r9td1t69azkx --wait
    """  # noqa: D301
    with posted_once(idempotency_key) as key:
        job = client.jobs.retry(job_id, idempotency_key=key)
    return show_result(client, job, wait=wait, timeout=timeout, as_json=as_json)


@click.command()
@click.argument("job_id", type=a_job_id)
@connected
def archive(client: "Ringback", *, job_id: str, as_json: bool) -> None:
    """Copy the images of a job that are missing, without paying again.

    \b
    ringback archive job_01m8cy9zbe0cr2r9td1t69azkx
    """  # noqa: D301
    _show(client.jobs.archive(job_id), as_json=as_json)


@click.command()
@click.argument("job_ids", type=a_job_id, nargs=-1)
@TIMEOUT
@connected
def watch(
    client: "Ringback", *, job_ids: tuple[str, ...], timeout: float | None, as_json: bool
) -> int:
    """Follow jobs to their end, or all of your jobs until you press Ctrl-C.

    \b
    ringback watch job_01m8cy9zbe0cr2r9td1t69azkx
    """  # noqa: D301
    if not job_ids:
        if timeout is not None:
            raise click.UsageError("--timeout is for jobs that you name.")
        for event in client.events():
            show_json(event) if as_json else say(_line(event))
        return ExitCode.DONE
    code: int = ExitCode.DONE
    told = _nothing if as_json else _progress
    for job in client.jobs.wait(*job_ids, timeout=timeout, on_event=told):
        code = max(code, show_outcome(job, as_json=as_json))
    return code


def _progress(event: "Event") -> None:
    note(_line(event))


def _nothing(event: "Event") -> None:
    """With ``--json`` only the result is printed."""


def _line(event: "Event") -> str:
    kind = str(event.get("type", "")).removeprefix("ringback.")
    return f"{str(event.get('time', ''))[11:19]}Z  {event.get('subject', '')}  {kind}"
