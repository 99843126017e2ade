"""When a final job's event should have been told, and is asked for again if it was not."""

from datetime import datetime, timedelta
from typing import Final

from ringback.domain.delays import whole_seconds
from ringback.domain.jobs import Job

# A stream leads a change to its listener within seconds; a listener that fails tries for minutes.
TELLING: Final = timedelta(minutes=5)


def seconds_to_tell(job: Job, *, at: datetime) -> int:
    """Return how long the event of a final job may still be under way, 0 if it is overdue."""
    return max(0, whole_seconds(job.updated_at + TELLING - at))
