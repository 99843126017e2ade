"""When each key was last used: the functions that check keys write it into their logs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ringback.domain.client_keys import KEY_USED

from local.chosen_stack import Stack
from local.log_lines import entry_of, log_events

# The log groups of the functions that check keys, as the template names them.
LOGS: Final = ("AuthorizeClientLogs", "ServeProviderApisLogs", "FollowJobsLogs")


@dataclass(frozen=True, slots=True)
class KeyUses:
    stack: Stack

    def __call__(self) -> Mapping[str, datetime]:
        """Return the time of each key's last use, by the key's id, as far as the logs reach."""
        last: dict[str, datetime] = {}
        for name, group in self.stack.resources_of("AWS::Logs::LogGroup"):
            if name in LOGS:
                for key_id, at in self._used(group):
                    last[key_id] = max(at, last.get(key_id, at))
        return last

    def _used(self, group: str) -> Iterator[tuple[str, datetime]]:
        for event in log_events(self.stack, group, filterPattern=f'"{KEY_USED}"'):
            line = entry_of(event["message"])
            if line.get("message") == KEY_USED:
                yield str(line["key"]), datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
