"""Client for Ringback, image-generation jobs on AWS."""

from ringback_client.asynchronous import AsyncRingback
from ringback_client.blocking import Ringback
from ringback_client.errors import RingbackError
from ringback_client.operations import Environment
from ringback_client.records import Event, Image, Job, Model
from ringback_client.webhooks import read_webhook

__all__ = [
    "AsyncRingback",
    "Environment",
    "Event",
    "Image",
    "Job",
    "Model",
    "Ringback",
    "RingbackError",
    "read_webhook",
]
