"""How jobs and their steps are shown to people."""

import dataclasses
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import click

from ringback_cli.moments import moment_text
from ringback_cli.printing import clean, show_json
from ringback_cli.tables import show_table

if TYPE_CHECKING:
    from ringback_client.records.jobs import Job, Step, Timeline


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
            (moment_text(step.at, timespec="milliseconds"), step.step, _details(step))
            for step in timeline.steps
        ),
    )


def _details(step: "Step") -> str:
    names = [each.name for each in dataclasses.fields(step) if each.name not in ("step", "at")]
    known = {name: getattr(step, name) for name in names}
    return " ".join(
        f"{name}={moment_text(value) if isinstance(value, datetime) else value}"
        for name, value in known.items()
        if value is not None
    )


def show_jobs(jobs: Iterable["Job"], *, as_json: bool) -> None:
    if as_json:
        for job in jobs:
            show_json(job)
        return
    show_table(
        ("job", "status", "created", "images", "credits", "model"),
        (
            (job.job_id, job.status, job.created_at, len(job.images), job.credits, job.model)
            for job in jobs
        ),
    )
