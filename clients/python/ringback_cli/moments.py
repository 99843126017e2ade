"""Moments on the command line: dates and times of this computer's time zone."""

from datetime import datetime
from typing import Final

import click

MOMENT: Final = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


def local(moment: datetime | None) -> datetime | None:
    """Return the moment with its offset."""
    return moment.astimezone() if moment else None
