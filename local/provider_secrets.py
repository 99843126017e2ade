"""Store a provider's credentials: ``make provider-secret PROVIDER=<name>``.

It asks for each field and shows none. Enter keeps what is stored, ``-`` empties the field. All are
written at once: functions read both halves of new credentials, or of the old ones.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from getpass import getpass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from ringback.callbacks.signatures import usable_keys
from ringback.domain.errors import NotConfigured
from ringback.providers.registry import EXTERNAL

from local.chosen_stack import add_stack_arguments, chosen_stack
from local.failures import LocalFailure
from local.health.callbacks import HMAC_KEYS
from local.owner_secrets import StoredJson, secret_output

# Fields with a list of keys, of which each may sign.
LISTS: Final = frozenset({HMAC_KEYS})
EMPTY: Final = "-"


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.provider_secrets", description=__doc__)
    named = os.environ.get("PROVIDER", "")
    parser.add_argument("--provider", default=named, help="its name (PROVIDER)")
    add_stack_arguments(parser)
    given = parser.parse_args(words)
    try:
        fields = fields_of(given.provider)
        stack = chosen_stack(given)
        arn = stack.output(secret_output(given.provider))
        stored = StoredJson(stack.client("secretsmanager"), arn)
        ask = getpass if sys.stdin.isatty() else _read_line
        stored.write(changed(stored.read(), fields, ask))
    except (BotoCoreError, ClientError, LocalFailure) as error:
        print(f"provider-secret: {error}", file=sys.stderr)
        return 1
    print(
        "Stored. Functions use it once the one before is refused, and within an hour;"
        " a webhook key within a quarter of an hour.",
        file=sys.stderr,
    )
    return 0


def fields_of(provider: str) -> list[str]:
    if provider not in EXTERNAL:
        raise LocalFailure(f"PROVIDER is one of {', '.join(EXTERNAL)}")
    return sorted(EXTERNAL[provider].secret_fields)


def changed(
    entries: Mapping[str, Any], fields: Sequence[str], ask: Callable[[str], str]
) -> dict[str, Any]:
    """Return the entries with what was answered. Raises ``LocalFailure`` for a key of no use."""
    after = dict(entries)
    for name in fields:
        hint = ", two with a comma between them" if name in LISTS else ""
        answer = ask(f"{name} (Enter keeps it, {EMPTY} empties it{hint}): ").strip()
        if not answer:
            continue
        value = "" if answer == EMPTY else answer
        after[name] = _keys(name, value) if name in LISTS else value
    return after


def _keys(name: str, value: str) -> list[str]:
    keys = [key.strip() for key in value.split(",") if key.strip()]
    try:
        usable_keys(name, keys)
    except NotConfigured as error:
        raise LocalFailure(f"{error}; nothing was changed") from error
    return keys


def _read_line(prompt: str) -> str:
    print(prompt, file=sys.stderr)
    return sys.stdin.readline()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
