"""Examine a stack, and say of each thing that is wrong what to do: ``make doctor``.

It costs nothing: providers are asked for the balance or an access token, and the callback URL is
called with a wrong token. No value of a secret is printed.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from local.chosen_stack import Stack, add_stack_arguments, chosen_stack
from local.failures import LocalFailure
from local.health import account, alarms, callbacks, providers, queues
from local.health.findings import Finding, Level

PAGE: Final = "docs/operate.md"


@dataclass(frozen=True, slots=True)
class Check:
    """``section`` of docs/operate.md tells what to do, unless a finding names another."""

    name: str
    find: Callable[[Stack], Iterator[Finding]]
    section: str

    def __call__(self, stack: Stack) -> Iterator[Finding]:
        try:
            for finding in self.find(stack):
                yield replace(finding, section=finding.section or self.section)
        except ClientError as error:
            # Most likely a permission of the caller's, which says nothing about the stack.
            yield Finding.warn(f"not checked: {error}", self.section)
        except LocalFailure as error:
            yield Finding.fail(str(error), self.section)


CHECKS: Final = (
    Check("versions", account.versions, "update"),
    Check("concurrency", account.concurrency, "concurrency"),
    Check("provider keys", providers.keys, "provider-keys"),
    Check("accounts", providers.paused_accounts, "a-paused-account"),
    Check("webhook key", callbacks.hmac_keys, "provider-keys"),
    Check("secrets", callbacks.own_secrets, "rotation"),
    Check("callback URL", callbacks.callback_url, "callbacks-stopped-coming"),
    Check("event sources", queues.event_sources, "messages-wait"),
    Check("messages", queues.waiting_messages, "messages-wait"),
    Check("dead letters", queues.dead_letters, "dead-letters"),
    Check("alarms", alarms.alarms, "alarms"),
)


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.doctor", description=__doc__)
    add_stack_arguments(parser)
    try:
        return examine(chosen_stack(parser.parse_args(words)))
    except (BotoCoreError, ClientError, LocalFailure) as error:
        print(f"doctor: {error}", file=sys.stderr)
        return 1


def examine(stack: Stack, checks: Sequence[Check] = CHECKS) -> int:
    """Print each finding in a line; return 1 if one of them is a failure."""
    # Without a stack, every check would say so: this raises instead.
    print(f"Stack {stack.name}, {stack.description['StackStatus']}")
    levels = set()
    for check in checks:
        for finding in check(stack):
            levels.add(finding.level)
            what_to_do = "" if finding.level is Level.OK else f"  -> {PAGE}#{finding.section}"
            print(f"{finding.level:4}  {check.name}: {finding.text}{what_to_do}", flush=True)
    return 1 if Level.FAIL in levels else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
