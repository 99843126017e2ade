"""Replies of the HTTP API about how far things have come."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ringback.domain.clock import EPOCH
from ringback.domain.jobs import Job
from ringback.domain.timeline import Step
from ringback.use_cases.find_drops import DropDetails, ShownDrop


def timeline_body(job: Job, steps: Iterable[Step]) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "status": job.status,
        "steps": [{"step": step.name, "at": step.at.isoformat(), **_shown(step)} for step in steps],
    }


def _shown(step: Step) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in step.details.items()
    }


def drop_body(shown: ShownDrop) -> dict[str, Any]:
    """Return a dropped file; what its summary doesn't tell yet is empty or null."""
    drop, progress, summary = shown.listed.drop, shown.listed.progress, shown.summary
    return {
        "file": drop.key,
        "version": drop.version,
        "dropped_at": progress.made_at.isoformat() if progress.made_at > EPOCH else None,
        "kind": drop.kind,
        "dry_run": drop.is_dry_run,
        "state": shown.state,
        "rows": progress.row - 1,
        "bad_rows": progress.bad_rows,
        "fault": progress.fault or None,
        "jobs": summary.get("jobs", {}),
        "credits": summary.get("credits"),
        "jobs_without_credits": summary.get("jobs_without_credits"),
        "estimate": summary.get("estimate"),
        "updated_at": summary.get("updated_at"),
    }


def drop_page_body(shown: Iterable[ShownDrop], cursor: str | None) -> dict[str, Any]:
    return {"drops": [drop_body(each) for each in shown], "cursor": cursor}


def drop_details_body(found: DropDetails) -> dict[str, Any]:
    return drop_body(found.shown) | {
        "bad": [
            {
                "row": receipt.get("row"),
                "prompt": receipt.get("prompt"),
                "errors": receipt["errors"],
            }
            for receipt in found.bad
        ],
        "cursor": found.cursor,
        "receipts": [{"key": key, "url": url} for key, url in found.receipts],
    }
