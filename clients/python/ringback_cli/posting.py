"""``submit`` and ``price``."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ringback_cli.connection import connected
from ringback_cli.exits import ExitCode
from ringback_cli.inputs import input_of, input_options, properties_of
from ringback_cli.printing import clean, note, say, show_json
from ringback_cli.showing import show_job
from ringback_cli.uploads import uploaded_input

if TYPE_CHECKING:
    from ringback_client import Job, Ringback


KEY = click.option(
    "--idempotency-key", metavar="TEXT", help="The same key makes the same job once."
)


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1
    if not found >= 0:  # which NaN is not either
        raise click.BadParameter(f"{clean(text)} is no number of seconds.")
    return found


TIMEOUT = click.option("--timeout", type=_seconds, metavar="SECONDS", help="The longest wait.")


@click.command()
@input_options
@click.option("--call-back-url", metavar="URL", help="Where the job's end is sent as a webhook.")
@click.option("-t", "--tag", "tags", multiple=True, metavar="TEXT",
              help="A word of yours for the job, to find it by; may be repeated.")  # fmt: skip
@KEY
@click.option("--wait", is_flag=True, help="Wait until the job has ended.")
@TIMEOUT
@connected
def submit(
    client: "Ringback",
    *,
    model: str,
    prompt: str | None,
    images: tuple[str, ...],
    fields: tuple[str, ...],
    whole: str | None,
    call_back_url: str | None,
    tags: tuple[str, ...],
    idempotency_key: str | None,
    wait: bool,
    timeout: float | None,
    as_json: bool,
) -> int:
    """Post a job.

    \b
    ringback submit bytedance/seedream -p "A paper boat" --wait
    ringback submit bytedance/seedream-v4-edit -p "Add a red scarf" -i ./fox.jpg
    """  # noqa: D301 click's mark for lines that stay as they are
    properties = properties_of(client, model)
    job_input = input_of(properties, prompt=prompt, images=images, fields=fields, whole=whole)
    job_input = uploaded_input(client, job_input, properties)
    with posted_once(idempotency_key) as key:
        job = client.jobs.create(
            model, job_input, idempotency_key=key, call_back_url=call_back_url, tags=tags
        )
    return show_result(client, job, wait=wait, timeout=timeout, as_json=as_json)


@contextmanager
def posted_once(given: str | None) -> Iterator[str]:
    """Give a key to post with, and tell it if it is unknown whether the job was posted."""
    from ringback_client import Environment, RingbackError

    key = Environment().new_key() if given is None else given
    try:
        yield key
    except (KeyboardInterrupt, RingbackError) as error:
        if not isinstance(error, RingbackError) or error.may_be_done:
            told = "The job may have been posted. To have it once, repeat the command with"
            note(f"{told} --idempotency-key {shlex.quote(key)}")
        raise


def show_result(
    client: "Ringback", job: "Job", *, wait: bool, timeout: float | None, as_json: bool
) -> int:
    """Print the job, with ``wait`` once it has ended."""
    if wait:
        note(job.job_id)  # known even if waiting is interrupted
        (job,) = client.jobs.wait(job.job_id, timeout=timeout)
    return show_outcome(job, as_json=as_json)


def show_outcome(job: "Job", *, as_json: bool) -> int:
    """Print a job; return 1 if it has ended in vain."""
    show_json(job) if as_json else show_job(job)
    is_in_vain = job.is_final and job.status != "succeeded"
    return ExitCode.NOT_SUCCEEDED if is_in_vain else ExitCode.DONE


@click.command()
@input_options
@connected
def price(
    client: "Ringback",
    *,
    model: str,
    prompt: str | None,
    images: tuple[str, ...],
    fields: tuple[str, ...],
    whole: str | None,
    as_json: bool,
) -> None:
    """Check a job and estimate its price; nothing is bought.

    \b
    ringback price seedream/5-pro-text-to-image -p "A paper boat" -f quality=high
    """  # noqa: D301
    properties = properties_of(client, model)
    job_input = input_of(properties, prompt=prompt, images=images, fields=fields, whole=whole)
    found = client.price(model, uploaded_input(client, job_input, properties))
    if as_json:
        show_json(found)
    elif found.estimate is None:
        say("The job is valid; no price is known.")
    else:
        low, high = found.estimate.credits_low, found.estimate.credits_high
        credits = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        say(f"The job is valid: about {credits} credits, as of {found.estimate.noted_on}.")
