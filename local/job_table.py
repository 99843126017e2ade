"""Format finished jobs as a table."""

from collections.abc import Sequence
from datetime import datetime

from local.downloads import SavedImage
from local.jobs_api import Job

HEADINGS = ("job", "model", "state", "seconds", "files")


def job_table(rows: Sequence[tuple[Job, Sequence[SavedImage]]]) -> str:
    cells = [HEADINGS]
    for job, images in rows:
        first, *more = [describe(image) for image in images] or [why_not(job)]
        cells.append((job["job_id"], job["model"], job["status"], seconds_taken(job), first))
        cells += [("", "", "", "", line) for line in more]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def describe(image: SavedImage) -> str:
    return (
        f"{image.path.name}  {image.width} x {image.height}  {image.content_type}  "
        f"{image.bytes:,} bytes{', thumbnail' if image.thumbnail else ''}"
    )


def why_not(job: Job) -> str:
    error = job["error"]
    return f"{error['kind']} {error['code']}: {error['message']}" if error else "none"


def seconds_taken(job: Job) -> str:
    if not job["finished_at"]:
        return "-"
    started, finished = (datetime.fromisoformat(job[key]) for key in ("created_at", "finished_at"))
    return f"{(finished - started).total_seconds():.1f}"
