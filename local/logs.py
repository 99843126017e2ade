"""Show what a function has logged: ``make logs FUNCTION=submit_job``.

Log lines hold ids, states and error codes; never an input, a header, a URL or a key.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from ringback.domain.clock import utc_now

from local.chosen_stack import Stack, add_stack_arguments, chosen_stack
from local.failure_reasons import reason_of
from local.failures import LocalFailure
from local.log_lines import entry_of, log_events
from local.owner_secrets import camel_case

DEFAULT_MINUTES: Final = "60"
# Of every line, and of no use to whoever reads a few.
UNSHOWN: Final = frozenset(
    {
        *("timestamp", "level", "message", "service", "location", "exception", "stack_trace"),
        *("exception_name", "cold_start", "function_name", "function_memory_size", "function_arn"),
        *("xray_trace_id", "function_request_id"),
    }
)
# Lambda's own lines about an invocation that ended well, which only the local AWS writes.
PLATFORM: Final = ("START ", "END ", "REPORT ")


def main(words: Sequence[str]) -> int:
    given = _parser().parse_args(words)
    try:
        lines = found(chosen_stack(given), given.function, given.match, minutes=int(given.minutes))
        for line in lines:
            print(line, flush=True)
    except (BotoCoreError, ClientError, LocalFailure) as error:
        print(f"logs: {error}", file=sys.stderr)
        return 1
    return 0


def found(stack: Stack, function: str, match: str, *, minutes: int) -> Iterator[str]:
    """Yield the function's lines of the last minutes that contain ``match``, the oldest first."""
    since = utc_now() - timedelta(minutes=minutes)
    asked: dict[str, Any] = {"startTime": int(since.timestamp() * 1000)}
    if match:
        asked["filterPattern"] = json.dumps(match)
    for event in log_events(stack, log_group_of(stack, function), **asked):
        if match in event["message"] and not event["message"].startswith(PLATFORM):
            yield _line(event)


def log_group_of(stack: Stack, function: str) -> str:
    """Raise ``LocalFailure`` if there is no such function."""
    groups = dict(stack.resources_of("AWS::Logs::LogGroup"))
    name = f"{camel_case(function)}Logs"
    if name not in groups:
        raise LocalFailure("FUNCTION is the name of a folder of functions/, such as submit_job")
    return groups[name]


def _line(event: Mapping[str, Any]) -> str:
    at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    entry = entry_of(event["message"])
    if not entry.keys() >= {"level", "message"}:
        # Lambda's own, such as that of a time-out.
        return f"{at:%H:%M:%S}  {event['message'].strip()}"
    words = f"{entry['level']:7} {entry['message']}"
    fields = [f"{name}={value}" for name, value in entry.items() if name not in UNSHOWN]
    error = [reason_of(entry)] if "exception" in entry else []
    return f"{at:%H:%M:%S}  {words}  {' '.join([*fields, *error])}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.logs", description=__doc__)
    for variable, meaning, default in (
        ("FUNCTION", "its folder's name", ""),
        ("MATCH", "only lines with this text", ""),
        ("MINUTES", f"how far back; {DEFAULT_MINUTES} by default", DEFAULT_MINUTES),
    ):
        value = os.environ.get(variable) or default
        parser.add_argument(f"--{variable.lower()}", default=value, help=f"{meaning} ({variable})")
    add_stack_arguments(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
