"""What the commands print: plain text, or JSON. Nothing in it can steer a terminal.

Prompts, messages and names are strangers' words: Rich gets them as text without markup, and
control characters are left out.
"""

import dataclasses
import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from ringback_client.records import Job, Step, Timeline

# Control characters and line ends; then what reverses the direction of the text after it.
_STEERING: Final = {"Cc", "Cs", "Zl", "Zp"}
_SPACE: Final = re.compile(r"[\t\n\v\f\r]+")
_DIRECTIONS: Final = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def clean(text: object) -> str:
    """Return one line without anything that a terminal obeys."""
    spaced = _SPACE.sub(" ", str(text))
    return "".join(
        each
        for each in spaced
        if unicodedata.category(each) not in _STEERING and each not in _DIRECTIONS
    )


def clean_lines(text: str) -> str:
    return "\n".join(f"  {clean(line)}" if line[:1] == " " else clean(line)
                     for line in text.split("\n"))  # fmt: skip


def say(text: str) -> None:
    """Print one line of what was asked for."""
    click.echo(clean(text))


def note(text: str) -> None:
    """Print one line beside it, on standard error."""
    click.echo(clean(text), err=True)


def show_json(value: Any) -> None:
    """Print one line of JSON in ASCII."""
    click.echo(json.dumps(value, default=_as_json))


def _as_json(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table on a terminal, and elsewhere a line of cells between tabs for each row."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(clean("" if cell is None else cell) for cell in row))
        return
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    # The first one is what a row is called by: it has to be copied whole.
    first = Column(columns[0], no_wrap=True)
    others = (Column(name, overflow="fold") for name in columns[1:])
    table = Table(first, *others, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(Text(clean("" if cell is None else cell)) for cell in row))
    Console(markup=False, emoji=False, highlight=False).print(table)


def moment_text(moment: datetime) -> str:
    """Return a time in UTC, as the API has it, to the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def show_job(job: "Job") -> None:
    shown: dict[str, object] = {
        **{"job": job.job_id, "status": job.status, "model": job.model},
        "prompt": job.input.get("prompt", job.input.get("ref_prompt")),
        **{"tags": ", ".join(job.tags) or None, "source": job.source, "row": job.row},
        "created": moment_text(job.created_at),
        "finished": job.finished_at and moment_text(job.finished_at),
        "credits": job.credits,
    }
    if job.waiting_for is not None:
        shown["waiting for"] = f"{job.waiting_for.provider}: {job.waiting_for.reason}"
    if job.error is not None:
        shown["error"] = f"{job.error.kind}: {job.error.message}"
        shown["may be charged"] = "yes" if job.error.may_be_charged else "no"
    for number, image in enumerate(job.images, 1):
        size = f"{image.width} x {image.height}, {image.bytes:,} bytes"
        shown[f"image {number}"] = f"{image.key}  {size}{'  damaged' if image.damaged else ''}"
    for missing in job.missing_images:
        shown[f"missing {missing.number}"] = missing.reason or "not copied yet"
    width = max(map(len, shown)) + 2
    for name, value in shown.items():
        if value is not None:
            click.echo(f"{name:{width}}{clean(value)}")


def show_steps(timeline: "Timeline") -> None:
    """Print a line for each step; what it has beside its name and time comes as name=value."""
    show_table(
        ("time", "step", ""),
        (
            (f"{step.at:%Y-%m-%d %H:%M:%S.%f}"[:-3], step.step, _details(step))
            for step in timeline.steps
        ),
    )


def _details(step: "Step") -> str:
    names = [each.name for each in dataclasses.fields(step) if each.name not in ("step", "at")]
    known = {name: getattr(step, name) for name in names}
    return " ".join(f"{name}={value}" for name, value in known.items() if value is not None)


def show_jobs(jobs: Iterable["Job"], *, as_json: bool) -> None:
    if as_json:
        for job in jobs:
            show_json(job)
        return
    show_table(
        ("job", "status", "model", "created", "images", "credits"),
        (
            (job.job_id, job.status, job.model, moment_text(job.created_at),
             len(job.images), job.credits)
            for job in jobs
        ),
    )  # fmt: skip
