"""Give ``RecordVerdict`` what it needs of AWS: two functions record verdicts."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from ringback.aws.accounts import AccountTable
from ringback.aws.job_table import JobTable
from ringback.aws.queues import SqsArchiveQueue, SqsCheckQueue
from ringback.use_cases.open_account import Announce, OpenAccount
from ringback.use_cases.record_verdict import Decided, RecordVerdict


class RecordSettings(Protocol):
    @property
    def jobs_table(self) -> str: ...
    @property
    def check_queue_url(self) -> str: ...
    @property
    def archive_queue_url(self) -> str: ...


def verdict_recorder(
    settings: RecordSettings,
    *,
    announce: Announce,
    decided: Decided,
    now: Callable[[], datetime],
) -> RecordVerdict:
    return RecordVerdict(
        jobs=JobTable.connect(settings.jobs_table),
        checks=SqsCheckQueue.connect(settings.check_queue_url),
        archive=SqsArchiveQueue.connect(settings.archive_queue_url),
        open_account=OpenAccount(
            accounts=AccountTable.connect(settings.jobs_table),
            announce=announce,
            now=now,
        ),
        decided=decided,
        now=now,
    )
