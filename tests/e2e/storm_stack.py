"""Runs a storm on an unreliable AWS, and reads the ledgers when all is over."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ringback.domain.check_steps import ANSWER_REDELIVERY
from ringback.domain.jobs import FINAL

from local.chosen_stack import Stack
from local.deployment import Deployment, administrator
from local.drop_bucket import read
from local.jobs_api import connected
from local.ports import free_ports
from local.sam import STACK_NAME
from local.stack import local_stack
from local.waiting import STANDSTILL_SECONDS, wait_for
from tests.e2e.fast_pace import PARAMETERS, SIMULATOR
from tests.e2e.ledgers import Ledgers, Task, balance, job_items, messages_in, read_ledgers
from tests.e2e.provider import Provider, job_of
from tests.e2e.storm import SHEET, PlannedJob, submit_all
from tests.e2e.unreliable_aws import LOG

# On AWS the message of a killed function comes back after minutes.
VISIBILITY_SECONDS = "10"
PROCESSES_PER_QUEUE = 4
MAX_CALLBACK_ATTEMPTS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """What was planned, by job id, and the ledgers when all was over.

    ``copies`` counts the messages that were delivered twice, by queue; ``kills`` has each process
    that was killed, with its function and messages.
    """

    planned: Mapping[str, PlannedJob]
    ledgers: Ledgers
    dead_letters: Mapping[str, int]
    receipt: Sequence[Mapping[str, Any]]
    copies: Counter[str]
    kills: Sequence[Mapping[str, Any]]

    @property
    def hit(self) -> set[str]:
        """The jobs whose submission was killed at some point."""
        messages = [each["messages"] for each in self.kills if "SubmitJob" in each["killed"]]
        return {json.loads(body)["job_id"] for bodies in messages for body in bodies}


@contextmanager
def unreliable_stack() -> Iterator[Deployment]:
    unreliable = Path(__file__).with_name("unreliable_aws.py")
    with local_stack(
        ports=free_ports(), simulator=SIMULATOR, parameters=PARAMETERS, through=[unreliable]
    ) as deployment:
        shorten_visibility(deployment)
        limit_concurrency(deployment)
        yield deployment


def run_storm(planned: Sequence[PlannedJob], deployment: Deployment) -> Storm:
    credits_before = balance(deployment)
    with connected(deployment.jobs_api_url, deployment.client_key, deployment.live_api_url) as api:
        submit_all(planned, deployment, api)
    wait_for(
        lambda: observe(deployment),
        lambda seen: seen.is_over(len(planned)),
        what="the storm to end",
        pause=2,
        # On a slow machine a check may be late enough to wait once more.
        standstill=STANDSTILL_SECONDS + ANSWER_REDELIVERY.total_seconds(),
    )
    ledgers = read_ledgers(deployment, credits_before=credits_before)
    by_prompt = {json.dumps(job.body["input"]): job for job in planned}
    mishaps = [json.loads(line) for line in (deployment.logs / LOG).read_text().splitlines()]
    return Storm(
        planned={
            job_id: by_prompt[json.dumps(job.request.sent["input"])]
            for job_id, job in ledgers.jobs.items()
        },
        ledgers=ledgers,
        dead_letters={
            name: waiting
            for name, waiting in messages_in(deployment).items()
            if name.endswith("DeadLetters")
        },
        receipt=[
            json.loads(line)
            for line in (read(deployment, f"receipts/{SHEET}.jsonl") or b"").splitlines()
        ],
        copies=Counter(each["queue"].split("-")[1] for each in mishaps if "copied" in each),
        kills=[each for each in mishaps if "killed" in each],
    )


def shorten_visibility(deployment: Deployment) -> None:
    session, url = administrator(), deployment.endpoint_url
    sqs = session.client("sqs", endpoint_url=url)
    for name, queue in Stack(STACK_NAME, session, url).resources_of("AWS::SQS::Queue"):
        if not name.endswith("DeadLetters"):
            sqs.set_queue_attributes(
                QueueUrl=queue, Attributes={"VisibilityTimeout": VISIBILITY_SECONDS}
            )


def limit_concurrency(deployment: Deployment) -> None:
    """More processes than that would take longer to start than they save."""
    functions = administrator().client("lambda", endpoint_url=deployment.endpoint_url)
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        if ":sqs:" in mapping["EventSourceArn"]:
            functions.update_event_source_mapping(
                UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": PROCESSES_PER_QUEUE}
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    jobs: Mapping[str, tuple[str, int]]
    told: int
    most_tasks_of_a_job: int
    unsettled_tasks: int
    callbacks: int
    messages: Mapping[str, int]

    def is_over(self, planned: int) -> bool:
        if self.most_tasks_of_a_job > 1:
            return True  # bought twice: nothing that follows could mend that
        statuses = [status for status, _ in self.jobs.values()]
        return (
            len(statuses) == planned
            and FINAL.issuperset(statuses)
            and self.told == planned
            and not self.unsettled_tasks
            and not any(self.messages.values())
        )


def observe(deployment: Deployment) -> Seen:
    tasks, items = Provider(deployment.simulator_url).tasks(), job_items(deployment)
    return Seen(
        jobs={
            job_id: (item["status"]["S"], len(item.get("images", {}).get("M", {})))
            for job_id, item in items.items()
        },
        told=sum(item.get("told") == item["changes"] for item in items.values()),
        most_tasks_of_a_job=max(Counter(map(job_of, tasks)).values(), default=0),
        unsettled_tasks=sum(not is_settled(task) for task in tasks),
        callbacks=sum(len(task["callbacks"]) for task in tasks),
        messages=messages_in(deployment),
    )


def is_settled(task: Task) -> bool:
    """Whether it has ended, and each of its callbacks is accepted or given up."""
    faults = {*task["faults"]}
    calls_back = (
        "no_callback" not in faults
        if task["provider"] == "kie"
        else bool(faults & {"callback_bare", "callback_envelope"})
    )
    expected = calls_back * (2 if "double_callback" in faults else 1)
    ended = [
        call
        for call in task["callbacks"]
        if call["status"] == 200 or call["attempt"] == MAX_CALLBACK_ATTEMPTS
    ]
    return bool(task["finished_at"]) and len(ended) >= expected
