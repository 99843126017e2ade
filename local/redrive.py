"""Show what lies in the dead-letter queues, and move it back: ``make redrive``.

Before anything is moved, it shows the messages of each queue, the oldest first: the job, its state
and the error that the function logged last. Moving them back is safe at any time; where the cause
is still there, they return to the dead letters.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError
from ringback.aws.job_table import JobTable
from ringback.domain.errors import UnknownJob
from ringback.domain.jobs import JobId

from local.chosen_stack import Stack, add_stack_arguments, add_switch, chosen_stack
from local.dead_letters import DeadLetters, Letter, carry_back, dead_letters, held, move_back
from local.failure_reasons import FailureReasons
from local.failures import LocalFailure
from local.smoke import agrees
from local.untold_records import untold_records

# In one queue; the pattern that looks for their errors in the log has room for so many.
SHOWN: Final = 10
SUFFIX: Final = "DeadLetters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which messages: of one queue, or one job, if these are named."""

    queue: str | None = None
    job: str | None = None

    def of(self, queues: Sequence[DeadLetters]) -> list[DeadLetters]:
        """Raise ``LocalFailure`` if there is no queue of that name."""
        if not self.queue:
            return [*queues]
        name = self.queue.removesuffix(SUFFIX) + SUFFIX
        if found := [each for each in queues if each.name == name]:
            return found
        known = ", ".join(each.name.removesuffix(SUFFIX) for each in queues)
        raise LocalFailure(f"no dead-letter queue {name}; QUEUE is one of {known}")

    def includes(self, letter: Letter) -> bool:
        return self.job is None or letter.job_id == self.job


def main(words: Sequence[str]) -> int:
    given = _parser().parse_args(words)
    wanted = Wanted(queue=given.queue or None, job=given.job or None)
    try:
        return redrive(chosen_stack(given), wanted, yes=given.yes)
    except (BotoCoreError, ClientError, LocalFailure) as error:
        print(f"redrive: {error}", file=sys.stderr)
        return 1


def redrive(stack: Stack, wanted: Wanted, *, yes: bool) -> int:
    """Return 0 if nothing is left that is wanted, 1 if it was left alone."""
    queues = [(queue, show(stack, queue, wanted)) for queue in wanted.of(dead_letters(stack))]
    if not wanted.queue and not wanted.job:
        print(untold_records(stack))
    count = sum(number for _, number in queues)
    if not count:
        print("Nothing to move.")
        return 0
    if not (yes or (sys.stdin.isatty() and agrees(f"Move {count} back?"))):
        print("Nothing was moved. YES=1 moves them without a question.")
        return 1
    sqs = stack.client("sqs")
    for queue in [queue for queue, number in queues if number]:
        moved = carry_back(sqs, queue, wanted.includes) if wanted.job else move_back(sqs, queue)
        print(f"{queue.name}: {moved} moved back", flush=True)
    return 0


def show(stack: Stack, queue: DeadLetters, wanted: Wanted) -> int:
    """Print what lies in the queue; return how many of its messages are wanted."""
    with held(stack.client("sqs"), queue.url) as found:
        letters = [letter for letter in found if wanted.includes(letter)]
    if not letters:
        print(f"{queue.name}: none")
        return 0
    print(f"{queue.name}: {len(letters)}, the oldest of {_time(letters[0].sent_at)}")
    shown = letters[:SHOWN]
    reasons = FailureReasons.of(stack)(queue.source_arn, shown)
    for letter in shown:
        print(f"  {_time(letter.sent_at)}  {letter.subject}{_state(stack, letter)}")
        print(f"      {reasons[letter.message_id]}")
    if more := letters[SHOWN:]:
        print(f"  and {len(more)} more: {', '.join(_counted(more))}")
    return len(letters)


def _counted(letters: Sequence[Letter]) -> list[str]:
    jobs = list(dict.fromkeys(letter.subject for letter in letters))
    return jobs if len(jobs) <= SHOWN else [*jobs[:SHOWN], f"{len(jobs) - SHOWN} others"]


def _state(stack: Stack, letter: Letter) -> str:
    if not letter.job_id:
        return ""
    jobs = JobTable(stack.client("dynamodb"), stack.output("JobsTableName"))
    try:
        job = jobs.get(JobId(letter.job_id))
    except UnknownJob:
        return "  no such job"
    return f"  {job.status}" + (f" ({job.error.kind} {job.error.code})" if job.error else "")


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.redrive", description=__doc__)
    add_stack_arguments(parser)
    named: Mapping[str, str] = {
        "QUEUE": "one queue only, such as Archive",
        "JOB": "the messages of one job only",
    }
    for variable, meaning in named.items():
        default = os.environ.get(variable, "")
        parser.add_argument(
            f"--{variable.lower()}", default=default, help=f"{meaning} ({variable})"
        )
    add_switch(parser, "YES", "move without asking")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
