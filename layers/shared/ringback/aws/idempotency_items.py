"""The items that make an idempotency key unique for its client for as long as its job is kept.

A key in quotes has two: one under the key itself, and one as it was sent, which is where versions
look that take the quotes for a part of the key. Without quotes the two are one.
"""

import hashlib
import json
from typing import Final

from ringback.aws import table_items
from ringback.aws.table_items import Item
from ringback.domain.idempotency_keys import bare, forms_of
from ringback.domain.jobs import Job

# In place of the fingerprint, once the job is deleted: a hash would tell a guessed prompt. To older
# versions the key was used with another request.
FORGOTTEN: Final = "forgotten"


def key_items(job: Job) -> list[Item]:
    """Return the items to write with a new job, none if it has no key."""
    if job.idempotency_key is None:
        return []
    known = {
        "refers_to": {"S": job.job_id},
        "fingerprint": {"S": fingerprint(job)},
        "forget_at": table_items.forget_at(job.forget_at),
    }
    forms = dict.fromkeys((job.idempotency_key, bare(job.idempotency_key)))
    return [table_items.idempotency_key(job.client, form) | known for form in forms]


def places_of(client: str, key: str) -> list[Item]:
    """Return the keys under which any version may have kept it, as it was sent first."""
    return [table_items.idempotency_key(client, form) for form in forms_of(key)]


def fingerprint(job: Job) -> str:
    """Tell whether it is the same request; the order of its fields does not matter."""
    sent = json.dumps([job.retry_of, dict(job.request.sent)], sort_keys=True)
    return hashlib.sha256(sent.encode()).hexdigest()
