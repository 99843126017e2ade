"""Client for Ringback, image-generation jobs on AWS."""

from typing import TYPE_CHECKING, Any

from ringback_client.blocking import Ringback
from ringback_client.errors import RingbackError
from ringback_client.operations import Environment
from ringback_client.records.jobs import Event, Image, Job
from ringback_client.records.models import Model
from ringback_client.records.uploads import Upload
from ringback_client.webhooks import read_webhook

if TYPE_CHECKING:
    from ringback_client.asynchronous import AsyncRingback

__all__ = [
    "AsyncRingback",
    "Environment",
    "Event",
    "Image",
    "Job",
    "Model",
    "Ringback",
    "RingbackError",
    "Upload",
    "read_webhook",
]


def __getattr__(name: str) -> Any:
    """Import the asynchronous client when it is asked for: ``asyncio`` takes a while."""
    if name == "AsyncRingback":
        from ringback_client.asynchronous import AsyncRingback

        return AsyncRingback
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
