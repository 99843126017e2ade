"""Replies to lists of jobs."""

import json
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from ringback.domain.jobs import JobId
from ringback.http_api.replies import JOB_FIELDS, WAITING_FOR, Link, Reply, reply, shown_job
from ringback.http_api.requests import query_parameters
from ringback.use_cases.find_jobs import FindWaits
from ringback.use_cases.list_jobs import ListJobs
from ringback.use_cases.list_queries import read_list_query

# Lambda answers with 6 MB at most, in which the body is a JSON string: quotes, and in some runtimes
# all but ASCII, are escaped.
MAX_PAGE_BYTES: Final = 4 * 1024 * 1024


def list_reply(
    list_jobs: ListJobs, find_waits: FindWaits, link: Link, event: Mapping[str, Any], client: str
) -> Reply:
    """Answer ``GET /jobs``. Raises ``InvalidRequest``."""
    query = read_list_query(query_parameters(event), client=client, known_fields=JOB_FIELDS)
    page = list_jobs(query)
    fields = {"job_id", *(query.fields or JOB_FIELDS)}
    waits = find_waits(page.jobs) if WAITING_FOR in fields else {}
    bodies = (shown_job(job, link, waits.get(job.job_id), fields) for job in page.jobs)
    return reply(HTTPStatus.OK, page_body(bodies, page.end, query.cursor_after))


def page_body(
    jobs: Iterable[dict[str, Any]], end: JobId | None, cursor_after: Callable[[JobId], str]
) -> dict[str, Any]:
    """Return a page of as many of the jobs as fit into ``MAX_PAGE_BYTES``, one at least.

    ``end`` is where all of them end, ``None`` if no more follow.
    """
    shown: list[dict[str, Any]] = []
    size = 0
    for job in jobs:
        size += len(json.dumps(json.dumps(job, ensure_ascii=False)))
        if shown and size > MAX_PAGE_BYTES:
            return {"jobs": shown, "cursor": cursor_after(shown[-1]["job_id"])}
        shown.append(job)
    return {"jobs": shown, "cursor": cursor_after(end) if end else None}
