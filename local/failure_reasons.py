"""Why messages failed: SQS knows only that they did, so the log of their function is asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from local.chosen_stack import Stack
from local.dead_letters import Letter
from local.log_lines import entry_of

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

# A log of weeks is read in many pages, most of them empty.
SEARCH_SECONDS: Final = 20
MAX_LENGTH: Final = 160
NO_LINE: Final = "no log line names it: the function was stopped (time-out, memory), or never ran"


@dataclass(frozen=True, slots=True)
class FailureReasons:
    functions: "LambdaClient"
    logs: Any

    @classmethod
    def of(cls, stack: Stack) -> "FailureReasons":
        return cls(stack.client("lambda"), stack.client("logs"))

    def __call__(self, queue_arn: str, letters: Sequence[Letter]) -> Mapping[str, str]:
        """Return the last error of each message, by its id. Few at a time: a pattern is short."""
        found: dict[str, str] = {}
        for group in self.log_groups(queue_arn):
            # In the order of time, so the last one stays.
            found |= {line["message_id"]: reason_of(line) for line in self._lines(group, letters)}
        return {each.message_id: found.get(each.message_id, NO_LINE) for each in letters}

    def log_groups(self, queue_arn: str) -> Iterator[str]:
        """Yield the log group of the function that the queue feeds."""
        sources = self.functions.list_event_source_mappings(EventSourceArn=queue_arn)
        for source in sources["EventSourceMappings"]:
            function = self.functions.get_function_configuration(FunctionName=source["FunctionArn"])
            yield function["LoggingConfig"]["LogGroup"]

    def _lines(self, group: str, letters: Sequence[Letter]) -> Iterator[dict[str, Any]]:
        wanted = {each.message_id for each in letters}
        named = " || ".join(f'$.message_id = "{message_id}"' for message_id in sorted(wanted))
        asked: dict[str, Any] = {
            "logGroupName": group,
            "filterPattern": f'{{ $.message = "message failed" && ({named}) }}',
            "startTime": int(min(each.sent_at for each in letters).timestamp() * 1000),
        }
        give_up_at = monotonic() + SEARCH_SECONDS
        while monotonic() < give_up_at:
            page = self.logs.filter_log_events(**asked)
            for event in page["events"]:
                line = entry_of(event["message"])
                # The local AWS filters nothing.
                if line.get("message") == "message failed" and line.get("message_id") in wanted:
                    yield line
            if not (token := page.get("nextToken")):
                return
            asked["nextToken"] = token


def reason_of(line: Mapping[str, Any]) -> str:
    """Return the last line of the traceback, which is the error's name and text."""
    lines = str(line.get("exception") or "").strip().splitlines()
    return (lines[-1].strip() if lines else "an error without a text")[:MAX_LENGTH]
