"""Lists of jobs, asked for as a client does."""

from collections.abc import Mapping, Sequence

from ringback.domain.jobs import Job
from ringback.http_api.replies import JOB_FIELDS
from ringback.use_cases.list_jobs import ListJobs
from ringback.use_cases.list_queries import read_list_query
from ringback.use_cases.ports import JobReader


def list_page(
    jobs: JobReader, query: Mapping[str, str], *, client: str
) -> tuple[Sequence[Job], str | None]:
    """Return the page, and its cursor. Raises ``InvalidRequest``."""
    asked = read_list_query(query, client=client, known_fields=JOB_FIELDS)
    page = ListJobs(jobs=jobs)(asked)
    return page.jobs, asked.cursor_after(page.end) if page.end else None
