"""Create, list and revoke clients' API keys: ``make key``, ``make keys``, ``make revoke``.

The stack keeps the SHA-256 of each key in one secret, with its client and scopes. A change leaves
all other keys as they are. The key itself is printed once, to stdout, and stored nowhere. Two
people must not change keys at the same moment: Secrets Manager has no conditional write.
"""

import argparse
import hashlib
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from ringback.aws.live_items import FollowerTable
from ringback.aws.live_lines import WebSocketLines
from ringback.domain.client_keys import OF_FIRST_FORM, ClientKey, Scope, entry_of, keys_in
from ringback.domain.clock import utc_now

from local.api_addresses import connections_url
from local.chosen_stack import Stack, add_stack_arguments, chosen_stack
from local.failures import LocalFailure
from local.key_uses import KeyUses
from local.owner_secrets import StoredJson, checked_name

OUTPUT: Final = "ClientKeysSecretArn"
KEY_BYTES: Final = 32
EXAMPLE: Final = "make key NAME=studio"
# How long a change may take to be noticed: the authorizer's caches together.
CACHED_SECONDS: Final = 60

Secret = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """One stack's keys. ``close`` closes a client's connections, ``uses`` knows the last use."""

    stored: StoredJson
    close: Callable[[str], None]
    uses: Callable[[], Mapping[str, datetime]]

    def create(self, client: str, scopes: Sequence[str]) -> str:
        """Store the digest of a new key, beside those that the client has, and return the key."""
        key = f"rb_{secrets.token_urlsafe(KEY_BYTES)}"
        digest = hashlib.sha256(key.encode()).hexdigest()
        self.stored.write(with_key(self.stored.read(), client, digest, scopes, at=utc_now()))
        return key

    def revoke(self, client: str, key_id: str = "") -> Sequence[ClientKey]:
        """Remove the client's key with that id, or all, and close the client's connections.

        Return what was removed. Raises ``LocalFailure`` if there is no such key.
        """
        before = self.stored.read()
        after = without(before, client, key_id)
        self.stored.write(after)
        self.close(client)
        left = set(keys_in(after))
        return [key for key in keys_in(before) if key not in left]

    def table(self) -> Iterator[tuple[str, ...]]:
        """Yield a line for each key: client, id, scopes, when it was made, and last used."""
        used = self.uses()
        keys = keys_in(self.stored.read())
        for key in sorted(keys, key=lambda each: (each.client, each.id)):
            last = used.get(key.id)
            yield (
                key.client,
                key.id,
                ",".join(sorted(key.scopes)),
                key.made_at[:10] or "unknown",
                last.isoformat(" ", "minutes") if last else "never, as far as logs reach",
            )


def with_key(
    secret: Secret, client: str, digest: str, scopes: Sequence[str], *, at: datetime
) -> dict[str, Any]:
    made_at = at.astimezone(UTC).isoformat(timespec="seconds")
    name, text = entry_of(ClientKey(client, digest, frozenset(scopes), made_at))
    return {**secret, name: text}


def without(secret: Secret, client: str, key_id: str) -> dict[str, Any]:
    """Raise ``LocalFailure`` if the client has no such key."""
    keys = [key for key in keys_in(secret) if key.client == client]
    gone = {key.digest for key in keys if key_id in ("", key.id)}
    if not gone:
        raise LocalFailure(_no_such_key(secret, client, keys))
    return {
        name: text
        for name, text in secret.items()
        if name not in gone and not (name == client and text in gone)
    }


def _no_such_key(secret: Secret, client: str, keys: Sequence[ClientKey]) -> str:
    if keys:
        ids = ", ".join(sorted(key.id for key in keys))
        return f"client {client!r} has no such key; its keys: {ids}"
    known = ", ".join(sorted({key.client for key in keys_in(secret)})) or "none"
    return f"client {client!r} has no key; clients with a key: {known}"


def checked_scopes(text: str) -> Sequence[str]:
    """Raise ``LocalFailure`` for a scope that there is not."""
    scopes = [each.strip() for each in text.split(",") if each.strip()] or sorted(OF_FIRST_FORM)
    if unknown := sorted(set(scopes) - set(Scope)):
        known = ", ".join(Scope)
        raise LocalFailure(f"unknown scopes: {', '.join(unknown)}; there are {known}")
    return scopes


def main(words: Sequence[str]) -> int:
    given = _parser().parse_args(words)
    try:
        COMMANDS[given.command](keys_of(chosen_stack(given)), given)
    except (BotoCoreError, ClientError, LocalFailure) as error:
        print(f"{given.command}: {error}", file=sys.stderr)
        return 1
    return 0


def _create(keys: Keys, given: argparse.Namespace) -> None:
    client, scopes = checked_name(given.name, example=EXAMPLE), checked_scopes(given.scopes)
    key = keys.create(client, scopes)
    _note(f"A new key of client {client!r}, for {', '.join(scopes)}. It is not shown again:")
    print(key)
    _note(f"It may be refused for up to {CACHED_SECONDS} seconds.")


def _list(keys: Keys, _given: argparse.Namespace) -> None:
    lines = [("client", "key", "scopes", "made", "last used"), *keys.table()]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))


def _revoke(keys: Keys, given: argparse.Namespace) -> None:
    client = checked_name(given.name, example="make revoke NAME=studio")
    for key in keys.revoke(client, given.key):
        _note(f"Key {key.id} of client {client!r} is revoked.")
    _note(f"Its connections are closed. Requests may still pass for {CACHED_SECONDS} seconds.")


COMMANDS: Final[Mapping[str, Callable[[Keys, argparse.Namespace], None]]] = {
    "key": _create,
    "keys": _list,
    "revoke": _revoke,
}


def keys_of(stack: Stack) -> Keys:
    def close(client: str) -> None:
        """Close the client's connections: it connects again with a key that it still has."""
        table = FollowerTable(stack.client("dynamodb"), stack.output("JobsTableName"))
        if stack.endpoint_url:
            url = connections_url(stack.endpoint_url, stack.output("LiveApiId"))
        else:
            # ws and wss are http and https.
            url = stack.output("LiveApiUrl").replace("ws", "http", 1)
        lines = WebSocketLines(stack.session.client("apigatewaymanagementapi", endpoint_url=url))
        for connection in table.of(client, at=utc_now()) or ():
            lines.close(connection)

    return Keys(
        stored=StoredJson(stack.client("secretsmanager"), stack.output(OUTPUT)),
        close=close,
        uses=KeyUses(stack),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.client_keys", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    variables = {
        "name": "the client's name (NAME)",
        "scopes": f"what the key may do (SCOPES; {','.join(sorted(OF_FIRST_FORM))} by default)",
        "key": "the id of one key, from `make keys` (KEY; all of the client's by default)",
    }
    for name, text in variables.items():
        parser.add_argument(f"--{name}", default=os.environ.get(name.upper(), ""), help=text)
    add_stack_arguments(parser)
    return parser


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
