"""The use cases that show how far things have come, with their parts in AWS."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from ringback.aws.accounts import AccountTable
from ringback.aws.deliveries import DeliveryTable
from ringback.aws.drop_files import DropFiles
from ringback.aws.drop_list import DropList
from ringback.aws.job_files import JobFiles
from ringback.aws.told_marks import ToldTable
from ringback.use_cases.find_drops import FindDrops
from ringback.use_cases.find_jobs import FindWaits
from ringback.use_cases.find_timeline import FindTimeline


class ShowingSettings(Protocol):
    @property
    def jobs_table(self) -> str: ...
    @property
    def images_bucket(self) -> str: ...
    @property
    def drop_bucket(self) -> str: ...
    @property
    def link_lifetime_seconds(self) -> int: ...


def find_timeline(settings: ShowingSettings, *, now: Callable[[], datetime]) -> FindTimeline:
    table = settings.jobs_table
    return FindTimeline(
        files=JobFiles.connect(settings.images_bucket),
        told=ToldTable.connect(table),
        deliveries=DeliveryTable.connect(table),
        waits=FindWaits(accounts=AccountTable.connect(table), now=now),
    )


def find_drops(settings: ShowingSettings) -> FindDrops:
    seconds = settings.link_lifetime_seconds
    return FindDrops(
        drops=DropList.connect(settings.jobs_table),
        files=DropFiles.connect(settings.drop_bucket, seconds=seconds),
    )
