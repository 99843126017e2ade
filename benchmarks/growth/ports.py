"""Which calls of AWS each port makes, by the method that the simulation calls."""

from collections.abc import Mapping
from typing import Final

Calls = tuple[str, ...]

# Writes of jobs are records of the table's stream, too: ``publish_events`` is invoked for each of
# them, and looks for connections if it is to be told.
TOLD: Final = ("PutItem job", "UpdateItem job")
MARK: Final = "UpdateItem mark"

# By the replay's attribute and its method.
PORTS: Final[Mapping[str, Mapping[str, Calls]]] = {
    "jobs": {
        "create": ("PutItem job",),
        "get": ("GetItem job",),
        "mark_queued": (MARK,),
        "mark_not_queued": (MARK,),
        "keep_task": ("UpdateItem job",),
        "add_images": ("UpdateItem job",),
        "add_thumbnails": ("UpdateItem job",),
    },
    "accounts": {"read": ("GetItem account",)},
    "told": {"changes_told": ("GetItem told",)},
    "submit_reads": {"read": ("BatchGetItem account, job",)},
    "told_jobs": {"of": ("BatchGetItem job, told",)},
    "bucket": {
        "put_image": ("PutObject image",),
        "put_record": ("PutObject record",),
        "put_thumbnail": ("PutObject thumbnail",),
        "read_image": ("GetObject image",),
    },
    "web": {"fetch": ("download",)},
    "drops": {
        "describe": ("HeadObject drop",),
        "read": ("GetObject drop",),
        "parts": ("GetObject drop",),
        "receipts": ("GetObject receipts",),
        "put_receipts": ("HeadObject report", "GetObject report", "PutObject report"),
        "settled": ("HeadObject report", "HeadObject report"),
    },
    "receivers": {"read": ("GetItem receiver",)},
    "deliveries": {"add": ("UpdateItem deliveries",)},
    "progress": {
        "read": ("GetItem drop",),
        "advance": ("UpdateItem drop",),
        "finish": ("UpdateItem drop",),
    },
}
# By the method of each provider's client.
PROVIDER: Final[Mapping[str, Calls]] = {"create_task": ("provider",), "read_tasks": ("provider",)}
