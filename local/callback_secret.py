"""Rotate the secret that signs callback URLs and clients' access tokens: ``make callback-secret``.

No value is shown. A rotation has two steps with a wait between them, so that every running
function accepts the new value before one of them signs with it. Interrupted in between, the secret
still signs with the old value: end that rotation, and begin another.
"""

import argparse
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from time import sleep
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from ringback.aws.secrets import LASTING_SECONDS

from local.chosen_stack import add_stack_arguments, add_switch, chosen_stack
from local.failures import LocalFailure
from local.owner_secrets import StoredJson

OUTPUT: Final = "CallbackSecretArn"
VALUE_BYTES: Final = 32
# So long a running function may know no newer value, and a minute for what is on its way.
SPREAD_SECONDS: Final = LASTING_SECONDS + 60
EXAMPLE: Final = "make callback-secret"

Entries = Mapping[str, Any]


def main(words: Sequence[str]) -> int:
    given = _parser().parse_args(words)
    try:
        stack = chosen_stack(given)
        stored = StoredJson(stack.client("secretsmanager"), stack.output(OUTPUT))
        if given.rotate:
            rotate(stored, sleep)
        elif given.end_rotation:
            end_rotation(stored)
        elif given.replace:
            replace(stored)
        else:
            _note(f"{EXAMPLE} ROTATE=1, END_ROTATION=1 or REPLACE=1")
            return 2
    except (BotoCoreError, ClientError, LocalFailure) as error:
        print(f"callback-secret: {error}", file=sys.stderr)
        return 1
    return 0


def rotate(stored: StoredJson, wait: Callable[[float], None]) -> None:
    """Raise ``LocalFailure`` if an earlier rotation has not ended: only one more value is valid."""
    before = stored.read()
    if before.get("previous"):
        raise LocalFailure(f"a rotation has not ended: {EXAMPLE} END_ROTATION=1 first")
    old, new = _current(before), _new_value()
    stored.write({"current": old, "previous": new})
    _note(f"Step 1 of 2: the new value is valid. Waiting {SPREAD_SECONDS:.0f} s until all know it.")
    wait(SPREAD_SECONDS)
    stored.write({"current": new, "previous": old})
    _note(f"Step 2 of 2: the new value signs. The one before is valid until {EXAMPLE}")
    _note("END_ROTATION=1: run it a day from now, when the jobs that are open have ended.")


def end_rotation(stored: StoredJson) -> None:
    stored.write({"current": _current(stored.read())})
    _note("One value is valid, the one that signs.")


def replace(stored: StoredJson) -> None:
    stored.write({"current": _new_value()})
    _note(
        "Replaced. In a quarter of an hour, the values before are refused; checks find open jobs."
    )


def _current(entries: Entries) -> str:
    if not (current := entries.get("current")):
        raise LocalFailure("the callback secret has no current value; REPLACE=1 makes one")
    return str(current)


def _new_value() -> str:
    return secrets.token_hex(VALUE_BYTES)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.callback_secret", description=__doc__)
    add_stack_arguments(parser)
    add_switch(parser, "ROTATE", "sign with a new value; the one before stays valid")
    add_switch(parser, "END_ROTATION", "refuse the value before")
    add_switch(parser, "REPLACE", "sign with a new value and refuse all others: it has leaked")
    return parser


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
