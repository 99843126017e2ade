"""The three ledgers of what was bought: the provider's, the table's and the bucket's."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import httpx
from ringback.aws.job_items import from_item
from ringback.domain.jobs import Job

from local.chosen_stack import Stack
from local.deployment import Deployment, administrator
from local.sam import STACK_NAME
from tests.e2e.provider import Provider, job_in, job_of

Task = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    sha256: str
    size: int
    versions: int
    content: bytes | None
    """Of records only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledgers:
    """``pictures``: the SHA-256 of each image that the provider made, by task and number.

    ``spent``: what kie.ai's account has lost. ``calls``: calls of createTask, by job; those with
    an access token that is no longer valid are refused unread.
    ``items``: the table's jobs as they are stored.
    """

    tasks: Sequence[Task]
    pictures: Mapping[tuple[str, int], str]
    calls: Counter[str]
    spent: float
    jobs: Mapping[str, Job]
    items: Mapping[str, str]
    objects: Mapping[str, StoredObject]

    def tasks_of(self, job_id: str) -> list[Task]:
        return [task for task in self.tasks if job_of(task) == job_id]


def read_ledgers(deployment: Deployment, *, credits_before: float) -> Ledgers:
    provider = Provider(deployment.simulator_url)
    items = job_items(deployment)
    asked = [one for one in provider.requests() if is_paid_call(one)]
    return Ledgers(
        tasks=provider.tasks(),
        pictures={(one["task"], one["number"]): one["sha256"] for one in provider.pictures()},
        calls=Counter(job_in(one["about"]) for one in asked if one["about"]),
        spent=round(credits_before - balance(deployment), 4),
        jobs={job_id: from_item(item) for job_id, item in items.items()},
        items={
            job_id: json.dumps(item, ensure_ascii=False, default=str)
            for job_id, item in items.items()
        },
        objects=dict(stored_objects(deployment)),
    )


def is_paid_call(request: Mapping[str, Any]) -> bool:
    return str(request["path"]).endswith(("/createTask", "/task/submit"))


def balance(deployment: Deployment) -> float:
    """Return the credits of kie.ai's account."""
    [kie] = [account for account in deployment.accounts if account.provider == "kie"]
    answer = httpx.get(
        f"{deployment.simulator_url}/api/v1/chat/credit",
        headers={"Authorization": f"Bearer {kie.secret['api_key']}", "User-Agent": "tests"},
        trust_env=False,
    )
    return float(answer.raise_for_status().json()["data"])


def job_items(deployment: Deployment) -> dict[str, Any]:
    """Return the table's items that are jobs; ``told`` counts the changes in a job's told mark.

    No function is asked: they are being killed.
    """
    table = administrator().client("dynamodb", endpoint_url=deployment.endpoint_url)
    pages = table.get_paginator("scan").paginate(TableName=deployment.jobs_table)
    items = {item["job_id"]["S"]: item for page in pages for item in page["Items"]}
    marks = {job_id: items.get(f"told#{job_id}") for job_id in items}
    return {
        job_id: item | ({"told": mark["changes"]} if (mark := marks[job_id]) else {})
        for job_id, item in items.items()
        if "request" in item
    }


def stored_objects(deployment: Deployment) -> Iterator[tuple[str, StoredObject]]:
    store = administrator().client("s3", endpoint_url=deployment.endpoint_url)
    bucket = deployment.images_bucket
    pages = [*store.get_paginator("list_object_versions").paginate(Bucket=bucket)]
    versions = Counter(entry["Key"] for page in pages for entry in page.get("Versions", []))
    for key in versions:
        content = store.get_object(Bucket=bucket, Key=key)["Body"].read()
        yield (
            key,
            StoredObject(
                sha256=sha256(content).hexdigest(),
                size=len(content),
                versions=versions[key],
                content=content if key.endswith(".json") else None,
            ),
        )


def messages_in(deployment: Deployment) -> dict[str, int]:
    """Return how many messages each queue holds that are due or being processed."""
    session, url = administrator(), deployment.endpoint_url
    sqs = session.client("sqs", endpoint_url=url)
    queues = dict(Stack(STACK_NAME, session, url).resources_of("AWS::SQS::Queue"))
    found = {}
    for name, queue in queues.items():
        known = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        due = known["ApproximateNumberOfMessages"]
        found[name] = int(due) + int(known["ApproximateNumberOfMessagesNotVisible"])
    return found
